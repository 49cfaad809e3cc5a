"""Single values of the telephone system: what could not stand in one of Asterisk's lines is refused with its mend."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import phone_words as words

CHECKS = {
    words.name: ["front", "night-shift", "q2"],
    words.extension: ["201", "90"],
    words.target: ["group:front"],
    words.target_or_none: ["", "hangup"],
    words.member: ["201", "090-1234-5678"],
    words.public: ["", "03-1234-5678", "+81312345678"],
    words.caller: ["listed", "blocked", "payphone", "0120*"],
    words.code: ["", "*8", "**", "#72"],
    words.host: ["", "192.168.1.1", "fd00::1", "sip.example.jp"],
    words.user: ["", "3", "0312345678@ntt.example"],
    words.mail: ["", "front@example.jp"],
    words.sound: ["", "custom/welcome"],
    words.program: ["", "/usr/sbin/sendmail -t"],
}
EVERY: list[Callable[[str], str]] = [*CHECKS, words.label]


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in CHECKS.items() for text in texts])
def test_what_is_right_stays_as_it_is(check: Callable[[str], str], text: str) -> None:
    assert check(text) == text


@pytest.mark.parametrize("check", EVERY, ids=lambda check: check.__name__)
@pytest.mark.parametrize("text", ["a\nb", "a\r", "\x00", "201\n[evil]"])
def test_a_line_break_is_refused_everywhere(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError, match="; write"):
        check(text)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@given(text=st.text())
def test_nothing_that_asterisk_would_read_as_more_than_a_value_gets_through(check: Callable[[str], str], text: str) -> None:
    try:
        found = check(text)
    except ValueError as error:
        assert "; write" in str(error)
    else:
        assert not set(found) & set("\n\r\0;${}[],\\\"'|&<>=")


def test_a_name_of_people_may_hold_anything_on_one_line() -> None:
    assert words.label("営業; ${SYSTEM(rm)} [x]") == "営業; ${SYSTEM(rm)} [x]"
