"""Both legs of a talk through Asterisk lie on one mirror, and they are one recording: the caller's own call. Strangers are never mixed."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.moments import SECOND
from tests import needs
from tests.bed import hearing
from tests.bed.encode import spoken
from tests.bed.office import Leg, say
from tests.bed.speech import RATE
from tests.e2e.live import ALIKE, CODECS, FOREIGN, OUTSIDE, PAUSE, RESUME, Live, Talk

pytestmark = [
    needs.namespaces(), needs.program("baresip", "mmdebstrap", "sipp", "tcpdump", "tshark", "espeak-ng", "sox", "ethtool"),
    pytest.mark.timeout(900),
]  # fmt: skip

LENGTH_S = 0.3
KEYS_S = 1.0
"""A command's own keys, and the telephone's time for them."""
PAUSED_S = 7.0
THROUGH = (*CODECS, "hold", "srtp", "keys", "telling", "changing", "early", "consultation", "paused")
"""Talks of two people through Asterisk."""


def ties(talk: Talk) -> list[str | None]:
    """By what each of the other calls is tied to the caller's own; None where it is a talk of its own."""
    return [leg.call.tied_by if leg.call.main == talk.leg.call.id else None for leg in talk.legs[1:]]


def is_one_recording(talk: Talk) -> Leg:
    """Assert that the caller's own call is the one that has a recording, and every other call is named as its leg."""
    main, *others = talk.legs
    assert main.recording is not None, main.call
    assert (main.call.main, main.call.not_recorded) == (None, None)
    for leg in others:
        assert (leg.call.main, leg.call.recording, leg.call.not_recorded) == (main.call.id, None, "tied"), leg.call
    return main


def are_heard(leg: Leg, left: str, right: str, begin: float = 0.0, end: float | None = None) -> None:
    """Assert that these two are heard on their sides and nowhere else."""
    for channel, speaker in enumerate((left, right)):
        assert leg.heard(channel, say(speaker), begin, end) >= ALIKE, (leg.call, speaker)
        assert leg.heard(1 - channel, say(speaker), begin, end) < FOREIGN, (leg.call, speaker)


@pytest.mark.parametrize("name", THROUGH)
def test_a_talk_that_is_seen_on_both_sides_of_asterisk_is_one_recording(live: Live, name: str) -> None:
    talk = live.talk(name)
    main = is_one_recording(talk)
    assert ties(talk) == ["number"]
    (other,) = talk.legs[1:]
    assert other.call.caller == main.call.caller
    assert other.call.called[:3] == main.call.called[-3:]  # Asterisk calls what the telephone registered: its number and a mark


@pytest.mark.parametrize("name", [name for name in THROUGH if name != "consultation"])
def test_both_sides_of_asterisk_tell_the_same_end(live: Live, name: str) -> None:
    main, other = live.talk(name).legs
    assert other.call.end_reason == main.call.end_reason
    for attribute in ("answered_at", "ended_at"):
        assert abs(getattr(main.call, attribute) - getattr(other.call, attribute)) < SECOND


def test_media_past_asterisk_are_one_recording_with_both_sides_whole(live: Live) -> None:
    talk = live.talk("direct")
    main = is_one_recording(talk)
    assert abs(main.seconds - (talk.moments.ended - talk.moments.answered) / SECOND) <= LENGTH_S
    for begin, end in ((0.0, None), (0.0, main.seconds / 2), (main.seconds / 2, None)):
        are_heard(main, "271", "272", begin, end)
    assert main.recording is not None
    assert (main.recording.facts.one_sided, main.recording.facts.cut) == (False, False)


def test_a_blind_transfer_through_asterisk_is_one_recording(live: Live) -> None:
    talk = live.talk("blind")
    main, moved = is_one_recording(talk), talk.leg.place(talk.moments.marks[0])
    assert ties(talk) == ["number", "refer"]
    assert [leg.call.called[:3] for leg in talk.legs] == ["212", "212", "213"]
    are_heard(main, "211", "212", 0.0, moved)
    are_heard(main, "211", "213", moved)


def test_an_attended_transfer_through_asterisk_is_one_recording_and_the_consultation_another(live: Live) -> None:
    talk = live.talk("attended")
    main = is_one_recording(talk)
    hold, moved = (main.place(mark) for mark in talk.moments.marks)
    are_heard(main, "221", "222", 0.0, hold)
    are_heard(main, "221", "223", moved)
    assert main.heard(1, say("222"), hold + KEYS_S, moved) < FOREIGN
    consultation = is_one_recording(live.talk("consultation"))
    are_heard(consultation, "222", "223")
    assert max(consultation.heard(channel, say("221")) for channel in (0, 1)) < FOREIGN
    assert consultation.seconds < main.seconds


@pytest.mark.parametrize(
    ("name", "left", "first", "second"), [("blind-direct", "231", "232", "233"), ("replaced", "235", "236", "237")]
)
def test_a_transfer_from_phone_to_phone_is_one_recording(live: Live, name: str, left: str, first: str, second: str) -> None:
    talk = live.talk(name)
    main = is_one_recording(talk)
    began = main.place(talk.legs[1].call.answered_at or 0)
    are_heard(main, left, first, 0.0, began)
    are_heard(main, left, second, began)


def test_the_one_of_a_group_who_answers_is_heard_in_the_callers_recording(live: Live) -> None:
    talk = live.talk("group")
    main, *rung = talk.legs
    legs = {leg.call.called[:3]: leg for leg in rung}
    assert (legs["302"].call.main, legs["302"].call.not_recorded) == (main.call.id, "tied")
    assert (legs["303"].call.main, legs["303"].call.not_recorded) == (None, "not_answered")
    assert [leg.recording is not None for leg in talk.legs] == [True, False, False]
    are_heard(main, "301", "302")
    assert abs(main.seconds - (talk.moments.ended - talk.moments.answered) / SECOND) <= LENGTH_S


def test_a_call_that_goes_out_under_the_offices_number_is_one_recording(live: Live) -> None:
    talk = live.talk("outward")
    main = is_one_recording(talk)
    assert [(leg.call.caller, leg.call.called) for leg in talk.legs] == [("311", OUTSIDE), ("0312345678", OUTSIDE)]
    are_heard(main, "311", OUTSIDE)


def test_two_who_call_one_telephone_at_the_same_time_are_two_recordings(live: Live) -> None:
    one, other = (live.talk(name) for name in ("same-1", "same-2"))
    for talk, stranger in ((one, "332"), (other, "331")):
        main = is_one_recording(talk)
        are_heard(main, talk.caller, "333")
        assert max(main.heard(channel, say(stranger)) for channel in (0, 1)) < FOREIGN


def test_callers_who_withhold_their_number_at_the_same_time_are_never_mixed(live: Live) -> None:
    """Nothing that two of them have in common says whose leg is whose, so that each leg keeps a recording of its own."""
    for name in ("hidden-1", "hidden-2"):
        legs = live.talk(name).legs
        assert [leg.call.caller_reason for leg in legs] == ["anonymous"] * 4
        assert [leg.call.main for leg in legs] == [None] * 4
        assert all(leg.recording is not None for leg in legs)
        for leg in legs:
            called = leg.call.called[:3]
            are_heard(leg, f"{int(called) + 4}", called)


def test_no_talk_is_tied_to_another(live: Live) -> None:
    """All of them were held at once."""
    for name in live.talks:
        if not name.startswith("hidden"):
            talk = live.talk(name)
            assert {leg.call.main for leg in talk.legs} <= {None, talk.leg.call.id}, name


def test_keys_of_the_telephone_pause_every_leg_and_let_it_go_on(live: Live) -> None:
    talk = live.talk("paused")
    main = is_one_recording(talk)
    pause, resume = talk.moments.marks
    begin, end = main.place(pause), main.place(resume)
    are_heard(main, "341", "342", 0.0, begin - KEYS_S)
    are_heard(main, "341", "342", end + KEYS_S)
    assert not np.any(main.samples[int((begin + KEYS_S) * main.rate) : int(end * main.rate)])
    assert abs(main.seconds - (talk.moments.ended - talk.moments.answered) / SECOND) <= LENGTH_S
    kept = talk.moments.kept
    for call in {leg.call.id for leg in talk.legs}:
        moments = [at for whose, at in kept if whose == call]
        assert any(at < pause for at in moments)
        assert any(at > resume + SECOND for at in moments)
        assert not [at for at in moments if pause + KEYS_S * SECOND <= at <= resume]
    assert {(one["how"], one["who"]) for one in main.facts["pauses"]} == {("digits", "called")}
    pressed = "".join(mark["key"] for mark in main.facts["marks"])
    assert pressed.startswith(PAUSE[0])
    assert RESUME[0] not in pressed[2:-1]


def test_who_listens_in_the_console_hears_both_sides_of_direct_media(live: Live) -> None:
    ear = live.talk("direct").moments.live
    assert ear is not None
    assert ear.status == 200
    sound = ear.samples()
    for channel, speaker in enumerate(("271", "272")):
        words = spoken(say(speaker), RATE, 8000)
        assert hearing.likeness(words, sound[:, channel], 8000) >= ALIKE, speaker
        assert hearing.likeness(words, sound[:, 1 - channel], 8000) < FOREIGN, speaker


def test_who_listens_in_the_console_hears_nothing_of_a_pause(live: Live) -> None:
    ear = live.talk("paused").moments.live
    assert ear is not None
    sound = ear.samples()
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)).max(axis=1) > 30)
    widest = int(np.diff(loud).argmax())
    assert (loud[widest + 1] - loud[widest]) / 8000 >= PAUSED_S
    for begin, end in ((0, loud[widest]), (loud[widest + 1], len(sound))):
        for channel, speaker in enumerate(("341", "342")):
            assert hearing.likeness(spoken(say(speaker), RATE, 8000), sound[begin:end, channel], 8000) >= ALIKE, speaker
