"""The tap's control socket: small requests from the box's own services and root, answered in one sentence. See `appliance/tap_control.py`.

The tap never waits here: connections are accepted and read as far as they have come, at most a few at a time, and an answer that the
peer does not take is dropped.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance import shelf
from appliance.errors import CouldNotError
from appliance.ids import CallId, is_id
from appliance.moments import SECOND
from appliance.tap_control import MAX_REQUEST, MAX_WORDS, SUFFIX, UNKNOWN, short
from capture.engine import Engine
from capture.marks import FOREVER, Mark
from capture.pauses import PauseRefusedError
from capture.recorder import Recorder

MAX_CLIENTS = 16
PATIENCE = 5 * SECOND
_CREDENTIALS = struct.Struct("3i")

log = logging.getLogger(__name__)


class Control:
    """One tap's control socket."""

    def __init__(self, run: Path, name: str, recorder: Recorder, now: Callable[[], int], monotonic: Callable[[], int]) -> None:
        self._recorder, self._now, self._monotonic = recorder, now, monotonic
        self._clients: dict[socket.socket, int] = {}
        self._tickets = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            shelf.make_folder(run)
            with short(run) as folder:
                path = Path(folder) / f"{name}{SUFFIX}"
                shelf.remove(path)
                self._socket.bind(str(path))
                path.chmod(0o660)
                self._socket.listen(MAX_CLIENTS)
        except (OSError, CouldNotError) as error:  # recording goes on without it
            log.warning("%s: calls cannot be paused by command (%s)", run, error)

    def fileno(self) -> int:
        """Readable when somebody asks."""
        return self._socket.fileno()

    @property
    def busy(self) -> bool:
        """Whether somebody is connected who has not asked yet."""
        return bool(self._clients)

    def round(self) -> None:
        """Answer what has been asked so far."""
        now = self._monotonic()
        with contextlib.suppress(OSError):
            while len(self._clients) < MAX_CLIENTS:
                client = self._socket.accept()[0]
                client.setblocking(False)
                self._clients[client] = now
        for client, since in list(self._clients.items()):
            try:
                data = client.recv(MAX_REQUEST + 1)
            except BlockingIOError:
                if now - since > PATIENCE:
                    self._drop(client)
                continue
            except OSError:
                data = b""
            del self._clients[client]
            self._answer(client, data)

    def close(self) -> None:
        """Take the socket down."""
        for client in list(self._clients):
            self._drop(client)
        self._socket.close()

    def _drop(self, client: socket.socket) -> None:
        self._clients.pop(client, None)
        client.close()

    def _answer(self, client: socket.socket, data: bytes) -> None:
        if not allowed(client):
            _say(client, {"error": "that is for root and the box's own services"})
            return
        request = _read(data)
        if request is None:
            _say(client, {"error": "is no request; see appliance/tap_control.py"})
            return
        call, engine = CallId(request["call"]), self._recorder.engine
        if request["do"] == "look":
            _say(client, _state(engine, call, self._now()))
            return
        self._tickets += 1
        self._recorder.waiting[self._tickets] = lambda mark: _say(client, _said(mark))
        try:
            engine.command(
                call, self._now(), pause=request["do"] == "pause", who=request.get("who", ""), why=request.get("why", ""),
                ticket=self._tickets,
            )  # fmt: skip
        except PauseRefusedError as error:
            del self._recorder.waiting[self._tickets]
            kind = "" if call in engine.tracker.dialogs else UNKNOWN
            _say(client, {"error": str(error), "kind": kind})


def allowed(client: socket.socket) -> bool:
    """Whether the peer is root, our own account, or a service of our group."""
    _, user, group = _CREDENTIALS.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return user in (0, os.geteuid()) or (group == os.getegid() and group != 0)


def _read(data: bytes) -> dict[str, str] | None:
    try:
        request: Any = json.loads(data)
    except (ValueError, RecursionError):
        return None
    good = (
        isinstance(request, dict)
        and all(isinstance(value, str) and len(value) <= MAX_WORDS for value in request.values())
        and request.get("do") in ("pause", "resume", "look")
        and is_id(request.get("call", ""))
    )
    return request if good else None


def _state(engine: Engine, call: CallId, now: int) -> dict[str, Any]:
    dialog = engine.tracker.dialogs.get(call)
    if dialog is None or not dialog.live:
        what = "is over" if dialog is not None else "is not under way here"
        return {"error": f"call {call}: {what}", "kind": UNKNOWN}
    verdict = dialog.verdict
    return {"recorded": verdict.record, "paused": engine.pauses.paused(call, now) is not None, "detail": verdict.detail}


def _said(mark: Mark) -> dict[str, Any]:
    return {"at": mark.at, "until": None if mark.until == FOREVER else mark.until}


def _say(client: socket.socket, answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        client.send(json.dumps(answer).encode())
    client.close()
