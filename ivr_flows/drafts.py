"""Flows as people are writing them: one draft a flow, DATA/flow-drafts/FLOW.yaml, which no caller meets until it is published.

A page says with what it began (`mark`); where somebody else has saved meanwhile, nothing is overwritten. The command line checks and
publishes the same file: `appliance ivr publish DATA/flow-drafts/FLOW.yaml`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from appliance import flow_shelf, shelf
from appliance.errors import CouldNotError, UsageError


class StaleError(UsageError):
    """Somebody else saved meanwhile."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written last, by whom and when."""

    text: str
    who: str
    at: int


def path_of(data: Path, flow: str) -> Path:
    """Where the draft lies. Raises UsageError for what is no flow's name."""
    if not flow_shelf.NAME.match(flow):
        raise UsageError(f"{flow}: is no flow's name; use small letters, digits, - and _, a letter first")
    return data / "flow-drafts" / f"{flow}.yaml"


def mark(text: str) -> str:
    """A short name for exactly this text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def names(data: Path) -> list[str]:
    """Every flow that has a draft."""
    folder = data / "flow-drafts"
    return sorted(path.stem for path in folder.glob("*.yaml") if flow_shelf.NAME.match(path.stem)) if folder.is_dir() else []


def read(data: Path, flow: str) -> Draft | None:
    """The draft; None where there is none. Raises CouldNotError."""
    path = path_of(data, flow)
    try:
        text = path.read_bytes().decode("utf-8", "replace")
        about = json.loads(path.with_suffix(".json").read_bytes())
        return Draft(text, str(about["who"]), int(about["at"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CouldNotError(f"{path}: cannot be read ({error}); drop the draft, or write it anew") from error


def save(data: Path, flow: str, draft: Draft, began: str) -> str:
    """Keep it; returns its mark. Raises StaleError where the draft is no longer the one of the mark `began` ("": there was none)."""
    path, before = path_of(data, flow), read(data, flow)
    present = mark(before.text) if before else ""
    fresh = mark(draft.text)
    if present not in (began, fresh):
        raise StaleError(f"{flow}: {before.who if before else '-'} has changed the draft meanwhile; load the page again")
    if present != fresh:
        about = {"who": draft.who, "at": draft.at}
        shelf.write(path.with_suffix(".json"), json.dumps(about, ensure_ascii=False).encode(), 0o660)
        shelf.write(path, draft.text.encode("utf-8", "replace"), 0o660)
    return fresh


def drop(data: Path, flow: str) -> None:
    """Forget it."""
    path = path_of(data, flow)
    shelf.remove(path)
    shelf.remove(path.with_suffix(".json"))
