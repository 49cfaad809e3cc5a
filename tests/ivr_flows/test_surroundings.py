"""A flow is found as a file or by the name under which it was published, and what surrounds it is read from the box."""

from __future__ import annotations

from datetime import date

import pytest

from appliance.box import Box
from appliance.errors import CouldNotError, UsageError
from ivr_flows import surroundings
from tests.ivr_flows.made import WHOLE, whole


def test_a_file_is_found_by_its_path(box: Box) -> None:
    found = surroundings.find(box, str(WHOLE))
    assert (found.data, found.folder) == (WHOLE.read_bytes(), WHOLE.parent)


def test_a_name_that_is_not_published_gets_a_sentence(box: Box) -> None:
    with pytest.raises(UsageError, match="history"):
        surroundings.find(box, "main")


def test_the_cabinet_offices_file_is_taken_in(box: Box) -> None:
    path = surroundings.holiday_file(box)
    path.parent.mkdir(parents=True)
    path.write_bytes("国民の祝日・休日月日,国民の祝日・休日名称\n2028/1/1,元日\n".encode("cp932"))
    assert surroundings.table(box).until == date(2028, 12, 31)
    assert surroundings.table(box).name(date(2027, 1, 1)) == "元日"
    path.write_bytes(b"words")
    with pytest.raises(CouldNotError, match="syukujitsu"):
        surroundings.table(box)


def test_a_box_without_a_configuration_knows_no_site(box: Box) -> None:
    known = surroundings.known(box, surroundings.find(box, str(WHOLE)))
    assert (known.site, known.flows, known.prompts) == (None, None, {})
    assert surroundings.around(box, whole()).book["main"].name == "main"
