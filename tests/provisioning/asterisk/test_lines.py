"""How a line is written: what people wrote is a value and nothing more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.asterisk import lines


@given(st.text())
def test_a_name_becomes_one_value_without_a_letter_that_asterisk_acts_on(text: str) -> None:
    found = lines.words(text)
    assert not set(found) & set('\n\r\0;${}[]"\\,|&<>=()')
    assert len((found + "x").splitlines()) == 1


def test_a_name_stays_readable() -> None:
    assert lines.words(" 営業; [2階] ${X} ") == "営業；  ［2階］ ＄｛X｝".replace("  ", " ")


@pytest.mark.parametrize("given", ["a\nb", "a;b", "[x]", "${X}", 'a"b', "a\\b"])
def test_a_value_that_would_be_more_is_refused(given: str) -> None:
    with pytest.raises(lines.UnwritableError, match="cannot stand in Asterisk's files; write"):
        lines.value(given)


def test_a_secret_is_escaped_and_a_strange_one_refused() -> None:
    assert lines.secret("a;b") == "a\\;b"
    with pytest.raises(lines.UnwritableError):
        lines.secret("a\nb")


def test_a_section_leaves_out_what_is_empty() -> None:
    assert (
        lines.section("x", [("a", 1), ("b", ""), ("c", True), ("d", False)], [("e", "s")]) == "[x]\na = 1\nc = yes\nd = no\ne = s\n"
    )


def test_an_extension_has_priorities_and_labels() -> None:
    assert lines.extension("s", "NoOp()", "end: Hangup()") == ["exten => s,1,NoOp()", " same => n(end),Hangup()"]


def test_a_context_with_more_than_one_line_in_a_line_is_refused() -> None:
    with pytest.raises(lines.UnwritableError, match="more than one line"):
        lines.context("x", ["exten => s,1,NoOp()\nexten => s,2,System(id)"])
