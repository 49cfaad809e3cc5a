"""The settings of the telephone system (desks) hold what issue 5 names, with defaults an office can live with."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from appliance.phone_desks import Extension, Group, Parking, Queue, Voicebox


def test_a_desk_needs_its_number_only() -> None:
    desk = Extension(number="201")
    assert (desk.codecs, desk.dtmf, desk.permission, desk.record) == (["ulaw"], "rfc4733", "standard", "rules")


def test_a_password_is_no_setting() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Extension.model_validate({"number": "201", "password": "x"})


@pytest.mark.parametrize("number", ["0120", "1", "abc", "201\n", ""])
def test_an_extension_is_digits_that_no_outside_number_begins_with(number: str) -> None:
    with pytest.raises(ValidationError, match="is no extension"):
        Extension(number=number)


def test_groups_queues_and_boxes_need_little() -> None:
    assert Group(name="front").strategy == "all"
    assert Queue(name="support").wait_seconds == 300
    assert Voicebox(number="201").attach
    assert Parking().first == "701"
