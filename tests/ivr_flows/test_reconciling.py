"""What a new connection finds is put in order: ours go on, strangers ring the office, nothing is left that nobody looks after."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.dialplan import Outcome
from ivr_flows.ari_models.models_bridges import Bridge
from ivr_flows.ari_models.models_channels import CallerID, Channel, DialplanCEP
from ivr_flows.reconciling import Stranger, arguments, plan, recording_of

NOBODY = CallerID(name="", number="")


def channel(name: str, app: str = "Stasis", data: str = "appliance,enter,front,main") -> Channel:
    place = DialplanCEP(context="in-front", exten="s", priority=9, app_name=app, app_data=data)
    return Channel(
        id=name, protocol_id="", name=name, state="Up", caller=NOBODY, connected=NOBODY, accountcode="", dialplan=place,
        creationtime="", language="ja",
    )  # fmt: skip


def bridge(name: str, *channels: str, creator: str = "Stasis") -> Bridge:
    return Bridge(
        id=name, technology="simple_bridge", bridge_type="mixing", bridge_class="stasis", creator=creator, name="", channels=channels,
        creationtime="",
    )  # fmt: skip


def test_our_calls_go_on_and_those_that_hung_up_are_over() -> None:
    found = plan({"a"}, [channel("a"), channel("c", "Dial")], [], {"a": False, "b": False, "c": True, "d": True})
    assert (found.adopted, found.gone, found.strangers) == (("a",), ("b", "d"), ())


def test_a_stranger_goes_to_the_fallback_of_his_flow_and_his_recording_is_stopped() -> None:
    found = plan({"x"}, [channel("x")], [], {})
    assert found.strangers == (Stranger("x", "main"),)
    assert found.recordings == (recording_of("x"),)


def test_a_stranger_who_was_claimed_says_his_flow_too() -> None:
    found = plan({"x"}, [channel("x", "StasisBroadcast", "2000,^appliance$,enter:front:night")], [], {})
    assert found.strangers == (Stranger("x", "night"),)


def test_a_stranger_who_has_had_his_conversation_is_not_rung_for_again() -> None:
    channels = [channel(outcome, data=f"appliance,back,{outcome}") for outcome in Outcome]
    found = plan({one.id for one in channels}, channels, [], {})
    assert {stranger.channel for stranger in found.strangers if stranger.over} == {"answered", "done"}


def test_a_bridge_of_ours_without_two_live_legs_goes_and_asterisks_own_stay() -> None:
    bridges = [bridge("whole", "a", "b"), bridge("half", "a", "gone"), bridge("empty"), bridge("theirs", creator="")]
    found = plan({"a", "b"}, [channel("a"), channel("b")], bridges, {"a": False, "b": False})
    assert found.bridges == ("half", "empty")


def test_arguments_of_another_application_are_not_ours() -> None:
    assert arguments("Stasis", "other,enter,front,main") == ()
    assert arguments("Dial", "PJSIP/201") == ()
    assert arguments("StasisBroadcast", "2000") == ()


NAMES = st.sets(st.sampled_from("abcdef"))


@given(NAMES, NAMES, st.dictionaries(st.sampled_from("abcdef"), st.booleans()))
def test_everybody_inside_is_either_ours_or_sent_on(inside: set[str], there: set[str], known: dict[str, bool]) -> None:
    found = plan(inside, [channel(name) for name in sorted(there)], [], known)
    strangers = {stranger.channel for stranger in found.strangers}
    assert strangers | set(found.adopted) == inside & there
    assert not strangers & set(known)
    assert set(found.gone) <= set(known)
    assert {name for name in known if name not in there} <= set(found.gone)
