"""Single values of the configuration are checked where they stand, and what is wrong is said with its mend."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import Field, ValidationError

from appliance import bech32, options
from appliance.options import Options

GOOD = [
    (options.zone, "Asia/Tokyo"), (options.network, "192.168.0.0/24"), (options.network, "2001:db8::/32"),
    (options.network, "10.0.0.1"), (options.hours, ""), (options.hours, "22:00-06:00"), (options.hours, "00:00-24:00"),
    (options.caller, "withheld"), (options.caller, "payphone"), (options.caller, "03-1234-5678"), (options.caller, "0120*"),
    (options.caller, "+81 3 1234 5678"), (options.caller, "０３－１２３４－５６７８"), (options.caller, "reception"),
    (options.dialled, "201"), (options.dialled, "#7*"), (options.trunk, "203.0.113.5"), (options.trunk, "2001:db8::/32"),
    (options.trunk, "ntt-east.example"), (options.recipient, bech32.encode("age", bytes(range(32)))),
]  # fmt: skip
BAD = [
    (options.zone, "Asia/Tokio"), (options.network, "192.168.0.0/99"), (options.hours, "9-17"), (options.hours, "25:00-26:00"),
    (options.hours, "09:00-09:00"), (options.caller, ""), (options.caller, "*"), (options.caller, "0*1"), (options.dialled, "withheld"),
    (options.dialled, "sip:1@h"), (options.trunk, "localhost"), (options.trunk, "300.1.1.1"), (options.trunk, ""),
    (options.recipient, "age1abc"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "text"), GOOD, ids=lambda value: getattr(value, "__name__", value))
def test_what_is_right_stays_as_it_was_written(check: Callable[[str], str], text: str) -> None:
    assert check(text) == text


@pytest.mark.parametrize(("check", "text"), BAD, ids=lambda value: getattr(value, "__name__", value))
def test_what_is_wrong_is_refused_with_its_mend(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError, match=r"^is no .+[;:(].+"):
        check(text)


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
