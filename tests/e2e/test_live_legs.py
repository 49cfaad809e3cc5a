"""Both legs of a talk through Asterisk lie on one mirror. Today each is a call with a recording of its own; these are their rows."""

from __future__ import annotations

import pytest

from appliance.moments import SECOND
from tests import needs
from tests.bed.office import say
from tests.e2e.live import ALIKE, Live

pytestmark = [
    needs.namespaces(), needs.program("baresip", "mmdebstrap", "sipp", "tcpdump", "tshark", "espeak-ng", "sox", "ethtool"),
    pytest.mark.timeout(900),
]  # fmt: skip


@pytest.mark.parametrize("name", ["ulaw", "opus", "hold", "srtp"])
def test_the_legs_of_a_talk_are_two_calls_of_one_caller_at_the_same_time(live: Live, name: str) -> None:
    first, second = live.talk(name).legs
    assert first.call.caller == second.call.caller
    assert first.call.called == f"{first.call.caller[:2]}2"
    assert second.call.called.startswith(f"{first.call.called}-")  # Asterisk calls the contact that the telephone has registered
    assert first.call.end_reason == second.call.end_reason == "hangup_caller"
    for attribute in ("started_at", "answered_at", "ended_at"):
        assert abs(getattr(first.call, attribute) - getattr(second.call, attribute)) < SECOND
    assert first.call.id != second.call.id


@pytest.mark.parametrize("name", ["ulaw", "opus", "srtp"])
def test_each_leg_that_is_recorded_holds_the_whole_talk(live: Live, name: str) -> None:
    talk = live.talk(name)
    assert talk.recorded
    for leg in talk.recorded:
        assert leg.heard(0, say(talk.caller)) >= ALIKE
        assert leg.heard(1, say(f"{talk.caller[:2]}2")) >= ALIKE


def test_a_blind_transfer_through_asterisk_is_three_calls_of_one_caller(live: Live) -> None:
    legs = live.talk("blind").legs
    assert [leg.call.caller for leg in legs] == ["211"] * 3
    assert [leg.call.called[:3] for leg in legs] == ["212", "212", "213"]


def test_media_past_asterisk_are_divided_between_the_legs(live: Live) -> None:
    """What is true today, and should not be: each leg's recording holds one side."""
    first, second = live.talk("direct").legs
    assert first.heard(0, say("271")) >= ALIKE
    assert second.heard(1, say("272")) >= ALIKE
