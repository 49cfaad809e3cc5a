"""What changes in the middle of a talk, with real telephones through a real Asterisk: hold, transfer, codec. The sides never swap."""

from __future__ import annotations

import pytest

from appliance.moments import SECOND
from tests import needs
from tests.bed.office import Leg, say
from tests.e2e.live import ALIKE, FOREIGN, ON_HOLD_S, TUNE, Live

pytestmark = [
    needs.namespaces(), needs.program("baresip", "mmdebstrap", "sipp", "tcpdump", "tshark", "espeak-ng", "sox", "ethtool"),
    pytest.mark.timeout(900),
]  # fmt: skip

MARGIN_S = 1.0
"""A telephone needs some time for what it was told."""
LENGTH_S = 0.3


def never_swap(leg: Leg, left: str, *right: str) -> None:
    """Assert that who speaks left is never heard right, and the other way round."""
    assert leg.heard(1, say(left)) < FOREIGN
    for number in right:
        assert leg.heard(0, say(number)) < FOREIGN, number


def test_on_hold_the_length_is_kept_and_the_music_is_on_the_side_of_who_holds(live: Live) -> None:
    talk = live.talk("hold")
    leg = talk.leg
    hold, resume = (leg.place(mark) for mark in talk.moments.marks)
    assert abs(leg.seconds - (talk.moments.ended - talk.moments.answered) / SECOND) <= LENGTH_S
    assert leg.seconds >= ON_HOLD_S + 10.0
    for begin, end in ((0.0, hold), (resume + MARGIN_S, leg.seconds)):
        assert leg.heard(0, say("201"), begin, end) >= ALIKE
        assert leg.heard(1, say("202"), begin, end) >= ALIKE
        assert leg.heard(1, TUNE, begin, end) < FOREIGN
    assert leg.heard(1, TUNE, hold, resume) >= ALIKE
    assert leg.heard(1, say("202"), hold + MARGIN_S, resume) < FOREIGN
    never_swap(leg, "201", "202")
    assert leg.heard(0, TUNE) < FOREIGN


def test_a_blind_transfer_stays_one_call_of_the_caller(live: Live) -> None:
    talk = live.talk("blind")
    leg, moved = talk.leg, talk.leg.place(talk.moments.marks[0])
    assert abs(leg.seconds - (talk.moments.ended - talk.moments.answered) / SECOND) <= LENGTH_S
    assert leg.heard(1, say("212"), 0.0, moved) >= ALIKE
    assert leg.heard(1, say("213"), moved) >= ALIKE
    assert leg.heard(1, say("213"), 0.0, moved - MARGIN_S) < FOREIGN
    assert min(leg.heard(0, say("211"), 0.0, moved), leg.heard(0, say("211"), moved)) >= ALIKE
    never_swap(leg, "211", "212", "213")


def test_an_attended_transfer_stays_one_call_of_the_caller(live: Live) -> None:
    talk = live.talk("attended")
    leg = talk.leg
    hold, moved = (leg.place(mark) for mark in talk.moments.marks)
    assert abs(leg.seconds - (talk.moments.ended - talk.moments.answered) / SECOND) <= LENGTH_S
    assert leg.heard(1, say("222"), 0.0, hold) >= ALIKE
    assert leg.heard(1, TUNE, hold, moved) >= ALIKE
    assert leg.heard(1, say("223"), moved) >= ALIKE
    assert leg.heard(1, say("223"), 0.0, moved - MARGIN_S) < FOREIGN
    assert min(leg.heard(0, say("221"), 0.0, hold), leg.heard(0, say("221"), moved)) >= ALIKE
    never_swap(leg, "221", "222", "223")


@pytest.mark.parametrize("half", [0, 1])
def test_a_codec_that_changes_is_heard_before_and_after(live: Live, half: int) -> None:
    talk = live.talk("changing")
    leg = talk.leg
    assert leg.recording is not None
    assert leg.recording.facts.codecs == ("PCMA", "PCMU")
    assert abs(leg.seconds - leg.call.duration) <= LENGTH_S
    begin, end = half * leg.seconds / 2 + half * MARGIN_S, (half + 1) * leg.seconds / 2
    assert leg.heard(0, say("241"), begin, end) >= ALIKE
    assert leg.heard(1, say("242"), begin, end) >= ALIKE
    never_swap(leg, "241", "242")
