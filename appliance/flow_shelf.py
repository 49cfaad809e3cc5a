"""Where published flows lie, so that the dialplan can be made without knowing what a flow is.

    DATA/flows/FLOW/live                          a text: the name of the revision that callers meet
                   /revisions/REVISION/flow.yaml  what was published, and what was rendered for it; never changed again
                                      /meta.json
                                      /prompts/KEY.wav, KEY.wav16

The pointer is replaced in one rename. A flow whose files are damaged is left out, and `damaged` says so: one flow that cannot be read
takes the telephones of no other away.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance import shelf
from appliance.errors import CouldNotError

NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}\Z")
REVISION = re.compile(r"\d{4,6}-[a-z2-7]{8}\Z")


class FlowShelfError(CouldNotError):
    """A published flow cannot be read; the sentence names it, and the other flows go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A revision of a flow, with what the dialplan has to know of it."""

    flow: str
    revision: str
    fallback: str
    """What rings when the controller is down: `kind:name`."""
    title: str
    max_minutes: int


def folder(data: Path, flow: str) -> Path:
    """Where a flow's revisions lie."""
    return data / "flows" / flow


def revision_folder(data: Path, flow: str, revision: str) -> Path:
    """Where one revision lies."""
    return folder(data, flow) / "revisions" / revision


def file_of(data: Path, published: Published) -> Path:
    """The text of a revision."""
    return revision_folder(data, published.flow, published.revision) / "flow.yaml"


def prompt_file(data: Path, flow: str, revision: str, key: str) -> Path:
    """A prompt of a revision without its ending, as Asterisk is told it: it takes the form that suits the call."""
    return revision_folder(data, flow, revision) / "prompts" / key


def flows(data: Path) -> list[str]:
    """Every flow that was ever published."""
    root = data / "flows"
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if NAME.match(path.name) and path.is_dir())


def live_revision(data: Path, flow: str) -> str | None:
    """The revision that callers meet; None where there is none yet. Raises FlowShelfError."""
    pointer = folder(data, flow) / "live"
    try:
        name = pointer.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise FlowShelfError(f"{pointer}: cannot be read ({error}); publish the flow again, or roll back") from error
    if not REVISION.match(name):
        raise FlowShelfError(f"{pointer}: names no revision; publish the flow again, or roll back")
    return name


def revisions(data: Path, flow: str) -> list[str]:
    """Every revision of a flow, the oldest first."""
    root = folder(data, flow) / "revisions"
    if not root.is_dir():
        return []
    found = [path.name for path in root.iterdir() if REVISION.match(path.name) and (path / "meta.json").is_file()]
    return sorted(found, key=lambda name: (int(name.partition("-")[0]), name))


def meta(data: Path, flow: str, revision: str) -> dict[str, Any]:
    """What is written about a revision. Raises FlowShelfError."""
    path = revision_folder(data, flow, revision) / "meta.json"
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise FlowShelfError(f"{path}: cannot be read ({error}); publish the flow again, or roll back") from error
    if not isinstance(found, dict):
        raise FlowShelfError(f"{path}: is no description of a revision; publish the flow again, or roll back")
    return found


def read(data: Path, flow: str, revision: str) -> Published:
    """One revision. Raises FlowShelfError."""
    found = meta(data, flow, revision)
    texts = {name: found.get(name) for name in ("fallback", "title")}
    minutes = found.get("max_minutes")
    if not all(isinstance(value, str) for value in texts.values()) or not isinstance(minutes, int):
        raise FlowShelfError(f"flow {flow}, revision {revision}: its meta.json lacks fields; publish the flow again, or roll back")
    return Published(flow=flow, revision=revision, fallback=str(texts["fallback"]), title=str(texts["title"]), max_minutes=minutes)


def live(data: Path) -> dict[str, Published]:
    """Every flow that callers may meet, by its name; damaged ones are left out."""
    return {name: found for name, found in _all(data).items() if isinstance(found, Published)}


def damaged(data: Path) -> list[str]:
    """A sentence for each live flow that cannot be read."""
    return [str(found) for found in _all(data).values() if isinstance(found, FlowShelfError)]


def _all(data: Path) -> dict[str, Published | FlowShelfError]:
    found: dict[str, Published | FlowShelfError] = {}
    for name in flows(data):
        try:
            revision = live_revision(data, name)
            if revision is not None:
                found[name] = read(data, name, revision)
        except FlowShelfError as error:
            found[name] = error
    return found


def point(data: Path, flow: str, revision: str) -> None:
    """Let callers meet this revision from the next call on. Raises FlowShelfError where it is none, or ShelfError."""
    read(data, flow, revision)
    shelf.write(folder(data, flow) / "live", revision.encode("ascii") + b"\n")
