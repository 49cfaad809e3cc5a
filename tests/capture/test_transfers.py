"""REFER and Replaces are read as their RFCs write them, and rubbish is nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.transfers import Replaced, refer_to, replaced

NAMED = Replaced("98732@sip.example.com", "r33th4x0r", "ff87ff")


@pytest.mark.parametrize(
    "value",
    [
        "98732@sip.example.com ;from-tag=r33th4x0r ;to-tag=ff87ff",
        "98732@sip.example.com;to-tag=ff87ff;from-tag=r33th4x0r;early-only",
        "98732@sip.example.com; To-Tag = ff87ff ; FROM-TAG=r33th4x0r",
    ],
)
def test_replaces_names_a_dialog(value: str) -> None:
    assert replaced(value) == NAMED._replace(to_tag="ff87ff", from_tag="r33th4x0r")


@pytest.mark.parametrize("value", ["", "a@b", "a@b;to-tag=1", "a@b;from-tag=1", ";to-tag=1;from-tag=2", "a@b;to-tag=;from-tag="])
def test_replaces_without_both_tags_names_nothing(value: str) -> None:
    assert replaced(value) is None


def test_refer_to_names_its_target_and_whose_place_is_taken() -> None:
    value = "<sip:dave@denver.example.org?Replaces=98732%40sip.example.com%3Bto-tag%3Dr33th4x0r%3Bfrom-tag%3Dff87ff&Accept=x>"
    assert refer_to(value) == (("dave", "denver.example.org"), NAMED)
    assert refer_to('"C" <sip:202@192.0.2.1:5060;method=INVITE>;x=y') == (("202", "192.0.2.1"), None)
    assert refer_to("sip:202@192.0.2.1") == (("202", "192.0.2.1"), None)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    refer_to(text)
    replaced(text)
