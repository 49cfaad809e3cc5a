"""What the API takes is strict, and what it gives of a call is what the command line gives."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from appliance.calls import as_json
from appliance.web.api.models import Call, NewCustomer, NewMark, NewNote, Recording
from appliance.web.labels import DIRECTION
from tests.appliance.furnished import Furnished


def test_every_field_of_a_call_and_its_recording_is_one_of_the_command_lines(furnished: Furnished) -> None:
    printed = as_json(furnished.call("inbound"), furnished.recording("inbound"), furnished.box.config.site.zone)
    assert set(Call.model_fields) - set(printed) == {"note", "labels"}
    assert set(Recording.model_fields) <= set(printed["recording"])


def test_every_direction_has_its_word() -> None:
    assert set(Call.model_json_schema()["properties"]["direction"]["enum"]) == set(DIRECTION)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (NewMark, {"seconds": float("inf")}), (NewMark, {"seconds": "1"}), (NewMark, {"seconds": -1}), (NewNote, {"memo": "x", "who": "y"}),
        (NewNote, {"memo": "x" * 4001}), (NewCustomer, {"labels": ["x"] * 21}), (NewCustomer, {"name": "\ud800"}),
    ],
)  # fmt: skip
def test_what_is_taken_is_taken_as_it_is_named(
    model: type[NewMark] | type[NewNote] | type[NewCustomer], values: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(values)
