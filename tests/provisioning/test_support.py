"""Support comes in while the door is open and not a moment longer, and everything is written down with its reason."""

from __future__ import annotations

import pytest

from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import Changed
from provisioning import support
from tests.fakes.clock import START

HOUR = 3600 * SECOND


def written(box: Box) -> list[tuple[str, str, str]]:
    with Ledger.open(box.folders.ledger) as ledger:
        rows = [row.record for row in ledger.of(support.THING)]
    return [(row.who, row.what, row.why) for row in rows if isinstance(row, Changed)]


def test_the_door_closes_by_itself(box: Box) -> None:
    support.open_door(box, 4, "tanaka", "ticket 17", "sato", START)
    assert support.opened(box, START + 4 * HOUR - 1) is not None
    assert support.opened(box, START + 4 * HOUR) is None
    assert written(box) == [("sato", "opened for tanaka until 2026-09-22T03:13:20", "ticket 17")]


def test_it_can_be_closed_before(box: Box) -> None:
    support.open_door(box, 4, "tanaka", "ticket 17", "sato", START)
    assert support.close_door(box, "sato", START + SECOND)
    assert support.opened(box, START + 2 * SECOND) is None
    assert not support.close_door(box, "sato", START + 3 * SECOND)
    assert [what for _, what, _ in written(box)][1:] == ["closed for tanaka"]


@pytest.mark.parametrize("hours", [0.0, -1.0, 24.1, 1e9])
def test_it_opens_for_a_day_at_most(box: Box, hours: float) -> None:
    with pytest.raises(CouldNotError, match="a day at most"):
        support.open_door(box, hours, "tanaka", "x", "sato", START)
    assert support.opened(box, START) is None


@pytest.mark.parametrize("who", ["", "a b", "root\nadmin", "田中", "*", "a,b"])
def test_a_name_is_one_of_a_certificate(box: Box, who: str) -> None:
    with pytest.raises(CouldNotError, match="no name as it stands"):
        support.open_door(box, 1, who, "x", "sato", START)


@pytest.mark.parametrize("text", ["", "[]", '{"who": "x"}', "{"])
def test_a_damaged_file_opens_nothing(box: Box, text: str) -> None:
    box.folders.data.mkdir(parents=True)
    (box.folders.data / "support.json").write_text(text)
    assert support.opened(box, START) is None
