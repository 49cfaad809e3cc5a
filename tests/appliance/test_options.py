"""A group of settings takes what it knows, in the type it says, and cannot be changed."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError

from appliance.options import Options


class Group(Options):
    """Some settings."""

    days: int = Field(default=3, title="Days", description="How many.")


@pytest.mark.parametrize("wrong", [{"dais": 3}, {"days": "3"}, {"days": 3.0}, {"days": None}])
def test_what_is_unknown_or_of_another_type_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Group.model_validate(wrong)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Group().days = 4  # type: ignore[misc]
