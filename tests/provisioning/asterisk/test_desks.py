"""Desks and groups: every outcome leads somewhere, and a confirmation comes before a call is answered."""

from __future__ import annotations

from provisioning.asterisk import extensions
from tests.bed.boxes import context, wiring

TEXT = extensions.render(wiring())


def test_a_target_ends_its_stay_in_the_flow_so_that_no_talk_is_cut() -> None:
    for name in ("go-extension", "go-group", "go-queue", "go-voicemail", "go-conference", "go-park"):
        for extension, steps in context(TEXT, name).items():
            assert extension in ("i", "a") or steps[0] == "Gosub(begin,s,1)"
    assert context(TEXT, "begin")["s"][0] == "Set(TIMEOUT(absolute)=0)"


def test_every_outcome_comes_back_to_the_flow_where_it_shall() -> None:
    went = context(TEXT, "went")
    assert set(went) == {"answered", "no_answer", "busy", "unreachable", "full", "timeout", "empty", "done"}
    for outcome, steps in went.items():
        assert steps[0] == f'GotoIf($["${{APPLIANCE_BACK}}" = "1"]?go-back,{outcome},1)'


def test_a_target_that_is_gone_leaves_nobody_in_silence() -> None:
    for name in ("go-extension", "go-group", "go-queue", "go-voicemail", "go-conference"):
        assert context(TEXT, name)["i"] == ["Goto(went,unreachable,1)"]


def test_a_desks_next_steps_are_its_own() -> None:
    steps = context(TEXT, "go-extension")["201"]
    assert {"Set(ON_NO_ANSWER=go-voicemail,201,1)", "Set(ON_BUSY=go-voicemail,201,1)"} <= set(steps)
    assert "Set(ON_BUSY=go-extension,205,1)" in context(TEXT, "go-extension")["203"]


def test_strategies_ring_all_in_order_or_by_memory() -> None:
    groups = context(TEXT, "go-group")
    assert sum(step.startswith("Dial(") for step in groups["front"]) == 1
    assert (groups["order"].count("Set(RINGS=)"), groups["memory"].count("Set(RINGS=)")) == (3, 1)
    assert "Set(CALLERID(name)=営業:${CALLERID(name)})" in groups["order"]


def test_a_member_outside_confirms() -> None:
    assert "Set(RINGS=${RINGS}&Local/09087654321@member-confirm/n)" in context(TEXT, "go-group")["mixed"]
    assert "Set(CONFIRM=U(confirm))" in context(TEXT, "member-confirm")["_[0-9]."]
