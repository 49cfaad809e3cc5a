"""What a stranger's system says is shown short, in one line, and its link is a link of the web or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import numbers
from appliance.popups.known import Caller, Found, caller_of, tidied


def test_a_number_is_asked_about_in_every_form() -> None:
    assert caller_of(numbers.parse("+81 90-1234-5678", area_code="03")) == Caller("09012345678", "+819012345678", "090-1234-5678")
    found = caller_of(numbers.parse("201", area_code="03"))
    assert found is not None and found.forms == ("201",)


@pytest.mark.parametrize("text", ["", "alice", "anonymous"])
def test_nobody_is_asked_about_what_is_no_number(text: str) -> None:
    assert caller_of(numbers.parse(text, area_code="03")) is None


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://x y", "//x", "data:text/html,x", 'https://x/"onclick=', "https://x/\n"]
)
def test_a_link_that_is_none_is_not_shown(link: str) -> None:
    assert tidied(Found("a", link=link)).link == ""
    assert tidied(Found("a", link="https://crm.example/k/7/show#record=42")).link


@given(st.text(), st.text())
def test_any_text_can_be_kept(name: str, memo: str) -> None:
    found = tidied(Found(name, "", memo))
    assert all(len(text) <= 300 and "\0" not in text and text.encode() is not None for text in found)
    assert found.title == found.name
