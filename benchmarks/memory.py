"""Memory and processor time of each service: idle, and with 100 calls live on the mirror. Needs root (namespaces)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import cpu_seconds, memory_mb
from benchmarks.traffic import write
from tests.bed.house import SERVICES, House
from tests.bed.lan import Lan

CALLS, SECONDS = 100, 30.0


def lines() -> Iterator[str]:
    """The table."""
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder) / "hundred.pcap"
        write(capture, CALLS, SECONDS)
        with Lan() as lan, House(Path(folder) / "var", lan.names["box"]) as house:
            time.sleep(15)
            idle = {service: memory_mb(house.pid(service)) for service in SERVICES}
            before = {service: cpu_seconds(house.pid(service)) for service in SERVICES}
            play = lan.inside(
                "carrier", [sys.executable, "-m", "appliance", "capture", "play", "--interface", "eth0", str(capture)]
            )
            player = subprocess.Popen(play, stderr=subprocess.DEVNULL)
            time.sleep(SECONDS - 5)
            busy = {service: memory_mb(house.pid(service)) for service in SERVICES}
            used = {service: cpu_seconds(house.pid(service)) - before[service] for service in SERVICES}
            if player.wait():
                raise RuntimeError("the traffic could not be played")
            begun = time.monotonic()
            while (status := next(house.lines("status")))["recordings"]["stored"] < CALLS and time.monotonic() - begun < 300:
                time.sleep(1)
            waited = time.monotonic() - begun
            dropped = next(item for item in status["services"] if item["service"] == "capture")["detail"]["dropped"]
            lost = sum(item["lost"] for item in house.lines("recordings"))
    yield f"{CALLS} calls of {SECONDS:.0f} s at once, {CALLS * 100:,} packets/s, live; PSS counts shared pages by their share"
    yield ""
    yield "| service | idle RSS / PSS MB | at 100 calls RSS / PSS MB | share of a core meanwhile |"
    yield "| --- | --- | --- | --- |"
    for service in SERVICES:
        share = used[service] / (SECONDS - 5) * 100
        now, then = idle[service], busy[service]
        yield f"| {service} | {now[0]:.0f} / {now[1]:.0f} | {then[0]:.0f} / {then[1]:.0f} | {share:.1f} % |"
    yield ""
    yield (
        f"{status['recordings']['stored']} recordings rendered, sealed, stored and read back {waited:.0f} s after the last packet; "
        f"kernel drops {dropped}, packets lost {lost}. The tap's figures include the 64 MB ring, which is mapped as a whole."
    )
