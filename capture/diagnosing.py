"""The diagnosing service: takes bounded captures of the mirror port and lays them out as ladders, for the console and the command line.

A process of its own, because it is the one beside the tap that may open a packet socket and it feeds hostile bytes to tshark, which runs
without that capability. It has no keys and no recordings. One capture at a time; what is kept is bounded in number and age.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import socket
import threading
from dataclasses import asdict, dataclass
from typing import Any

from appliance import diagnosis, shelf
from appliance.box import Box
from appliance.clock import Clock
from appliance.diagnosis import MAX_BYTES, MAX_SECONDS, MAX_WORDS, SOCKET
from appliance.errors import ApplianceError, CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.moments import SECOND, to_datetime
from appliance.records import Changed
from appliance.tap_control import listening_at
from capture import ladder, tshark
from capture.control import allowed
from capture.taking import Writer, take
from capture.tap import interface_of
from capture.trimming import Trimmer

MAX_REQUEST = 8192
PATIENCE_S = 5.0
CLIENTS = 4
REMEMBERED = 3
"""Captures that need not be taken apart again."""
DAY = 24 * 3600 * SECOND

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A capture that was asked for. Raises UsageError where it asks for what there is not."""

    who: str
    why: str
    seconds: float
    whole: bool
    number: str

    @classmethod
    def of(cls, request: dict[str, Any]) -> Wish:
        """From a request's JSON."""
        try:
            seconds = float(request.get("seconds", 30))
        except (TypeError, ValueError) as error:
            raise UsageError("seconds: is no number") from error
        who, why, number = (" ".join(str(request.get(key, "")).split())[:MAX_WORDS] for key in ("who", "why", "number"))
        if not 1 <= seconds <= MAX_SECONDS:
            raise UsageError(f"seconds: from 1 to {MAX_SECONDS}")
        if not who:
            raise UsageError("a capture needs somebody who takes it")
        if request.get("whole") is True and not why:
            raise UsageError("a capture with speech needs a reason")
        if number and not any(letter in "123456789*#" for letter in number):
            raise UsageError("number: has no digit to look for")
        return cls(who=who, why=why, seconds=seconds, whole=request.get("whole") is True, number=number)


class Running:
    """The capture under way."""

    def __init__(self, name: str, wish: Wish) -> None:
        self.name, self.wish = name, wish
        self.trimmer = Trimmer(whole=wish.whole, number=wish.number)
        self.writer: Writer | None = None
        self.since = 0
        self.listening = threading.Event()
        self.stop = threading.Event()
        self.error = ""

    def said(self, now: int) -> dict[str, Any]:
        """How far it is."""
        passed = (now - self.since) / SECOND if self.since else 0.0
        told = {"frames": self.writer.frames, "bytes": self.writer.bytes} if self.writer else {"frames": 0, "bytes": 0}
        return {
            "name": self.name, "seconds": self.wish.seconds, "left": round(max(0.0, self.wish.seconds - passed), 1),
            "who": self.wish.who, "whole": self.wish.whole, "number": self.wish.number, "counts": dict(self.trimmer.counts), **told,
        }  # fmt: skip


class Diagnosing:
    """The service's socket and what it does."""

    def __init__(self, box: Box, clock: Clock, interface: str = "") -> None:
        self._box, self._clock, self._interface = box, clock, interface
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(CLIENTS)
        self._stop = threading.Event()
        self.running: Running | None = None
        self._seen: dict[str, ladder.Seen] = {}
        shelf.make_folder(box.folders.captures)
        self._socket = listening_at(box.folders.run, SOCKET)
        threading.Thread(target=self._accept, name="accept", daemon=True).start()

    def close(self) -> None:
        """End the capture under way, keep what it has, and answer nobody any more."""
        self._stop.set()
        if (running := self.running) is not None:
            running.stop.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # whoever waits in accept
        self._socket.close()

    def tidy(self) -> None:
        """Remove the captures that are too old or too many; those with speech are overwritten first."""
        now = self._clock.now()
        for place, found in enumerate(diagnosis.kept(self._box.folders)):
            days = diagnosis.DAYS_WHOLE if found.whole else diagnosis.DAYS
            if place >= diagnosis.MOST_KEPT or now - found.at > days * DAY:
                (shelf.shred if found.whole else shelf.remove)(found.path)
                shelf.remove(diagnosis.about(self._box.folders, found.name))
                log.info("capture %s: removed", found.name)
        self._tidy_remains((now - DAY) / SECOND)

    def _tidy_remains(self, before: float) -> None:
        """What a service that was killed left behind: it may hold speech."""
        folder = self._box.folders.captures
        remains = shelf.stale_parts(folder, before)
        remains += [path for path in folder.glob("*.pcap") if not path.with_suffix(".json").exists()]
        for path in remains:
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    shelf.shred(path)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                if self._stop.wait(0.2):
                    return
                continue
            threading.Thread(target=self._serve, args=(client,), name="asked", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):  # whoever asked has gone
            client.settimeout(PATIENCE_S)
            data = b""
            while not data.endswith(b"\n") and len(data) < MAX_REQUEST and (piece := client.recv(MAX_REQUEST)):
                data += piece
            answer: dict[str, Any] = {"error": "that is for root and the box's own services"}
            if allowed(client):
                answer = {"error": "too many ask at once; try again"}
                if self._places.acquire(blocking=False):
                    try:
                        answer = self.answer(data)
                    finally:
                        self._places.release()
            client.sendall(json.dumps(answer).encode())

    def answer(self, data: bytes) -> dict[str, Any]:
        """Do what is asked."""
        try:
            request = json.loads(data)
            do = request["do"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return {"error": "is no request; see appliance/diagnosis.py"}
        try:
            if do == "take":
                return {"name": self._begin(Wish.of(request))}
            if do == "ladder":
                return self._ladder(str(request.get("name", "")), str(request.get("call_id", "")))
            if do not in ("look", "stop"):
                return {"error": "is no request; see appliance/diagnosis.py"}
        except ApplianceError as error:
            return {"error": str(error)}
        running = self.running
        if running is not None and do == "stop":
            running.stop.set()
        return {"running": running.said(self._clock.now()) if running else None}

    def _ladder(self, name: str, call_id: str) -> dict[str, Any]:
        found = diagnosis.get(self._box.folders, name)
        seen = self._seen.get(name)
        if seen is None:
            seen = tshark.read(found.path)
            self._seen = {**dict([*self._seen.items()][-REMEMBERED + 1 :]), name: seen}
        return ladder.as_json(ladder.report(seen, call_id))

    def _begin(self, wish: Wish) -> str:
        interface = interface_of(self._box, self._interface)
        now = self._clock.now()
        name = f"{to_datetime(now, self._box.config.site.zone):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        with self._lock:
            if self.running is not None:
                raise CouldNotError(f"{self.running.wish.who} is taking a capture now; wait until it is over")
            running = self.running = Running(name, wish)
        what = "capture with speech" if wish.whole else "capture"
        threading.Thread(target=self._take, args=(interface, running, now), name="capture").start()
        running.listening.wait()
        if running.error:
            raise CouldNotError(running.error)
        log.info("%s %s by %s, %s s", what, name, wish.who, wish.seconds)
        return name

    def _take(self, interface: str, running: Running, now: int) -> None:
        wish, folders = running.wish, self._box.folders

        def begun() -> None:
            running.since = self._clock.now()
            with Ledger.open(folders.ledger) as ledger:
                what = "capture with speech" if wish.whole else "capture taken"
                ledger.append(Changed(at=now, thing=running.name, who=wish.who, what=what, why=wish.why))
            running.listening.set()

        try:
            self.tidy()
            path = diagnosis.file_of(folders, running.name)
            with shelf.create(path) as file:
                running.writer = Writer(file, running.trimmer, MAX_BYTES)
                done = take(interface, running.writer, wish.seconds, running.stop.is_set, begun)
            told = {"at": now, **asdict(wish), **done._asdict(), "counts": dict(running.trimmer.counts)}
            shelf.write(diagnosis.about(folders, running.name), json.dumps(told, ensure_ascii=False).encode())
        except ApplianceError as error:
            running.error = str(error)
            log.warning("capture %s: %s", running.name, error)
        finally:
            self.running = None
            running.listening.set()
