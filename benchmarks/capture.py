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
from benchmarks.measure import cpu_seconds, memory_mb, run
from benchmarks.traffic import write
from capture import blocks, index
from tests.bed.wire import FAR, NEAR, Wire

CALLS, SECONDS = 200, 50.0
LIVE = ((20, 20.0), (200, 15.0), (1000, 15.0), (3000, 15.0))
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

    whole: float
    """CPU seconds from before the first packet to after the last."""
    steady: float
    """Share of a core while all calls talk and none begins or ends."""
    megabytes: float
    dropped: int
    spooled: int
    """Packets of speech in the files of the spool, counted there; -1 where there is none."""
    rate: float
    """Packets a second that came meanwhile, by the interface's own counter."""


def _live(folder: Path) -> Iterator[str]:
    yield "Live, both ways, in the traffic's own time. Steady: all calls talk and none begins; the whole: beginnings and ends too."
    yield ""
    yield (
        "| program | calls | packets/s | steady: CPU s per million | share of a core | whole: CPU s | MB | kernel drops "
        "| speech on the spool |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for calls, seconds in LIVE:
        capture = folder / f"{calls}.pcap"
        packets = write(capture, calls, seconds)
        for name, listen in (("appliance capture tap, on the spool", _tap), ("tcpdump -w, one file", _tcpdump)):
            with Wire() as wire:
                found = listen(wire, folder / f"{listen.__name__}{calls}", capture, seconds)
            spooled = f"{found.spooled:,} of {packets - 5 * calls:,}" if found.spooled >= 0 else "–"
            yield (
                f"| {name} | {calls} | {found.rate:,.0f} | {found.steady * 1e6 / found.rate:.2f} | {found.steady * 100:.1f} % "
                f"| {found.whole:.1f} | {found.megabytes:.0f} | {found.dropped} | {spooled} |"
            )
        capture.unlink()


def _tap(wire: Wire, data: Path, capture: Path, seconds: float) -> Listened:
    data.mkdir()
    (data / "appliance.toml").write_text(f"[capture]\nring_megabytes = {RING_MB}\n", "utf-8")
    command = [sys.executable, "-m", "appliance", "capture", "tap", "--interface", NEAR, "--data", str(data)]
    tap = subprocess.Popen(["ip", "netns", "exec", wire.name, *command], stderr=subprocess.DEVNULL)
    try:
        found = _watched(tap.pid, wire, capture, seconds)
    finally:
        tap.send_signal(signal.SIGTERM)
        tap.wait(60)
    with Ledger.open(Box.at(data).folders.ledger) as ledger:
        beat = next(beat for beat in ledger.heartbeats() if beat.service == "capture")
    packets = sum(map(_packets, Box.at(data).folders.spool.rglob("*.rtp")))
    shutil.rmtree(data)
    return found._replace(dropped=int(beat.detail["dropped"]), spooled=packets)


def _packets(file: Path) -> int:
    with file.open("rb") as opened:
        return sum(len(index.index(block.body)) for block in blocks.read(opened) if block.kind == blocks.PACKETS)


def _tcpdump(wire: Wire, data: Path, capture: Path, seconds: float) -> Listened:
    command = ["tcpdump", "-i", NEAR, "-B", str(RING_MB * 1024), "-n", "-w", str(data)]
    dump = subprocess.Popen(["ip", "netns", "exec", wire.name, *command], stderr=subprocess.PIPE, text=True)
    try:
        found = _watched(dump.pid, wire, capture, seconds)
    finally:
        dump.send_signal(signal.SIGINT)
        _, said = dump.communicate(timeout=60)
    data.unlink()
    dropped = re.search(r"(\d+) packets dropped by kernel", said)
    return found._replace(dropped=int(dropped[1]) if dropped else -1)


def _watched(pid: int, wire: Wire, capture: Path, seconds: float) -> Listened:
    """Play the file into the cable and watch this process meanwhile."""
    time.sleep(SETTLE_S)
    before, idle = cpu_seconds(pid), wire.received(NEAR)
    command = ["tcpreplay", "--preload-pcap", "--intf1", FAR, str(capture)]
    player = subprocess.Popen(["ip", "netns", "exec", wire.name, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while wire.received(NEAR) < idle + 100 and player.poll() is None:  # the file is being read
        before = cpu_seconds(pid)
        time.sleep(0.1)
    time.sleep(SETTLE_S)
    first, came, since = cpu_seconds(pid), wire.received(NEAR), time.monotonic()
    time.sleep(max(1.0, seconds - SETTLE_S - 3))
    lasted = time.monotonic() - since
    steady, rate = (cpu_seconds(pid) - first) / lasted, (wire.received(NEAR) - came) / lasted
    player.wait(300)
    time.sleep(SETTLE_S)
    return Listened(cpu_seconds(pid) - before, steady, memory_mb(pid)[1], -1, -1, rate)
