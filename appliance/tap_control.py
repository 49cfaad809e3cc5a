"""Asking the tap: one small JSON request to its control socket in the run folder, one JSON answer. The tap itself has no IP.

    {"do": "pause", "call": ID, "who": "admin", "why": "card number"}  →  {"at": 1790000000000000000, "until": …}
    {"do": "resume", "call": ID, "who": "admin", "why": ""}            →  {"at": …}
    {"do": "look", "call": ID}                                         →  {"recorded": true, "paused": false, "detail": ""}
    whatever cannot be done                                            →  {"error": "one sentence"}

The sockets are SOCK_SEQPACKET, one a tap (`INTERFACE.control`), of mode 0660: root and the services' own group reach them, and the tap
checks the peer (SO_PEERCRED). A pause is acknowledged when it is durable on the spool.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance import shelf
from appliance.errors import CouldNotError

SUFFIX = ".control"
MAX_REQUEST = 4096
MAX_WORDS = 200
"""Letters of `who` and of `why`."""
ANSWER_S = 10.0
WAITING = 16
"""Who may wait at a stream socket."""
UNKNOWN = "unknown"
"""Stands beside the error where the tap does not know the call: another tap may."""


class RefusedError(CouldNotError):
    """The tap has said no."""


def pause(run: Path, call: str, *, who: str, why: str) -> dict[str, Any]:
    """Pause the recording of a call from this moment on. Raises CouldNotError (RefusedError)."""
    return ask(run, {"do": "pause", "call": call, "who": who[:MAX_WORDS], "why": why[:MAX_WORDS]})


def resume(run: Path, call: str, *, who: str, why: str) -> dict[str, Any]:
    """Let the recording go on. Raises CouldNotError (RefusedError)."""
    return ask(run, {"do": "resume", "call": call, "who": who[:MAX_WORDS], "why": why[:MAX_WORDS]})


def look(run: Path, call: str) -> dict[str, Any]:
    """What the tap does with this call now. Raises CouldNotError (RefusedError)."""
    return ask(run, {"do": "look", "call": call})


def ask(run: Path, request: Mapping[str, Any], seconds: float = ANSWER_S) -> dict[str, Any]:
    """The answer of the tap that knows the call. Raises RefusedError with its sentence, CouldNotError where no tap answers."""
    refusal, silent = "", ""
    with short(run) as folder:
        for path in sorted(Path(folder).glob(f"*{SUFFIX}")):
            try:
                answer = _ask(str(path), request, seconds)
            except (OSError, ValueError) as error:
                silent = silent or f"{path.stem}: {getattr(error, 'strerror', None) or error}"
                continue
            if "error" not in answer:
                return answer
            if not refusal or answer.get("kind") != UNKNOWN:
                refusal = str(answer["error"])
    if refusal:
        raise RefusedError(refusal)
    raise CouldNotError(f"no tap answers ({silent or 'none is running'}); look at its log: journalctl -u appliance-capture")


@contextmanager
def short(folder: Path) -> Iterator[str]:
    """A name for `folder` that fits into sun_path (108 bytes) however deep it lies. Raises CouldNotError where it is not there."""
    try:
        handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    except OSError as error:
        raise CouldNotError(f"{folder}: {error.strerror}; no service of the box is running here") from error
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def listening_at(run: Path, name: str) -> socket.socket:
    """A stream socket in the folder `run`, at which every service of the box may ask. Raises CouldNotError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    shelf.make_folder(run)
    with short(run) as folder:
        path = Path(folder) / name
        try:
            shelf.remove(path)
            listener.bind(str(path))
            path.chmod(0o660)
            listener.listen(WAITING)
        except OSError as error:
            listener.close()
            raise CouldNotError(f"{run}/{name}: cannot be listened on ({error.strerror})") from error
    return listener


def _ask(address: str, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC) as client:
        client.settimeout(seconds)
        client.connect(address)
        client.send(json.dumps(request).encode())
        answer = json.loads(client.recv(MAX_REQUEST) or b"null")
    if not isinstance(answer, dict):
        raise ValueError("it closed the connection")
    return answer
