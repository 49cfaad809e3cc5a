"""RTP that no signalling announced becomes a call where it is wished, it alone, and never against a line's wish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.box import Box
from appliance.config import Config
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import CallEnded, CallNotRecorded, CallRinging, NotRecorded, Side
from capture import pcapfile
from capture.alone import AFTER, MAX_CLAIMS, MAX_HELD, MAX_PAIRS, SILENCE, SRTP, Alone, ticks
from capture.codecs import by_encoding
from capture.effects import Close, Emit, Weird
from capture.frames import Address, Datagram
from capture.payloads import STATIC, Encoding
from capture.pcapfile import Captured
from capture.replay import replay
from tests import needs
from tests.bed.made import CALLED_HZ, CALLER_HZ, MadeCall
from tests.bed.payloads import payloads_of
from tests.bed.recorded import all_recordings, recorded
from tests.capture.playbook import frame, office, rtp
from tests.capture.rig import DESK, HANG_UP, PHONE, Rig, opened, talk
from tests.capture.test_recovery import Bench, heard, kill_after, outcome
from tests.capture.test_render import configured, pitch, samples_of

ON: dict[str, Any] = {"capture": {"rtp_alone": True}}
TOML = "[capture]\nrtp_alone = true\n"
ONE = MadeCall(talk=3.0)


def speech(call: MadeCall = ONE) -> list[Captured]:
    """The frames of a call without its signalling."""
    return [one for one in call.frames() if one.frame[42] & 0xC0 == 0x80]


def records(rig: Rig, kind: type[Any]) -> list[Any]:
    return [effect.record for effect in rig.take().effects if isinstance(effect, Emit) and isinstance(effect.record, kind)]


def closes(rig: Rig) -> list[Close]:
    return [effect for effect in rig.take().effects if isinstance(effect, Close)]


def test_it_is_off_unless_it_is_wished() -> None:
    assert Rig().feed(*talk(200)).wait(60).effects == []


def test_two_seconds_of_speech_are_a_call_and_its_beginning_is_kept() -> None:
    rig = Rig(office(**ON)).feed(*talk(40))
    assert rig.words == []
    rig.feed(*talk(200)[80:]).wait(1)
    assert rig.words == ["ringing unknown", "answered"]
    assert rig.packets(Side.CALLER) == [rtp(n, ssrc=1, payload=b"\x11" * 160) for n in range(200)]
    assert rig.packets(Side.CALLED) == [rtp(n, ssrc=2, payload=b"\x22" * 160) for n in range(200)]
    (ringing,) = records(rig, CallRinging)
    assert (ringing.caller, ringing.called, ringing.start_seen) == ("198.51.100.10", "192.0.2.10", False)
    assert ringing.headers == ("no signalling was seen", "rtp: 198.51.100.10:4000 192.0.2.10:6000")


def test_it_ends_after_silence_where_it_was_last_heard() -> None:
    rig = Rig(office(**ON)).feed(*talk(100))
    last = rig.at
    rig.wait(round(SILENCE / SECOND) + 3)
    assert rig.words[2:] == ["ended silence", "close"]
    (ended,) = records(rig, CallEnded)
    assert (ended.at, ended.end_seen) == (last, False)
    assert rig.feed(*talk(100)).wait(1).words[4:] == ["ringing unknown", "answered"]


def test_speech_in_one_direction_is_a_call_too() -> None:
    rig = Rig(office(**ON)).feed(*(frame(DESK, PHONE, rtp(n, payload_type=8)) for n in range(110))).wait(1)
    assert (len(rig.packets(Side.CALLER)), rig.packets(Side.CALLED)) == (110, [])


def test_signalling_that_comes_late_goes_on_in_its_own_call() -> None:
    rig = Rig(office(**ON)).feed(*talk(100)).take().feed(*opened()).take().feed(*talk(150)[200:], *HANG_UP).wait(3)
    assert rig.words == ["ringing unknown", "answered", "ringing inbound", "ended claimed", "close", "answered",
                         "ended hangup_caller", "close"]  # fmt: skip
    assert sorted(len(each.packets) // (172 + 10) for each in rig.spool.values()) == [50, 50, 100, 100]


def test_signalling_that_comes_in_time_leaves_no_call_of_its_own() -> None:
    rig = Rig(office(**ON)).feed(*talk(20), *opened(), *talk(150)[40:], *HANG_UP).wait(3).feed(*talk(60)).wait(3)
    assert rig.words == ["ringing inbound", "answered", "ended hangup_caller", "close"]
    rig.wait(round(AFTER / SECOND) + 2).feed(*talk(120)).wait(1)
    assert rig.words[4:] == ["ringing unknown", "answered"]


def test_a_phone_that_goes_on_sending_after_the_end_begins_no_call() -> None:
    rig = Rig(office(**ON)).feed(*opened(), *talk(50), *HANG_UP).wait(3)
    for _ in range(4):
        rig.feed(*talk(100)).wait(40)
    assert rig.words.count("ringing unknown") == 0


NEVER = Config.model_validate({"lines": [{"number": "0312345678", "record": False}], **ON})


def test_a_line_that_is_never_recorded_leaves_no_packet_however_long_it_speaks() -> None:
    rig = Rig(NEVER).feed(*talk(30), *opened(), *talk(300), *HANG_UP).wait(3).feed(*talk(200)).wait(2)
    assert (rig.spool, rig.engine.rtp) == ({}, 0)
    assert [close.reason for close in closes(rig)] == [NotRecorded.EXCLUDED_LINE]


def test_what_was_heard_before_such_a_line_was_known_is_not_recorded_either() -> None:
    rig = Rig(NEVER).feed(*talk(150)).take().feed(*opened(), *talk(250)[300:], *HANG_UP).wait(3)
    assert not any(close.recordable for close in closes(rig))
    assert len(closes(rig)) == 2


def test_srtp_by_its_sizes_is_a_call_that_is_named_and_never_becomes_sound() -> None:
    secret = [
        frame(*ends, rtp(n, ssrc=ssrc, payload=bytes(range(170))))
        for n in range(120)
        for ssrc, ends in enumerate([(PHONE, DESK), (DESK, PHONE)])
    ]
    rig = Rig(office(**ON)).feed(*secret).wait(round(SILENCE / SECOND) + 3)
    assert rig.words == ["ringing unknown", "answered", "ended silence", "close"]
    (close,) = closes(rig)
    assert (close.reason, close.detail, rig.spool) == (NotRecorded.ENCRYPTED, SRTP, {})


def test_steady_rtp_of_unknown_codecs_is_counted_once() -> None:
    rig = Rig(office(**ON)).feed(*(frame(PHONE, DESK, rtp(n, payload_type=111, payload=bytes(60))) for n in range(400))).wait(1)
    assert rig.words == ["weird rtp-alone-unknown"]


def test_a_dynamic_payload_type_that_is_configured_is_speech() -> None:
    told = office(capture={"rtp_alone": True, "rtp_alone_codecs": ["111 opus/48000/2"]})
    packets = [rtp(n, payload_type=111, timestamp=n * 960, payload=bytes(60)) for n in range(120)]
    rig = Rig(told).feed(*(frame(PHONE, DESK, packet) for packet in packets)).wait(1)
    assert rig.words == ["ringing unknown", "answered"]
    (stream,) = rig.engine.media.streams(records(rig, CallRinging)[0].call)
    assert stream.codecs == ("OPUS",)


@pytest.mark.parametrize(
    ("number", "sizes"),
    [
        (0, [160, 33, 320]), (8, [160, 1]), (9, [160, 320]), (3, [33, 66]), (18, [10, 20, 12, 30, 2]), (2, [80, 40]), (4, [24, 48]),
        (10, [640]), (11, [640, 320]),
    ],
)  # fmt: skip
def test_a_payload_lasts_as_long_as_its_codec_says(number: int, sizes: list[int]) -> None:
    encoding = STATIC[number]
    units = by_encoding()[encoding.name].units(payloads_of([bytes(size) for size in sizes]), encoding)
    assert [ticks(encoding, size) for size in sizes] == np.asarray(units).tolist()


@pytest.mark.parametrize(("number", "size"), [(3, 34), (18, 11), (4, 25), (10, 641), (34, 100)])
def test_a_size_that_is_none_of_the_codecs_lasts_nothing(number: int, size: int) -> None:
    assert ticks(STATIC.get(number, Encoding("H263", 90000)), size) == 0


def test_the_tables_have_bounds_that_are_counted() -> None:
    alone = Alone(Config.model_validate({"capture": {"rtp_alone": True, "max_calls": 10}}), "x")
    for number in range(MAX_PAIRS + 40):
        source = Address(number.to_bytes(4, "big"), 4000)
        for n in range(3):
            alone.hear(Datagram(source, DESK, rtp(n, ssrc=n * 7)), n, n)
    assert (len(alone._pairs), alone.refused) == (MAX_PAIRS, 40)
    for number in range(MAX_HELD * 2):
        alone.hear(Datagram(PHONE, DESK, rtp(number * 977, ssrc=1)), number, number)
    assert max(len(pair.held) for pair in alone._pairs.values()) <= MAX_HELD
    begun = []
    for number in range(30):
        source = Address(number.to_bytes(4, "big"), 4002)
        for n in range(110):
            begun += alone.hear(Datagram(source, source._replace(port=9), rtp(n)), n * SECOND // 50, 0)
        alone.take()
    assert len(alone.dialogs) == 10
    assert {effect.name for effect in begun if isinstance(effect, Weird)} == {"calls-too-many"}


def test_where_claims_find_no_place_nothing_is_recorded_any_more() -> None:
    alone = Alone(Config.model_validate(ON), "x")
    (call,) = Rig().feed(*opened()).engine.tracker.dialogs
    for number in range(MAX_CLAIMS + 5):
        alone.claim(Address(number.to_bytes(4, "big"), 4000), call, 0)
    assert (len(alone._claims), alone.refused) == (MAX_CLAIMS, 5)
    heard_ = [alone.hear(Datagram(PHONE, DESK, rtp(n)), n * SECOND // 50, 0) for n in range(200)]
    assert not any(heard_)
    alone.closed(call, 0)
    alone.tick(AFTER + 1)
    assert alone._claims == {}


ADDRESSES = st.builds(Address, st.sampled_from([b"\x0a\0\0\1", b"\x0a\0\0\2", bytes(16)]), st.sampled_from([1, 2]))
PACKET = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda n, pt, ssrc, size: rtp(n, payload_type=pt, ssrc=ssrc, payload=bytes(size)), st.integers(0, 99),
              st.integers(0, 127), st.integers(0, 3), st.sampled_from([0, 160, 170])),
)  # fmt: skip


@given(st.lists(st.tuples(ADDRESSES, ADDRESSES, PACKET, st.integers(1, 40)), max_size=60))
def test_any_datagrams_give_calls_that_are_closed_once(datagrams: list[tuple[Address, Address, bytes, int]]) -> None:
    alone, now, effects = Alone(Config.model_validate(ON), "x"), SECOND, []
    for source, destination, payload, times in datagrams:
        for _ in range(times):
            now += SECOND // 20
            effects += alone.hear(Datagram(source, destination, payload), now, now)
            alone.take()
    effects += alone.finish()
    calls = [effect.record.call for effect in effects if isinstance(effect, Emit) and isinstance(effect.record, CallRinging)]
    assert sorted(effect.call for effect in effects if isinstance(effect, Close)) == sorted(calls)
    assert len(set(calls)) == len(calls)


# Recordings


def test_speech_without_signalling_becomes_a_recording_with_the_first_speaker_on_the_left(tmp_path: Path) -> None:
    box = recorded(configured(tmp_path / "var", TOML), frames=speech())
    (recording,) = all_recordings(box)
    assert (recording.facts.packets, recording.facts.one_sided, recording.facts.lost) == (2 * ONE.packets, False, 0)
    rate, samples = samples_of(box, recording)
    assert (pitch(samples[:, 0], rate), pitch(samples[:, 1], rate)) == (CALLER_HZ, CALLED_HZ)


def taken_over(data: Path, frames: list[Captured]) -> int:
    """A whole life of a recorder, until the silence has lasted; how many calls it took over."""
    box = Box.at(data)
    with Ledger.open(box.folders.ledger) as ledger:
        bench = Bench(box, ledger)
        bench.take(frames)
        bench.engine.tick(bench.now + SILENCE + SECOND)
        bench.engine.tick(bench.now + SILENCE + 3 * SECOND)
        bench.finish()
    return len(bench.resumed)


@pytest.mark.parametrize("taken", [26, 30])
def test_a_successor_goes_on_and_the_end_is_as_if_nobody_had_died(tmp_path: Path, taken: int) -> None:
    frames = speech()
    assert taken_over(configured(tmp_path / "calm", TOML), frames) == 0
    kill_after(configured(tmp_path / "var", TOML), frames, taken)
    assert taken_over(tmp_path / "var", frames) == 1
    calm, after = (outcome(Box.at(tmp_path / name)) for name in ("calm", "var"))
    assert after.keys() == calm.keys()
    for name, (call, recording, closed) in calm.items():
        assert after[name][0] == call
        assert heard(after[name][1]) == heard(recording)
        assert sorted(after[name][2], key=lambda one: one.segment) == sorted(closed, key=lambda one: one.segment)


def outcome_of(path: Path, folder: Path) -> tuple[list[float], list[str]]:
    """Seconds of each recording, and the reasons why others are none."""
    box = Box.at(configured(folder, TOML))
    replay(box, path)
    with Ledger.open(box.folders.ledger) as ledger:
        rows = [row.record for row in ledger.since(0, (CallNotRecorded,), limit=1000)]
    return [recording.facts.seconds for recording in all_recordings(box)], [
        row.reason for row in rows if isinstance(row, CallNotRecorded)
    ]


@needs.shared
@pytest.mark.parametrize(
    ("name", "seconds", "reasons"),
    [
        ("ast-40ms-alaw.pcap", [33.0], []),
        ("fs-milliwatt-pcmu.pcap", [4.64], []),
        ("fs-milliwatt-long-pcmu.pcap", [14.26], []),
        ("sipp-g711a.pcap", [7.08], []),
        ("sipp-scen-g722.pcap", [108.26], []),
        ("ast-t38-carrier-g711u.pcap", [16.0], []),
        ("marseillaise-srtp.pcap", [], ["encrypted"]),
        ("sipp-scen-h264.pcap", [], []),
        ("sipp-dtmf_2833_1.pcap", [], []),
        ("ndpi-linecall-falsepositive.pcap", [], []),
        ("ndpi-teamspeak3.pcap", [], []),
        ("ndpi-stun-google-meet.pcapng", [], []),
        ("ndpi-stun-dtls-rtp.pcapng", [], []),
        ("ndpi-rtcp-multi.pcap", [], []),
        ("ndpi-iax.pcap", [], []),
        ("nb6-hotspot.pcap", [], []),
        ("zeek-erspan.pcap", [], []),
        ("arkime-stun-ice-testcall.pcap", [], []),
        ("ndpi-rtp.pcapng", [], []),
    ],
)
def test_public_captures_without_signalling_give_what_their_index_says(
    name: str, seconds: list[float], reasons: list[str], tmp_path: Path
) -> None:
    found, why = outcome_of(needs.PCAPS / name, tmp_path / "var")
    assert found == pytest.approx(seconds, abs=0.5)
    assert why == reasons


@needs.shared
def test_a_call_beside_signalled_ones_is_found() -> None:
    """The softswitch's MGCP leg, whose signalling nobody reads, has the audio of the SIP call a second time."""
    rig = Rig(Config.model_validate(ON))
    for link, data, at in pcapfile.frames(needs.PCAPS / "ws-SIP_CALL_RTP_G711.pcap"):
        rig.at = at
        rig.engine.frame(link, data, at, at)
    callers = [record.caller for record in records(rig, CallRinging) if record.sip_call_id.startswith("rtp-")]
    assert len(callers) == 1
