"""The wing's page in the console: a call under way, heard as it goes on.

The sound comes from the listening service (`listening.py`) over its unix socket: the console reads no spool and runs no codec. It is a
WAV of unknown length, which browsers play while it grows.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from appliance import tap_control
from appliance.errors import CouldNotError
from appliance.ids import CallId, is_id, recording_id
from appliance.lookup import get_call
from appliance.pages import NotHereError, Page, Stream, Visit
from appliance.records import Listened

SOCKET = "listen.stream"
PATIENCE_S = 10.0
_PIECE = 1 << 16
_ENDLESS = 0xFFFFFFFF


def pages() -> tuple[Page, ...]:
    """What the wing brings."""
    return (Page("listen", "/calls/{call}/live", ("live",), listen, hears=True),)


def listen(visit: Visit) -> Stream:
    """The sound of a call from now on; every listening is a fact. Raises NotHereError where there is none."""
    call = visit.values["call"]
    found = get_call(visit.ledger.connection, call) if is_id(call) else None
    if found is None:
        raise NotHereError("There is no such call.")
    if found.ended_at is not None:
        raise NotHereError(f"call {call}: is over; its recording is on its page once it is made")
    try:
        state = tap_control.look(visit.box.folders.run, call)
    except tap_control.RefusedError as error:
        raise NotHereError(str(error)) from error
    if not state["recorded"]:
        raise NotHereError(f"call {call}: is not recorded ({state['detail']}), and so it cannot be heard")
    rate, sound = connect(visit.box.folders.run, call)
    heard = Listened(at=visit.now, recording=recording_id(CallId(call)), who=visit.account, where="live")
    visit.ledger.append(heard)
    return Stream("audio/wav", _wav(rate, sound))


class Sound(Iterator[bytes]):
    """Samples as they come from the listening service; `close` lets it go."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def __next__(self) -> bytes:
        piece = b""
        with contextlib.suppress(OSError):
            piece = self._client.recv(_PIECE)
        if not piece:
            self.close()
            raise StopIteration
        return piece

    def close(self) -> None:
        """Listen no more."""
        self._client.close()


def connect(run: Path, call: str) -> tuple[int, Sound]:
    """Sample rate and samples of a call under way. Raises CouldNotError."""
    with tap_control.short(run) as folder, contextlib.ExitStack() as undo:
        client = undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC))
        client.settimeout(PATIENCE_S)
        try:
            client.connect(f"{folder}/{SOCKET}")
            client.sendall(call.encode() + b"\n")
            said = b""
            while not said.endswith(b"\n") and len(said) < 1000 and (byte := client.recv(1)):
                said += byte
            answer = json.loads(said)
        except (OSError, ValueError) as error:
            raise CouldNotError("calls cannot be heard now; look at its log: journalctl -u appliance-listen") from error
        if "error" in answer:
            raise CouldNotError(str(answer["error"]))
        undo.pop_all()
    return int(answer["rate"]), Sound(client)


def _wav(rate: int, sound: Sound) -> Iterator[bytes]:
    """A WAV file whose end is not known: 16-bit PCM, two channels."""
    with contextlib.closing(sound):
        yield _head(rate)
        yield from sound


def _head(rate: int) -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, rate, rate * 4, 4, 16)
    return struct.pack("<4sI4s", b"RIFF", _ENDLESS, b"WAVE") + form + struct.pack("<4sI", b"data", _ENDLESS)
