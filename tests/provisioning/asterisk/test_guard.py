"""The guards: every way into a flow, and back into it, has all three, and each ends at something that rings."""

from __future__ import annotations

import pytest

from provisioning.asterisk import extensions, guard
from tests.bed.boxes import context, wiring

TEXT = extensions.render(wiring())


@pytest.mark.parametrize(("name", "extension"), [("in-main", "s"), ("go-back", "enter")])
def test_a_way_into_a_flow_has_all_three_guards(name: str, extension: str) -> None:
    found = context(TEXT, name)
    steps = found[extension]
    entering = next(index for index, step in enumerate(steps) if step.startswith("Stasis("))
    before, after = steps[:entering], steps[entering:]
    assert any("APPLIANCE_BEAT" in step for step in before)
    assert any(step.startswith("GotoIf($[${APPLIANCE_AGE} > 5 | ${APPLIANCE_AGE} < -5]?fallback") for step in before)
    assert any(step.startswith("Set(TIMEOUT(absolute)=") for step in before)
    assert any('"${STASISSTATUS}" = "SUCCESS"' in step for step in after)
    assert any(step.startswith("StasisBroadcast(2000,^appliance$") for step in after)
    assert after[-2].startswith("Goto(go-fallback,")
    assert found["T"][-1].startswith("Goto(go-fallback,")


def test_every_stasis_of_the_dialplan_stands_behind_the_heartbeat() -> None:
    callers = TEXT.replace("Stasis(appliance,canary)", "")  # which rings nobody, and ends where nobody takes it
    assert callers.count("Stasis(") == TEXT.count("Set(APPLIANCE_AGE=") == TEXT.count("exten => T,1")


def test_a_flows_fallback_rings_without_us_and_comes_back_to_nobody() -> None:
    assert context(TEXT, "go-fallback")["main"] == ["Set(APPLIANCE_BACK=)", "Set(APPLIANCE_RING=)", "Goto(go-group,front,1)"]


def test_a_flow_that_is_not_known_rings_the_offices_fallback_and_without_one_everybody() -> None:
    assert context(TEXT, "go-fallback")["s"][-1] == "Goto(go-group,front,1)"
    everybody = extensions.render(wiring(fallback=""))
    assert context(everybody, "go-fallback")["s"][-1] == "Goto(go-last,s,1)"
    assert "Gosub(ring,206,1)" in context(everybody, "go-last")["s"]


def test_a_fallback_that_is_gone_is_not_gone_to() -> None:
    assert not guard.serves(wiring(groups=[]), "group:front")
    assert guard.flow_fallback(wiring(groups=[]), "main") == "go-last,s,1"
    assert guard.serves(wiring(), "hangup")
    assert not guard.serves(wiring(), "flow:main")


def test_the_canarys_way_rings_nobody() -> None:
    assert context(TEXT, "canary")["s"] == ["Set(TIMEOUT(absolute)=20)", "Stasis(appliance,canary)", "Hangup()"]
