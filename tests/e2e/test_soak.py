"""Blows that a tap survives, on a small scale (`make soak` is the large one): kills at random moments, a disk that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.bed import volatile
from tests.bed.lan import Lan
from tests.bed.soak import PACKETS_A_SECOND, killed, stalled

pytestmark = needs.namespaces()


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    with Lan() as found:
        yield found


def test_kills_at_random_moments_cost_no_call_more_than_a_second(lan: Lan, tmp_path: Path) -> None:
    found = killed(tmp_path, lan, calls=20, seconds=8.0, kills=4)
    assert found.kills >= 1
    assert (found.closed, found.unsettled) == (20, 0)
    assert found.worst <= PACKETS_A_SECOND


@pytest.mark.skipif(bool(volatile.possible()), reason=volatile.possible() or "-")
def test_a_disk_that_stands_still_costs_no_packet(lan: Lan, tmp_path: Path) -> None:
    found = stalled(tmp_path, lan, calls=20, seconds=8.0, stall_s=2.0)
    assert (found.closed, found.unsettled) == (20, 0)
    assert (found.dropped, found.worst, found.packets) == (0, 0, found.sent)
