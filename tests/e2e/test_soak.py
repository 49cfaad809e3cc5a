"""Blows that a tap survives, on a small scale (`make soak` is the large one): kills at random moments, a disk that stands still."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.bed import disks, volatile
from tests.bed.house import wait_for
from tests.bed.lan import Lan
from tests.bed.soak import PACKETS_A_SECOND, killed, outcome, play, stalled
from tests.bed.starter import Starter

pytestmark = needs.namespaces()


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    with Lan() as found:
        yield found


def test_kills_at_random_moments_cost_no_call_more_than_a_second(lan: Lan, tmp_path: Path) -> None:
    found = killed(tmp_path, lan, calls=20, seconds=8.0, kills=4, between_s=2.0)
    assert found.kills >= 1
    assert (found.closed, found.unsettled) == (20, 0)
    assert found.worst <= PACKETS_A_SECOND


@pytest.mark.skipif(bool(volatile.possible()), reason=volatile.possible() or "-")
def test_a_disk_that_stands_still_costs_no_packet(lan: Lan, tmp_path: Path) -> None:
    found = stalled(tmp_path, lan, calls=20, seconds=8.0, stall_s=2.0)
    assert (found.closed, found.unsettled) == (20, 0)
    assert (found.dropped, found.worst, found.packets) == (0, 0, found.sent)


def test_a_full_spool_says_so_and_records_on_once_there_is_room(lan: Lan, tmp_path: Path) -> None:
    with disks.disk(tmp_path / "var", 8192) as place:
        starter = Starter(lan, place)
        log = tmp_path / "tap.log"
        try:
            starter.start()
            player, begun = play(lan, tmp_path, 3, 8.0), time.monotonic()
            wait_for("the answers", lambda: sum(1 for call in starter.calls() if call.answered_at) == 3)
            filler = disks.fill(place)
            wait_for("a word of it", lambda: "the disk is full" in log.read_text("utf-8"))
            filler.unlink()
            wait_for("a word of its end", lambda: "the spool is written again" in log.read_text("utf-8"))
            found = outcome(starter, player, begun, 3, 8.0)
        finally:
            starter.close()
    assert (found.closed, found.unsettled) == (3, 0)
    assert (found.dropped, found.worst, found.packets) == (0, 0, found.sent)
