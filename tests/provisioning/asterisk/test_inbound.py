"""From outside: what a caller writes is filtered, routes are asked in order, and nobody falls through."""

from __future__ import annotations

from appliance.phone_lines import Block, Route
from provisioning.asterisk import extensions
from tests.bed.boxes import context, wiring

TEXT = extensions.render(wiring())


def test_the_dialled_number_is_looked_for_in_its_header_first() -> None:
    steps = context(TEXT, "arrive")["s"]
    order = [
        next(index for index, step in enumerate(steps) if word in step) for word in ("P-Called-Party-ID", "${ASKED}", "read,To")
    ]
    assert order == sorted(order)


def test_what_a_caller_wrote_is_compared_only_after_it_was_filtered() -> None:
    for name in ("arrive", "user", "blocked", "routes"):
        for steps in context(TEXT, name).values():
            for step in steps:
                if step.startswith(("GotoIf", "ExecIf")):
                    assert "PJSIP_HEADER" not in step
                    assert "CALLERID(name)" not in step


def test_a_route_of_one_number_is_asked_for_that_number_only() -> None:
    routes = context(TEXT, "routes")
    assert routes["0312345679"][0].endswith("in-crank,s,1)")
    assert routes["0312345679"][1] == "GotoIf($[1]?in-boss,s,1)"
    assert [step for step in routes["_[0-9+]!"] if "in-boss" in step] == []


def test_a_call_that_no_route_takes_rings_the_fallback() -> None:
    assert all(steps[-1] == "Goto(go-group,front,1)" for steps in context(TEXT, "routes").values())


def test_a_route_whose_target_is_gone_rings_its_fallback() -> None:
    route = Route(name="old", target="queue:gone", fallback="extension:201")
    assert context(extensions.render(wiring(routes=[route])), "in-old")["s"][-1] == "Goto(go-extension,201,1)"


def test_a_flow_that_is_not_published_rings_the_routes_fallback() -> None:
    route = Route(name="new", target="flow:later", fallback="extension:201")
    found = context(extensions.render(wiring(routes=[route])), "in-new")
    assert "Goto(go-extension,201,1)" in found["s"]
    assert found["T"][-1] == "Goto(go-extension,201,1)"


def test_a_switch_is_asked_before_the_target() -> None:
    steps = context(TEXT, "in-shop-all")["s"]
    assert 'GotoIf($["${DB(appliance-switch/night)}" = "1"]?go-voicemail,201,1)' in steps
    assert steps[-1] == "Goto(go-group,order,1)"


def test_a_blocked_caller_reaches_only_a_route_that_asks_for_blocked_ones() -> None:
    joke = Route(name="joke", callers=["blocked"], target="voicemail:201")
    text = extensions.render(wiring(routes=[joke], block=Block(callers=["withheld"], action="announce")))
    steps = context(text, "blocked")["s"]
    assert any("in-joke,s,1" in step for step in steps)
    assert "Playback(ss-noservice,noanswer)" in steps
    assert not any("in-joke" in step for steps in context(text, "routes").values() for step in steps)
