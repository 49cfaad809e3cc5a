"""Towards the outside: emergency numbers stand before everything, and rules decide in their order."""

from __future__ import annotations

import re

import pytest

from appliance import numbers
from appliance.phone_lines import Permission
from provisioning.asterisk import extensions, outbound
from tests.bed.boxes import context, wiring

TEXT = extensions.render(wiring())
LINES = extensions.render(wiring("lines"))


@pytest.mark.parametrize("case", ["all", "pbx", "lines"])
def test_emergency_is_the_first_that_a_telephone_reaches(case: str) -> None:
    text = extensions.render(wiring(case))
    entries = [*re.findall(r"^\[(from-.+)\]", text, re.MULTILINE), "go-outside"]
    assert len(entries) > 1
    for name in entries:
        found = context(text, name)
        assert found["include"][0] == "emergency"
        assert set(found) <= {"include", "i"}, "nothing of its own comes before what it includes"
    for number in numbers.EMERGENCY:
        assert {number, f"0{number}", f"184{number}", f"0186{number}"} <= set(context(text, "emergency"))


def test_an_emergency_call_tries_the_named_trunk_first_then_all_then_all_again() -> None:
    dialled = [re.search(r"@(trunk-\w+)", step) for step in context(LINES, "emergency-call")["_1XX"]]
    assert [one[1] for one in dialled if one] == ["trunk-spare", "trunk-main", "trunk-hgw"] * 2


def test_a_local_number_is_completed_with_the_area_code() -> None:
    bare = context(TEXT, "number-bare")
    assert "Set(NATIONAL=03${EXTEN})" in bare["_[2-9]XXXXXXX"]
    assert "Set(KIND=local)" in bare["_03[2-9]XXXXXXX"]
    assert "_[2-9]XXXXXX" in context(LINES, "number-bare")


def test_rules_are_asked_in_their_order_and_name_their_trunks_in_order() -> None:
    tests = next(iter(context(LINES, "choose").values()))
    assert [re.findall(r"dial-\d", step) for step in tests[:-1]] == [["dial-0"], ["dial-1"], ["dial-2"]]
    steps = next(iter(context(LINES, "dial-0").values()))
    assert next(step for step in steps if "PJSIP/" in step).startswith("Dial(PJSIP/${IF($[${LEN(${SHOW})} > 0]?${SHOW}:184)}")
    assert any("GROUP_COUNT(main@trunk)} >= 30" in step for step in steps)


def test_without_a_word_of_permissions_everybody_may_call_every_kind() -> None:
    (one,) = outbound.permissions(wiring("pbx"))
    assert (one.name, len(one.classes)) == ("standard", 9)
    assert [one.name for one in outbound.permissions(wiring(permissions=[Permission(name="boss")]))] == ["standard", "boss"]


def test_the_office_prefix_is_taken_off_before_a_number_is_looked_at() -> None:
    assert "Gosub(number,${EXTEN:1},1)" in context(extensions.render(wiring("pbx")), "outside-standard")["_0[0-9*#]."]
