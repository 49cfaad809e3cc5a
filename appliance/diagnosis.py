"""Captures for diagnosis: what lies in their folder, and how the service that takes them is asked (one JSON line, one JSON answer).

    {"do": "take", "who": "admin", "why": "one-way audio", "seconds": 60, "whole": false, "number": ""}  →  {"name": NAME}
    {"do": "look"}                                                          →  {"running": {"name": …, "left": …, "frames": …} or null}
    {"do": "stop", "who": "admin"}                                          →  {"running": …}; what was taken so far is kept
    {"do": "ladder", "name": NAME, "call_id": ""}                           →  a report of `capture/ladder.py`
    whatever cannot be done                                                 →  {"error": "one sentence"}

The service alone may open a packet socket; who asks needs no right of the kernel's, and is root or in the services' own group.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import CouldNotError
from appliance.folders import Folders
from appliance.tap_control import RefusedError, short

SOCKET = "diagnose.socket"
MAX_SECONDS = 300
MAX_BYTES = 200_000_000
MAX_WORDS = 300
MOST_KEPT = 20
DAYS = 7
DAYS_WHOLE = 1
"""Speech lies there in clear, and so for a day only."""
MAX_ANSWER = 16_000_000
PATIENCE_S = 90.0
_NAME = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A capture that is kept."""

    name: str
    path: Path
    at: int
    who: str
    why: str
    seconds: float
    whole: bool
    number: str
    bytes: int
    counts: Mapping[str, int]
    dropped: int
    ended: str
    """`time`, `size`, or `asked`: why it ended."""


def is_name(text: str) -> bool:
    """Whether it is what a capture may be called."""
    return _NAME.fullmatch(text) is not None


def about(folders: Folders, name: str) -> Path:
    """Where it stands who took a capture, and what is in it; it is written last, so a capture without it is none."""
    return folders.captures / f"{name}.json"


def file_of(folders: Folders, name: str) -> Path:
    """The capture itself."""
    return folders.captures / f"{name}.pcap"


def kept(folders: Folders) -> list[Capture]:
    """Every capture there is, the newest first."""
    found = []
    for path in sorted(folders.captures.glob("*.json"), reverse=True):
        with contextlib.suppress(CouldNotError):
            found.append(get(folders, path.stem))
    return found


def get(folders: Folders, name: str) -> Capture:
    """This capture. Raises CouldNotError where there is none."""
    if not is_name(name):
        raise CouldNotError("there is no such capture")
    path = file_of(folders, name)
    try:
        told = json.loads(about(folders, name).read_text("utf-8"))
        return Capture(
            name=name, path=path, at=int(told["at"]), who=str(told["who"]), why=str(told["why"]), seconds=float(told["seconds"]),
            whole=bool(told["whole"]), number=str(told["number"]), bytes=path.stat().st_size,
            counts={str(key): int(count) for key, count in told["counts"].items()}, dropped=int(told["dropped"]),
            ended=str(told["ended"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CouldNotError(f"capture {name}: is not here any more; captures are kept for {DAYS} days") from error


def ask(run: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """The service's answer. Raises RefusedError with its sentence, CouldNotError where it does not answer."""
    try:
        with short(run) as folder, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as client:
            client.settimeout(PATIENCE_S)
            client.connect(f"{folder}/{SOCKET}")
            client.sendall(json.dumps(dict(request)).encode() + b"\n")
            answer = json.loads(b"".join(_received(client)))
    except (OSError, ValueError) as error:
        raise CouldNotError("no captures can be taken now; look at the service's log: journalctl -u appliance-diagnose") from error
    if not isinstance(answer, dict) or "error" in answer:
        raise RefusedError(str(answer["error"] if isinstance(answer, dict) else answer))
    return answer


def _received(client: socket.socket) -> Iterator[bytes]:
    size = 0
    while size < MAX_ANSWER and (piece := client.recv(1 << 16)):
        size += len(piece)
        yield piece
