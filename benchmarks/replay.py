"""`appliance replay` on a million made packets, beside `tshark -q -z rtp,streams` on the same file in the same run."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import run
from benchmarks.traffic import write

CALLS, SECONDS = 200, 50.0


def lines() -> Iterator[str]:
    """The table."""
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder) / "million.pcap"
        packets = write(capture, CALLS, SECONDS)
        yield f"{packets} packets, {CALLS} calls of {SECONDS:.0f} s at once, G.711 both ways, {capture.stat().st_size / 1e6:.0f} MB"
        yield ""
        yield "| program | CPU s per million | packets per CPU s | wall s | peak MB |"
        yield "| --- | --- | --- | --- | --- |"
        ours = [sys.executable, "-m", "appliance", "replay", "--data", f"{folder}/var", str(capture)]
        programs = {"appliance replay (sealed stereo FLAC of every call)": ours}
        if shutil.which("tshark"):
            programs["tshark -q -z rtp,streams (statistics only)"] = ["tshark", "-r", str(capture), "-q", "-z", "rtp,streams"]
        for name, command in programs.items():
            cost = run(command)
            yield f"| {name} | {cost.cpu * 1e6 / packets:.2f} | {packets / cost.cpu:,.0f} | {cost.wall:.1f} | {cost.peak_mb:.0f} |"
