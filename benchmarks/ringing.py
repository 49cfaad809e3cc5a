"""From the INVITE on the wire to its row in the ledger, for whoever shows that a telephone rings: live, beside calls that talk."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

from appliance.box import Box
from appliance.doorbell import Doorbell
from appliance.ledger import Ledger
from benchmarks.traffic import invite, write
from tests.bed.wire import FAR, NEAR, Wire

BESIDE = (0, 20, 100)
INVITES = 200
LOOPS = 3
SECONDS = 20.0
PATIENCE_S = 5.0
_COUNT = "SELECT count(*) FROM record WHERE kind = 'CallRinging'"


def lines() -> Iterator[str]:
    """The table."""
    yield "| calls beside | INVITEs | p50 ms | p90 ms | p99 ms | longest ms | under 5 ms |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for calls in BESIDE:
        took = sorted(measured(calls, INVITES))
        p50, p90, p99 = (took[int(len(took) * share)] for share in (0.5, 0.9, 0.99))
        soon = sum(one < 5 for one in took) / len(took)
        yield f"| {calls} | {len(took)} | {p50:.1f} | {p90:.1f} | {p99:.1f} | {took[-1]:.1f} | {soon * 100:.0f} % |"


def measured(calls: int, count: int) -> list[float]:
    """What each INVITE took (ms), at random moments while so many calls talk."""
    with tempfile.TemporaryDirectory() as folder, Wire() as wire, ExitStack() as ending:
        data = Path(folder) / "var"
        box = Box.at(data)
        Ledger.open(box.folders.ledger).close()
        command = [sys.executable, "-m", "appliance", "capture", "tap", "--interface", NEAR, "--data", str(data)]
        _begun(wire, command, ending)
        time.sleep(3.0)
        if calls:
            capture = Path(folder) / "beside.pcap"
            write(capture, calls, SECONDS)
            _begun(wire, ["tcpreplay", "--preload-pcap", "--loop", str(LOOPS), "--intf1", FAR, str(capture)], ending)
            while wire.received(NEAR) < 20 * calls:
                time.sleep(0.2)
        return list(_rung(wire, box, count))


def _begun(wire: Wire, command: list[str], ending: ExitStack) -> None:
    program = subprocess.Popen(["ip", "netns", "exec", wire.name, *command], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    ending.callback(program.wait)
    ending.callback(program.terminate)


def _rung(wire: Wire, box: Box, count: int) -> Iterator[float]:
    random, bell = Random(0), Doorbell(box.folders.run, "bench")
    with Ledger.open(box.folders.ledger) as ledger, wire.sender() as sender:
        for number in range(count):
            time.sleep(random.uniform(0.03, 0.25))
            before, frame = ledger.connection.execute(_COUNT).fetchone()[0], invite(9000 + number)
            begun = time.monotonic()
            sender.send(frame)
            while ledger.connection.execute(_COUNT).fetchone()[0] == before and time.monotonic() < begun + PATIENCE_S:
                bell.wait(0.1)
            yield (time.monotonic() - begun) * 1000
    bell.close()
