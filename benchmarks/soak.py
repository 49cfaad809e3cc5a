"""The tap under blows: SIGKILL at 200 random moments with 100 calls on the mirror, and five seconds in which its disk takes no write."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bed.lan import Lan
from tests.bed.soak import Outcome, killed, stalled

CALLS = 100
KILLS, KILL_SECONDS, BETWEEN_S = 200, 1500.0, 8.0
STALL_S, STALL_SECONDS = 5.0, 30.0


def lines() -> Iterator[str]:
    """The table."""
    yield "| what | calls | packets sent | on the spool | the worst side misses | kernel drops (last tap) | longest without a tap |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    with tempfile.TemporaryDirectory() as folder, Lan() as lan:
        (Path(folder) / "kill").mkdir()
        found = killed(Path(folder) / "kill", lan, calls=CALLS, seconds=KILL_SECONDS, kills=KILLS, between_s=BETWEEN_S)
        yield _row(f"SIGKILL {found.kills} times in {found.wall_s:.0f} s", found, f"{found.away_s:.1f} s")
    with tempfile.TemporaryDirectory() as folder, Lan() as lan:
        found = stalled(Path(folder), lan, calls=CALLS, seconds=STALL_SECONDS, stall_s=STALL_S)
        yield _row(f"a disk that takes no write for {STALL_S:.0f} s", found, "–")


def _row(what: str, found: Outcome, away: str) -> str:
    return (
        f"| {what} | {found.closed} of {found.calls} ended, {found.unsettled} without a recording | {found.sent:,} | {found.packets:,} | "
        f"{found.worst} packets | {found.dropped} | {away} |"
    )
