"""A whole box on a disk that forgets, its power cut at random moments of record → render → seal → upload → evict; and what is lost by it.

In every life calls are on the mirror while older ones are replayed, rendered, sent to a store that keeps its power, and let go locally. The
power goes while the services start, or at any moment afterwards. What the ledger showed before the cut must be there after it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from appliance.box import Box
from appliance.calls import Recording
from appliance.ledger import Ledger
from appliance.lookup import read_call, recordings, select_calls
from appliance.moments import SECOND
from appliance.shelf import sha256_of
from tests.bed.house import House, wait_for
from tests.bed.lan import Lan
from tests.bed.made import MadeCall, together, write_pcap
from tests.bed.program import COMMAND
from tests.bed.volatile import VolatileDisk
from tests.fakes.clock import START

EACH = 3
"""Live calls in one life."""
TALK_S, LIFE_S, STARTING_S, SETTLE_S = 3.0, 6.0, 4.0, 180.0
ALLOWED_S = 1.0
AT_START = 4
"""One life in so many ends while the services start."""
SETTINGS = """[store.options]
path = "{store}"
must_exist = true
[retention]
local_days = 1
[site]
area_code = "03"
[[lines]]
number = "03-1234-5678"
"""

MARK = "APPLIANCE_BED_OF"
"""Whoever is started in a life bears this in its environment, and so does whatever it starts, in whatever session."""


def end_all(mark: str) -> list[int]:
    """End every process that bears this mark (NAME=value), until none is left; returns which they were."""
    ended: list[int] = []
    while found := [number for number in marked(mark) if number != os.getpid()]:
        for number in found:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        ended += [number for number in found if number not in ended]
        time.sleep(0.01)
    return ended


def marked(mark: str) -> list[int]:
    """The processes that live and bear this mark; a dead one has no environment any more."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


@dataclass(slots=True)
class Losses:
    """What came of it."""

    cuts: int = 0
    at_start: int = 0
    seen: int = 0
    """Recordings that the ledger showed before a cut, counted once."""
    recordings: int = 0
    evicted: int = 0
    calls: int = 0
    """Live calls that somebody answered."""
    in_progress: int = 0
    """Of them those that talked when the power went."""
    missing: list[float] = field(default_factory=list)
    """What is missing of each, in seconds."""
    late: list[str] = field(default_factory=list)
    """Those that lack more than a second."""
    problems: list[str] = field(default_factory=list)
    wall_s: float = 0.0


class Rig:
    """The disk, the box on it, and what is known of it from outside."""

    def __init__(self, folder: Path, lan: Lan, disk: VolatileDisk, seed: int) -> None:
        self._folder, self._lan, self._disk = folder, lan, disk
        self._random = Random(seed)
        self._store = folder / "store"
        self._store.mkdir()
        self._talks: dict[str, tuple[int, int]] = {}
        """Answered live calls by id: when the power went in their life, and when they had ended before that (ns, 0: they talked)."""
        self._shown: dict[str, int] = {}
        self._known: dict[str, Recording] = {}
        self.losses = Losses()

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, MARK: str(self._folder)}

    @property
    def _data(self) -> Path:
        return self._disk.root / "var"

    def life(self, number: int) -> None:
        """Start, let calls come, cut the power, power on, look."""
        starting = number % AT_START == AT_START - 1
        house = House(self._data, self._lan.names["box"], SETTINGS.format(store=self._store))
        with (self._folder / "house.out").open("ab") as log:
            others: list[subprocess.Popen[bytes]] = []
            command = [sys.executable, "-m", "tests.bed.house", str(self._data), self._lan.names["box"], str(house.port)]
            box = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment)
            try:
                if not starting:
                    wait_for("the services", lambda: self._is_ready(house, log.name), 90.0)
                others = self._traffic(number)
                time.sleep(self._random.uniform(0.2, STARTING_S if starting else LIFE_S))
                self._look(house.box)
                cut_at = time.time_ns()
                self._disk.cut()
            finally:
                end_all(f"{MARK}={self._folder}")
                for process in (box, *others):
                    process.wait()
        self._talking(cut_at)
        self._disk.power_off()
        self._disk.power_on()
        self.losses.cuts += 1
        self.losses.at_start += starting
        self._compare(f"cut {number}", house.box)

    def settle(self) -> Losses:
        """Let the box finish in peace, then compare everything."""
        house = House(self._data, self._lan.names["box"], SETTINGS.format(store=self._store))
        house.start()
        try:
            last = write_pcap(
                self._folder / "last.pcap", together(MadeCall(number=9999, begin=START, talk=1.0, caller="09020000000"))
            )
            house.command("replay", str(last))  # a replay that was cut is finished by the next one, not by a service
            end = time.monotonic() + SETTLE_S
            while (left := self._unsettled(house.box)) and time.monotonic() < end:
                time.sleep(0.5)
            self.losses.problems += [f"at the end: {one}" for one in left]
        finally:
            house.stop()
        self._compare("at the end", house.box)
        self._account(house.box)
        return self.losses

    def _is_ready(self, house: House, log: str) -> bool:
        return "\nready\n" in Path(log).read_text("utf-8", "replace").rpartition("house begins")[2]

    def _traffic(self, number: int) -> list[subprocess.Popen[bytes]]:
        """Live calls on the mirror, and one of weeks ago, that is let go locally once it is stored."""
        first = 2 * EACH * number
        live = [
            MadeCall(number=first + place, begin=START + place * SECOND, talk=TALK_S, caller=f"0901{first + place:07}")
            for place in range(EACH)
        ]
        old = MadeCall(number=first + EACH, begin=START + number * 10 * SECOND, talk=1.0, caller=f"0902{number:07}")
        files = [write_pcap(self._folder / f"{name}.pcap", frames) for name, frames in (
            ("live", together(*live)), (f"old-{number}", together(old)),
        )]  # fmt: skip
        commands = (
            self._lan.inside("carrier", [*COMMAND, "capture", "play", "--interface", "eth0", str(files[0])]),
            [*COMMAND, "replay", "--data", str(self._data), str(files[1])],
        )
        return [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self._environment)
            for command in commands
        ]

    def _look(self, box: Box) -> None:
        """What the ledger shows now is a promise."""
        if not box.folders.ledger.exists():
            return
        with Ledger.open(box.folders.ledger) as ledger:
            for recording in recordings(ledger.connection):
                self._known[recording.facts.recording] = recording
            for row in ledger.connection.execute(*select_calls("WHERE answered_at IS NOT NULL AND caller LIKE '0901%'")):
                call = read_call(row)
                self._shown.setdefault(call.id, 0)
                self._shown[call.id] = call.ended_at or 0

    def _talking(self, cut_at: int) -> None:
        """The power goes now, for every call of this life."""
        for call, ended in self._shown.items():
            self._talks.setdefault(call, (cut_at, ended))

    def _compare(self, when: str, box: Box) -> None:
        """Every promise is kept, and no row is without its file."""
        if not box.folders.ledger.exists():
            self.losses.problems += [f"{when}: the ledger is gone"] if self._known else []
            return
        with Ledger.open(box.folders.ledger) as ledger:
            found = {recording.facts.recording: recording for recording in recordings(ledger.connection)}
        for name in self._known.keys() - found.keys():
            self.losses.problems.append(f"{when}: recording {name} was shown and is gone")
        for name, before in self._known.items():
            after = found.get(name)
            if after is not None and (before.facts != after.facts or (before.stored_at and not after.stored_at)):
                self.losses.problems.append(f"{when}: recording {name} is not what it was")
        self.losses.problems += [f"{when}: {text}" for one in found.values() if (text := self._wrong(box, one))]

    def _wrong(self, box: Box, recording: Recording) -> str:
        path, facts = box.folders.recordings / recording.facts.file, recording.facts
        if path.exists() and sha256_of(path) != facts.sealed_sha256:
            return f"the file of {facts.recording} was changed"
        if not path.exists() and recording.expired_at is None:
            return f"recording {facts.recording} has a row and no file"
        if recording.stored_at is None:
            return ""
        there = self._store / (recording.key or "-")
        return (
            "" if there.exists() and sha256_of(there) == facts.sealed_sha256 else f"recording {facts.recording} is not in the store"
        )

    def _unsettled(self, box: Box) -> list[str]:
        """Calls without an end or a reason, and jobs that wait."""
        with Ledger.open(box.folders.ledger) as ledger:
            calls = ledger.connection.execute(
                "SELECT id, caller, via, ended_at FROM call WHERE ended_at IS NULL OR "
                "(answered_at IS NOT NULL AND recording IS NULL AND not_recorded IS NULL)"
            ).fetchall()
            jobs = ledger.connection.execute(
                "SELECT kind, subject, state, last_error FROM job WHERE kind IN ('render', 'upload') AND state != 'done'"
            ).fetchall()
        return [f"{tuple(row)} is not settled" for row in (*calls, *jobs)]

    def _account(self, box: Box) -> None:
        """No file without its row, each object once, and what is missing of calls in progress."""
        losses = self.losses
        with Ledger.open(box.folders.ledger) as ledger:
            found = list(recordings(ledger.connection))
            calls = {(call := read_call(row)).id: call for row in ledger.connection.execute(*select_calls())}
        files = {one.facts.file for one in found} | {one.facts.manifest for one in found}
        there = {path.relative_to(box.folders.recordings).as_posix() for path in box.folders.recordings.rglob("*.age")}
        losses.problems += [f"the file {name} has no row" for name in sorted(there - files)]
        objects = {path.relative_to(self._store).as_posix() for path in self._store.rglob("*.age")}
        wanted = {key for one in found if one.key for key in (one.key, f"{one.key.rsplit('.', 2)[0]}.json.age")}
        losses.problems += [f"the object {key} belongs to no recording" for key in sorted(objects - wanted)]
        losses.problems += [f"the object {key} is missing" for key in sorted(wanted - objects)]
        seconds = {one.facts.call: one.facts.seconds for one in found}
        for name, (cut_at, ended) in self._talks.items():
            until, answered = ended or cut_at, calls[name].answered_at
            missing = (until - (answered or until)) / SECOND - seconds.get(name, 0.0)
            losses.in_progress += not ended
            losses.missing.append(missing)
            if missing > ALLOWED_S:
                losses.late.append(
                    f"call {name} lacks {missing:.2f} s, {(cut_at - (ended or cut_at)) / SECOND:.2f} s after its end"
                )
        losses.calls, losses.recordings, losses.seen = len(self._talks), len(found), len(self._known)
        losses.evicted = sum(one.expired_at is not None for one in found)


def cut(folder: Path, points: int, seed: int = 0) -> Losses:
    """So many lives, one disk."""
    begun = time.monotonic()
    with Lan() as lan, VolatileDisk(folder) as disk:
        rig = Rig(folder, lan, disk, seed)
        for number in range(points):
            rig.life(number)
        losses = rig.settle()
        shutil.rmtree(folder / "store")
    losses.wall_s = time.monotonic() - begun
    return losses
