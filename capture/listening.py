"""The listening service: hands out calls under way as sound, to the console, over a unix socket.

A process of its own, shut in as the render service is and with no keys at all: codecs chew hostile bytes, so neither the tap (which
must not fail) nor the console (which can be reached from the LAN, and holds the playback key) runs them, and a burst of listeners costs no
rendering. One thread a listener, each with a bounded socket buffer: who does not take the sound in time is let go.

    CALL\\n  →  {"rate": 8000}\\n and samples until the call is over, or {"error": "one sentence"}\\n
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from pathlib import Path

from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.ids import is_id
from appliance.ledger import Ledger
from appliance.lookup import get_call, legs
from appliance.moments import SECOND
from appliance.records import LegTied, TieReason
from appliance.tap_control import listening_at
from capture.control import allowed
from capture.live import DELAY, Follower
from capture.pages import SOCKET
from capture.talk import TRANSFERS

STEP_S = 0.2
LOOK = SECOND
PATIENCE_S = 5.0

log = logging.getLogger(__name__)


class Listening:
    """The service's socket and its listeners."""

    def __init__(self, box: Box, clock: Clock) -> None:
        self._box, self._clock = box, clock
        self._places = threading.BoundedSemaphore(box.config.capture.listeners) if box.config.capture.listeners else None
        self.listeners = 0
        self._stop = threading.Event()
        self._socket = listening_at(box.folders.run, SOCKET)
        threading.Thread(target=self._accept, name="accept", daemon=True).start()

    def close(self) -> None:
        """Let every listener go."""
        self._stop.set()
        self._socket.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                if self._stop.wait(STEP_S):
                    return
                continue
            threading.Thread(target=self._serve, args=(client,), name="listener", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):  # the listener has gone, or the call's folder
            client.settimeout(PATIENCE_S)
            call = client.recv(100).decode("ascii", "replace").strip()
            if not allowed(client):
                _say(client, {"error": "that is for root and the box's own services"})
                return
            if self._places is None or not self._places.acquire(blocking=False):
                _say(client, {"error": f"{self._box.config.capture.listeners} people listen already, and no more may at once"})
                return
            self.listeners += 1
            try:
                self._play(client, call)
            except CouldNotError as error:
                log.warning("%s", error)
            finally:
                self.listeners -= 1
                self._places.release()

    def _play(self, client: socket.socket, call: str) -> None:
        folder = self._folder(call)
        if folder is None:
            _say(client, {"error": f"call {call[:40]}: nothing of it is being recorded"})
            return
        follower = Follower(folder, self._clock.now())
        _say(client, {"rate": follower.rate})
        looked, ends = 0, 0
        with Ledger.open(self._box.folders.ledger, readonly=True) as ledger:
            while not self._stop.wait(STEP_S):
                now = self._clock.now()
                if now - looked >= LOOK and not ends:
                    looked = now
                    found = get_call(ledger.connection, call)
                    if found is not None and found.ended_at is not None:
                        ends = now + DELAY
                    for leg in copies(ledger, call):
                        if (lies := self._folder(leg)) is not None:
                            follower.join(lies)
                client.sendall(follower.sound(now))
                if ends and now >= ends:
                    return

    def _folder(self, call: str) -> Path | None:
        if not is_id(call):
            return None
        return next((path for path in self._box.folders.spool.glob(f"*/{call}") if path.is_dir()), None)


APART = TRANSFERS | {TieReason.PBX.value}
"""Ties of calls in which nothing is to be heard, or somebody else."""


def copies(ledger: Ledger, call: str) -> list[str]:
    """The calls that an exchange made of this one, and nobody was transferred to."""
    records = [row.record for leg in legs(ledger.connection, call) for row in ledger.of(leg.id)]
    return [tied.call for tied in records if isinstance(tied, LegTied) and tied.to == call and tied.why not in APART]


def _say(client: socket.socket, answer: dict[str, object]) -> None:
    client.sendall(json.dumps(answer).encode() + b"\n")
