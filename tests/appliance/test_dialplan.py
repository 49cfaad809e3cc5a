"""The words between dialplan and flows: targets are spelled one way, and a wrong one is told its mend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import dialplan
from appliance.dialplan import Kind, Target, target


@pytest.mark.parametrize(
    "text",
    [
        "flow:main",
        "group:front-desk",
        "extension:201",
        "queue:support",
        "voicemail:201",
        "conference:800",
        "outside:0312345678",
        "hangup",
    ],
)
def test_a_target_is_written_as_it_was_read(text: str) -> None:
    assert str(target(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "front", "group:", "group:Front", "extension:012", "extension:abc", "hangup:now", "fax:1", "group:a\nb", "outside:abc"],
)
def test_what_is_no_target_is_told_its_mend(text: str) -> None:
    with pytest.raises(ValueError, match="; write"):
        target(text)


@given(st.text())
def test_any_text_is_a_target_or_a_sentence(text: str) -> None:
    try:
        found = target(text)
    except ValueError as error:
        assert "; write" in str(error)
    else:
        assert str(found) == text
        assert "\n" not in text


def test_every_kind_but_a_flow_has_a_context_of_its_own() -> None:
    assert set(Kind) - set(dialplan.CONTEXTS) == {Kind.FLOW}
    assert len(set(dialplan.CONTEXTS.values())) == len(dialplan.CONTEXTS)
    assert target("hangup") == Target(Kind.HANGUP)
    assert dialplan.inbound("main") == "in-main"
