"""Nothing is erased and no authority is asked unless it is said."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from appliance.terms import Proof, Retention, RetentionRule


def test_by_default_everything_stays_and_nobody_is_asked() -> None:
    assert (Retention().local_days, Retention().erase_days, Retention().rules, Retention().erase_calls) == (0, 0, [], False)
    assert Proof().timestamp_url == ""


@pytest.mark.parametrize("days", [-1, 1.5, "3"])
def test_days_are_whole_and_not_negative(days: object) -> None:
    for name in ("local_days", "erase_days"):
        with pytest.raises(ValidationError):
            RetentionRule.model_validate({"label": "x", name: days})


@pytest.mark.parametrize("url", ["tsa", "ftp://x", "https://a b", "file:///etc/passwd"])
def test_an_authority_is_asked_over_http_alone(url: str) -> None:
    with pytest.raises(ValidationError):
        Proof(timestamp_url=url)
