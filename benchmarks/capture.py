"""The capture engine beside whatever peers are installed, on made traffic in the same run: from a file, and live in a namespace.

CPU seconds are user and system of the whole process. Live, `tcpreplay` sends at the traffic's own pace through a cable of the
kernel's; the kernel's drop counter is the truth. Needs root for the live part, and tcpreplay, tcpdump and tshark from Debian.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import Heartbeat
from benchmarks.measure import cpu_seconds, memory_mb, run
from benchmarks.traffic import write
from tests.bed.wire import FAR, NEAR, Wire

CALLS, SECONDS = 200, 50.0
LIVE = ((20, 30.0), (200, 20.0), (1000, 20.0), (3000, 10.0))
"""(calls at once, seconds)."""
RING_MB = 256
SETTLE_S = 4.0


def lines() -> Iterator[str]:
    """Both tables."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _offline(Path(folder))
        yield ""
        yield from _live(Path(folder))


def _offline(folder: Path) -> Iterator[str]:
    capture = folder / "million.pcap"
    packets = write(capture, CALLS, SECONDS)
    size = capture.stat().st_size / 1e6
    yield f"From a file: {packets} packets, {CALLS} calls of {SECONDS:.0f} s at once, G.711 both ways, {size:.0f} MB"
    yield ""
    yield "| program | CPU s per million | packets per CPU s | wall s | peak MB |"
    yield "| --- | --- | --- | --- | --- |"
    programs = {
        "our tap's part: every call's speech on the spool, every fact in the ledger": [
            sys.executable, "-m", "benchmarks.spooling", str(folder / "spooled"), str(capture),
        ],
        "appliance replay: sealed, hashed, signed stereo FLAC of every call": [
            sys.executable, "-m", "appliance", "replay", "--data", str(folder / "var"), str(capture),
        ],
        "tcpdump -w (no call, no sound)": ["tcpdump", "-r", str(capture), "-w", "/dev/null"],
        "tshark -q -z rtp,streams (statistics only)": ["tshark", "-r", str(capture), "-q", "-z", "rtp,streams"],
    }  # fmt: skip
    for name, command in programs.items():
        if shutil.which(command[0]):
            cost = run(command)
            yield f"| {name} | {cost.cpu * 1e6 / packets:.2f} | {packets / cost.cpu:,.0f} | {cost.wall:.1f} | {cost.peak_mb:.0f} |"


class Listened(NamedTuple):
    """What a live program did."""

    cpu: float
    megabytes: float
    dropped: int
    heard: int
    """Packets of speech, -1 where the program does not tell."""


def _live(folder: Path) -> Iterator[str]:
    yield "Live, both ways, at the traffic's own pace; what is sent is counted by tcpreplay"
    yield ""
    yield "| program | calls | packets/s | CPU s per million | share of a core | MB | kernel drops | speech lost |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for calls, seconds in LIVE:
        capture = folder / f"{calls}.pcap"
        packets = write(capture, calls, seconds)
        for name, listen in (("appliance capture tap, on the spool", _tap), ("tcpdump -w, one file", _tcpdump)):
            with Wire() as wire:
                heard, rate = listen(wire, folder / f"{listen.__name__}{calls}", capture)
            lost = f"{packets - 5 * calls - heard.heard}" if heard.heard >= 0 else "–"
            share = heard.cpu * rate / packets * 100
            yield (
                f"| {name} | {calls} | {rate:,.0f} | {heard.cpu * 1e6 / packets:.2f} | {share:.1f} % | {heard.megabytes:.0f} "
                f"| {heard.dropped} | {lost} |"
            )
        capture.unlink()


def _tap(wire: Wire, data: Path, capture: Path) -> tuple[Listened, float]:
    data.mkdir()
    (data / "appliance.toml").write_text(f"[capture]\nring_megabytes = {RING_MB}\n", "utf-8")
    command = [sys.executable, "-m", "appliance", "capture", "tap", "--interface", NEAR, "--data", str(data)]
    tap = subprocess.Popen(["ip", "netns", "exec", wire.name, *command], stderr=subprocess.DEVNULL)
    try:
        time.sleep(SETTLE_S)
        before = cpu_seconds(tap.pid)
        rate = _send(wire, capture)
        time.sleep(SETTLE_S)
        used, megabytes = cpu_seconds(tap.pid) - before, memory_mb(tap.pid)[1]
    finally:
        tap.send_signal(signal.SIGTERM)
        tap.wait(60)
    with Ledger.open(Box.at(data).folders.ledger) as ledger:
        beat = next(beat for beat in ledger.heartbeats() if beat.service == "capture")
    assert isinstance(beat, Heartbeat)
    shutil.rmtree(data)
    return Listened(used, megabytes, int(beat.detail["dropped"]), int(beat.detail["rtp"])), rate


def _tcpdump(wire: Wire, data: Path, capture: Path) -> tuple[Listened, float]:
    command = ["tcpdump", "-i", NEAR, "-B", str(RING_MB * 1024), "-n", "-w", str(data)]
    dump = subprocess.Popen(["ip", "netns", "exec", wire.name, *command], stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(SETTLE_S)
        before = cpu_seconds(dump.pid)
        rate = _send(wire, capture)
        time.sleep(SETTLE_S)
        used, megabytes = cpu_seconds(dump.pid) - before, memory_mb(dump.pid)[1]
    finally:
        dump.send_signal(signal.SIGINT)
        _, said = dump.communicate(timeout=60)
    data.unlink()
    dropped = re.search(r"(\d+) packets dropped by kernel", said)
    return Listened(used, megabytes, int(dropped[1]) if dropped else -1, -1), rate


def _send(wire: Wire, capture: Path) -> float:
    """Play the file into the cable; returns packets per second."""
    command = ["tcpreplay", "--preload-pcap", "--intf1", FAR, str(capture)]
    done = subprocess.run(["ip", "netns", "exec", wire.name, *command], check=True, capture_output=True, text=True)
    found = re.search(r"([\d.]+) pps", done.stdout)
    return float(found[1]) if found else 0.0
