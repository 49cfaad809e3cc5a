"""The power of a whole box, cut at 200 random moments of record → render → seal → upload → evict, on a disk that forgets."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bed.cuts import cut

POINTS = 200


def lines(points: int = POINTS) -> Iterator[str]:
    """The table."""
    with tempfile.TemporaryDirectory() as folder:
        found = cut(Path(folder), points)
    yield "| cuts (at the start) | recordings, shown before a cut | evicted | in progress at a cut | missing: median, worst | wall s |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield (
        f"| {found.cuts} ({found.at_start}) | {found.recordings}, {found.seen} | {found.evicted} | {found.in_progress} of {found.calls} | "
        f"{median(found.missing):.2f}, {max(found.missing):.2f} s | {found.wall_s:.0f} |"
    )
    yield ""
    yield f"More than a second of {len(found.late)}: " + ("; ".join(found.late) or "none") + "."
    yield "Lost, changed, without its file, without its row, not in the store: " + ("; ".join(found.problems) or "nothing") + "."
