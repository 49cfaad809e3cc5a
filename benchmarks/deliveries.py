"""10,000 recordings sent to Ceph through a line on which everything happens at random, by an uploader that is killed every few seconds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bed.deliveries import send
from tests.bed.unpacked import UnavailableError

RECORDINGS, CHANCE, DEADLINE_S = 10_000, 0.01, 7200.0


def lines(count: int = RECORDINGS) -> Iterator[str]:
    """The table."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = send(Path(folder), count, chance=CHANCE, deadline_s=DEADLINE_S)
        except UnavailableError as error:
            yield str(error)
            return
    faults = ", ".join(f"{count} {name}" for name, count in sorted(found.faults.items()))
    yield "| recordings | MB | SIGKILL | faults on the line | uploads nobody remembered, before the sweep | wall s |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield (
        f"| {found.recordings:,} | {found.megabytes:.0f} | {found.kills} | {sum(found.faults.values())} ({faults}) | {found.orphans} | "
        f"{found.wall_s:.0f} |"
    )
    yield ""
    yield "Missing, changed, twice, of nobody, parked: " + ("; ".join(found.problems[:20]) or "nothing") + "."
