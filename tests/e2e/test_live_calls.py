"""Real telephones talk through a real Asterisk while the box listens at the mirror: what was spoken is what is heard, side by side.

A talk through Asterisk is two calls on the wire and one recording (`test_live_legs.py`): the caller is on the left.
"""

from __future__ import annotations

import re
import subprocess

import pytest

from appliance.moments import SECOND
from capture.check import of_file
from tests import needs
from tests.bed.office import Leg, say
from tests.e2e.live import ALIKE, CODECS, FOREIGN, TUNE, Live, Talk, announcement

pytestmark = [
    needs.namespaces(), needs.program("baresip", "mmdebstrap", "sipp", "tcpdump", "tshark", "espeak-ng", "sox", "ethtool"),
    pytest.mark.timeout(900),
]  # fmt: skip

LENGTH_S = 0.3
"""Between the telephones' clocks and the recording lie the first and last packets, and a busy machine."""

ROUNDED = 0.05
"""Of a jitter, and in ms: tcpdump's stamps are in microseconds, tshark's figures in as many."""
UNSPOKEN = 2
"""Telephones that ring and are never answered, or are refused."""
QUIET = 100.0
"""Somebody who speaks is louder."""


def both_are_heard(leg: Leg, caller: str, called: str, begin: float = 0.0, end: float | None = None) -> None:
    """Assert that the caller is on the left and the called on the right, and neither on the other side."""
    for channel, speaker in enumerate((caller, called)):
        words = say(speaker)
        assert leg.heard(channel, words, begin, end) >= ALIKE, (leg.call, speaker, channel)
        assert leg.heard(1 - channel, words, begin, end) < FOREIGN, (leg.call, speaker, 1 - channel)


def lasts_as_long_as_it_did(talk: Talk) -> None:
    """Assert that the caller's call is as long as it was by his telephone, and complete."""
    assert talk.leg.recording is not None, talk.leg.call
    facts = talk.leg.recording.facts
    assert abs(talk.leg.seconds - (talk.moments.ended - talk.moments.answered) / SECOND) <= LENGTH_S
    assert (facts.lost, facts.one_sided, facts.cut) == (0, False, False)


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec != "g726"])
def test_a_talk_is_heard_in_every_codec(live: Live, codec: str) -> None:
    talk = live.talk(codec)
    lasts_as_long_as_it_did(talk)
    for leg in talk.recorded:
        assert leg.recording is not None
        assert leg.recording.facts.codecs == (CODECS[codec],)
        both_are_heard(leg, talk.caller, f"{talk.caller[:2]}2")
    assert talk.leg.call.end_reason == "hangup_caller"


def test_g726_is_recorded_as_it_was_announced(live: Live) -> None:
    """baresip announces G726-32 and packs as AAL2-G726-32, so that its words are not held to be alike: the announcement is believed."""
    talk = live.talk("g726")
    lasts_as_long_as_it_did(talk)
    for leg in talk.recorded:
        assert leg.recording is not None
        assert leg.recording.facts.codecs == ("G726-32",)
        assert min(leg.loudness(channel, 0.0, leg.seconds) for channel in (0, 1)) > QUIET


def test_an_announcement_before_the_answer_is_heard_and_what_follows_too(live: Live) -> None:
    talk = live.talk("early")
    leg = talk.leg
    answered = leg.place(talk.moments.answered)
    assert leg.heard(1, announcement(), 0.0, answered) >= ALIKE
    both_are_heard(leg, "251", "252", answered)
    assert abs(leg.seconds - leg.place(talk.moments.ended)) <= LENGTH_S
    assert leg.call.answered_at is not None
    assert leg.call.answered_at - leg.call.started_at >= len(announcement()) * SECOND // 16000
    assert leg.call.end_reason == "hangup_called"


def test_an_announcement_without_an_answer_is_heard_and_the_call_is_not_answered(live: Live) -> None:
    (leg,) = live.talk("refused").legs
    assert leg.heard(1, announcement()) >= ALIKE
    assert (leg.call.answered_at, leg.call.end_reason, leg.call.sip_status) == (None, "busy", 486)


def test_media_that_asterisk_sends_past_itself_are_heard_on_the_right_sides(live: Live) -> None:
    talk = live.talk("direct")
    segments = [segment for leg in talk.recorded for segment in leg.facts["segments"]]
    server = re.findall(r"INVITE sip:272@([\d.]+)", talk.phone_log)[0]
    assert any(server not in segment["source"] + segment["destination"] for segment in segments), "the media did not go directly"
    for channel, speaker in enumerate(("271", "272")):
        assert max(leg.heard(channel, say(speaker)) for leg in talk.recorded) >= ALIKE
        assert max(leg.heard(1 - channel, say(speaker)) for leg in talk.recorded) < FOREIGN


def test_keys_are_marks_whether_told_in_rtp_or_by_info(live: Live) -> None:
    for name, keys, ways in (("keys", "159#", ("rfc4733", "info")), ("telling", "26*", ("info", "rfc4733"))):
        talk = live.talk(name)
        both_are_heard(talk.leg, talk.caller, f"28{int(talk.caller[-1]) + 1}")
        for leg, how in zip(talk.recorded, ways, strict=False):
            marks = leg.facts["marks"]
            assert "".join(mark["key"] for mark in marks) == keys
            assert {(mark["side"], mark["how"]) for mark in marks} == {("caller", how)}
            places = [mark["at"] for mark in marks]
            assert places == sorted(places)
            assert places[0] > 3.0


def test_encrypted_speech_whose_keys_are_in_the_signalling_is_heard(live: Live) -> None:
    talk = live.talk("srtp")
    assert "RTP/SAVP" in talk.phone_log
    assert "a=crypto:" in talk.phone_log
    lasts_as_long_as_it_did(talk)
    for leg in talk.recorded:
        assert leg.facts["recording"]["quality"]["unopened"] == 0
        both_are_heard(leg, "291", "292")


def test_music_is_heard_by_nobody_who_was_not_put_on_hold(live: Live) -> None:
    for name in (*CODECS, "srtp", "keys", "early"):
        for leg in live.talk(name).recorded:
            assert max(leg.heard(channel, TUNE) for channel in (0, 1)) < FOREIGN, name


def test_jitter_and_losses_are_those_that_tshark_counts(live: Live) -> None:
    """A second opinion, on the very packets of the live talks."""
    listed = subprocess.run(
        ["tshark", "-r", str(live.capture), "-q", "-z", "rtp,streams"], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    theirs = {}
    for line in listed.splitlines():
        if fields := re.match(r"\s*[\d.]+\s+[\d.]+\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s+0x(\w+)\s+(.*)", line):
            source, port, destination, other, ssrc, rest = fields.groups()
            theirs[f"{source}:{port}", f"{destination}:{other}", int(ssrc, 16)] = rest
    assert theirs, listed
    compared = 0
    for name in ("ulaw", "alaw", "g722", "gsm"):
        for leg in live.talk(name).recorded:
            own = [segment for segment in leg.facts["segments"] if segment["call"] == leg.call.id]
            for segment in own:
                rest = theirs[segment["source"], segment["destination"], segment["ssrc"]]
                packets, lost, figures = re.findall(r"(\d+)\s+(-?\d+) \(\S+\)((?:\s+-?[\d.]+)+)", rest)[0]
                assert (segment["packets"], segment["lost"]) == (int(packets), int(lost))
                quality = leg.facts["recording"]["quality"][segment["side"]]
                of_side = [other["packets"] for other in own if other["side"] == segment["side"]]
                assert quality["streams"] == len(of_side)
                if segment["packets"] < max(
                    of_side
                ):  # a telephone may begin anew after its first packet; the page rates the longest
                    continue
                *_, mean, most = map(float, figures.split())
                assert quality["jitter"] == pytest.approx(mean, rel=ROUNDED, abs=ROUNDED)
                assert quality["jitter_most"] == pytest.approx(most, rel=ROUNDED, abs=ROUNDED)
                compared += 1
    assert compared >= 8


def test_a_look_at_the_mirror_names_asterisk_and_every_telephone_and_finds_nothing_wrong(live: Live) -> None:
    sight = of_file(live.capture)
    facts = sight.facts()
    peers = {(peer["from"], peer["to"]) for peer in facts["sip"]}
    spoken = {tuple(stream[end].rpartition(":")[0] for end in ("from", "to")) for stream in facts["streams"]}
    for telephone in live.telephones:
        assert {(telephone, live.pbx), (live.pbx, telephone)} <= peers
    assert len({end for pair in spoken for end in pair} & set(live.telephones)) >= len(live.telephones) - UNSPOKEN
    assert facts["calls"]["answered"] >= 40
    assert (facts["twice"], facts["damaged"], facts["beyond_bounds"]) == (0, {}, 0)
    assert [finding for finding in sight.findings() if finding.severity == "error"] == []


def test_asterisk_complains_of_nothing_and_has_nothing_left(live: Live) -> None:
    assert live.errors == []
    assert live.channels == []
