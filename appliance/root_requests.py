"""What a page asks of root: one small file a request, which a root unit takes up, does, and answers; the console has no rights of its own.

Requests lie in DATA/requests, where every service of the box may write; root believes nothing of them but what it has checked. Answers
lie beside the configuration (`/etc/appliance/versions` on a box), where only root writes and the services read. Away from a box, in a
folder of a user's own, whoever asks does it at once.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from appliance import shelf
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.folders import SYSTEM_CONFIG, SYSTEM_DATA

GROUP = "appliance.root_requests"
"""Entry points: functions of a Box that take up every request that lies there."""
MOST_BYTES = 1 << 20
KEPT = 200
"""Answers that are kept, the newest."""
_ID = re.compile(r"\d{19}-[0-9a-f]{8}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something that somebody wants done."""

    id: str
    do: str
    who: str
    why: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it."""

    id: str
    do: str
    who: str
    why: str
    at: int
    ok: bool
    said: str
    """What was done, or the sentence that says why not."""
    values: Mapping[str, str] = field(default_factory=dict)


def ask(box: Box, do: str, who: str, why: str, now: int, values: Mapping[str, str] | None = None) -> str:
    """Leave a request; returns its id. Raises ShelfError."""
    request = Request(id=f"{now:019d}-{secrets.token_hex(4)}", do=do, who=who, why=why, values=dict(values or {}))
    shelf.make_folder(_asked(box))
    shelf.write(_asked(box) / f"{request.id}.json", json.dumps(asdict(request), ensure_ascii=False).encode())
    if not is_installed(box):
        for entry in importlib.metadata.entry_points(group=GROUP):
            entry.load()(box)
    return request.id


def is_installed(box: Box) -> bool:
    """Whether this is a box of its own, where root's unit does what is asked."""
    return box.folders.data.absolute() == SYSTEM_DATA


def waiting(box: Box) -> Iterator[Request]:
    """Every request that lies there, oldest first; what is none is dropped."""
    with _held(_asked(box)) as folder:
        names = sorted(path.name for path in Path(folder).glob("*.json")) if folder else []
        for name in names:
            if (request := _read(f"{folder}/{name}")) is not None and f"{request.id}.json" == name:
                yield request
            else:
                shelf.remove(Path(f"{folder}/{name}"))


def settle(box: Box, answer: Answer) -> None:
    """Leave the answer, durably, and then drop the request."""
    shelf.write(answers_folder(box) / f"{answer.id}.json", json.dumps(asdict(answer), ensure_ascii=False).encode(), 0o640)
    with _held(_asked(box)) as folder:
        shelf.remove(Path(f"{folder}/{answer.id}.json"))
    for old in sorted(answers_folder(box).glob("*.json"))[:-KEPT]:
        shelf.remove(old.with_suffix(".toml"))
        shelf.remove(old)


def answer_to(box: Box, request: str) -> Answer | None:
    """What came of this request; None: not yet."""
    if not _ID.match(request):
        return None
    try:
        told = json.loads((answers_folder(box) / f"{request}.json").read_bytes())
        return Answer(**told)
    except (OSError, ValueError, TypeError):
        return None


def is_known(box: Box, request: str) -> bool:
    """Whether somebody asked for it, done or not."""
    if not _ID.match(request):
        return False
    return (_asked(box) / f"{request}.json").exists() or answer_to(box, request) is not None


def answers(box: Box) -> list[Answer]:
    """Every answer, the newest first."""
    found = (answer_to(box, path.stem) for path in sorted(answers_folder(box).glob("*.json"), reverse=True))
    return [answer for answer in found if answer is not None]


def settings_file(box: Box) -> Path:
    """The file that the box's configuration is read from, or would be."""
    if is_installed(box):
        return SYSTEM_CONFIG
    return Path(box.source.name) if Path(box.source.name).is_file() else box.folders.data / "appliance.toml"


def answers_folder(box: Box) -> Path:
    """Where answers and earlier versions of the configuration lie."""
    return settings_file(box).parent / "versions"


def _asked(box: Box) -> Path:
    return box.folders.data / "requests"


def _read(path: str) -> Request | None:
    """The request in this file; a link, a pipe or too much of it is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        text = file.read(MOST_BYTES + 1)
    try:
        told = json.loads(text)
        request = Request(**told)
        plain = all(
            isinstance(value, str) for value in (request.id, request.do, request.who, request.why, *request.values.values())
        )
        return request if plain and len(text) <= MOST_BYTES and _ID.match(request.id) else None
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


@contextmanager
def _held(folder: Path) -> Iterator[str]:
    """A name for `folder` that nobody can turn into another one meanwhile; "" where it is not there."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        yield ""
        return
    except OSError as error:
        raise CouldNotError(f"{folder}: is no folder ({error.strerror}); remove it") from error
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
