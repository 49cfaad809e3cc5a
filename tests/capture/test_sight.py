"""Each thing that can be wrong with a mirror port is said in a sentence with its mend, and what is right is not complained of."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.contrib.erspan import ERSPAN_II
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Raw

from capture.frames import LINK_ETHERNET, LINK_RAW
from capture.pcapfile import Captured
from capture.sight import MOST, READABLE, STEADY, Finding, Sight
from capture.srtp import SUITES
from tests.bed.made import MadeCall, datagram
from tests.bed.skinny import SkinnyCall
from tests.capture.playbook import OFFER, Call
from tests.capture.test_dark import HELLO
from tests.capture.test_websocket import GET, MASK, framed
from tests.fakes.clock import START

CALL = MadeCall(talk=1.0)


def looked(frames: Iterable[Captured]) -> Sight:
    sight = Sight()
    for captured in frames:
        sight.frame(*captured)
    return sight


def wrong(frames: Iterable[Captured]) -> list[Finding]:
    return list(looked(frames).findings())


def is_rtp(captured: Captured) -> bool:
    return len(captured.frame) > 43 and captured.frame[42] == 0x80


def from_caller(captured: Captured) -> bool:
    return captured.frame[26:30] == bytes([10, 0, 0, 1])


def tcp(payload: bytes, sport: int = 40000, dport: int = 5061) -> Captured:
    segment = IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=sport, dport=dport, flags="PA") / Raw(payload)
    return Captured(LINK_RAW, bytes(segment), START)


def test_a_good_mirror_is_not_complained_of() -> None:
    sight = looked(CALL.frames())
    assert list(sight.findings()) == []
    facts = sight.facts()
    assert facts["calls"] == {"seen": 1, "answered": 1}
    assert [(peer["from"], peer["to"], peer["messages"]) for peer in facts["sip"]] == [
        ("10.0.0.1", "10.0.0.2", 3), ("10.0.0.2", "10.0.0.1", 3),
    ]  # fmt: skip
    caller, called = facts["streams"]
    assert (caller["codecs"], caller["packets"], caller["lost"], caller["both_directions"]) == (["PCMU"], CALL.packets, 0, True)
    assert called["from"] == caller["to"] == "10.0.0.2:20002"
    assert facts["twice"] == facts["encrypted_calls"] == facts["beyond_bounds"] == 0
    assert facts["seconds"] == pytest.approx(1.5, abs=0.1)


BROADCAST = Captured(LINK_ETHERNET, b"\xff" * 6 + b"\x02\0\0\0\0\x01\x08\x06" + bytes(46), START)
OTHER = Captured(LINK_ETHERNET, datagram(b"dns", 53, 40000, by_caller=True), START)


@pytest.mark.parametrize(
    ("frames", "severity", "words"),
    [
        ([], "error", "Nothing arrives"),
        ([BROADCAST] * 50, "error", "an ordinary port"),
        ([BROADCAST, *[OTHER] * 50], "error", "neither SIP nor RTP"),
        ([one for one in CALL.frames() if from_caller(one)], "error", "Signalling is seen in one direction only"),
        ([one for one in CALL.frames() if not is_rtp(one) or from_caller(one)], "error", "Speech is seen in one direction only"),
        ([one for one in CALL.frames() if not is_rtp(one)], "error", "answered, but no speech is seen"),
        ([one for one in CALL.frames() if is_rtp(one)], "error", "Speech is seen, but no signalling"),
        ([one for one in CALL.frames() for _ in range(2)], "warning", "comes twice"),
        ([one for place, one in enumerate(CALL.frames()) if not is_rtp(one) or place % 20], "warning", "are missing here"),
        ([*CALL.frames(), tcp(b"\x17\x03\x03\0\x10" + bytes(16))], "warning", "(TLS)"),
        ([*CALL.frames(), tcp(HELLO)], "warning", "(to pbx.example) is encrypted (TLS)"),
        ([*CALL.frames(), tcp(HELLO, dport=8089)], "warning", "over WebSocket"),
        ([*CALL.frames(), tcp(HELLO, dport=2443)], "warning", "Skinny signalling"),
        ([tcp(HELLO)], "warning", "(TLS)"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_with_its_mend(frames: list[Captured], severity: str, words: str) -> None:
    (finding, *_) = [one for one in wrong(frames) if words in one.what]
    assert finding.severity == severity
    assert finding.mend.endswith((".", "?"))


def test_signalling_over_websocket_is_read() -> None:
    data = GET + framed(Call().invite(OFFER), mask=MASK)
    sight = looked([tcp(data, dport=8088)])
    assert [(peer["from"], peer["to"]) for peer in sight.facts()["sip"]] == [("10.0.0.1", "10.0.0.2")]
    assert sight.facts()["calls"]["seen"] == 1


def test_skinny_phones_are_seen() -> None:
    sight = looked(SkinnyCall().frames())
    assert list(sight.findings()) == []
    assert [(peer["from"], peer["to"]) for peer in sight.facts()["skinny"]] == [
        ("10.0.0.1", "10.0.0.9"), ("10.0.0.2", "10.0.0.9"), ("10.0.0.9", "10.0.0.1"), ("10.0.0.9", "10.0.0.2"),
    ]  # fmt: skip


def test_only_what_is_wrong_is_said() -> None:
    assert len(wrong([one for one in CALL.frames() for _ in range(2)])) == 1
    assert len(wrong([BROADCAST] * 50)) == 1
    assert len(wrong([one for one in CALL.frames() if not is_rtp(one)])) == 1


def test_a_call_whose_keys_are_agreed_on_elsewhere_is_dark_and_one_with_keys_is_not() -> None:
    def with_profile(change: Callable[[bytes], bytes]) -> list[Captured]:
        return [one._replace(frame=change(one.frame)) for one in CALL.frames()]

    dark = wrong(with_profile(lambda frame: frame.replace(b"RTP/AVP 0", b"RTP/SAVP0").replace(b"SAVP0", b"SAVP")))
    assert [finding.what for finding in dark if "encrypted" in finding.what] == [
        "1 calls are encrypted in a way that cannot be read (DTLS, or an unknown suite)."
    ]
    assert not wrong(MadeCall(talk=1.0, suite="AES_CM_128_HMAC_SHA1_80").frames())


def test_tags_and_tunnels_are_counted() -> None:
    tagged = [one._replace(frame=one.frame[:12] + b"\x81\0\0\x0c\x81\0\0\x22" + one.frame[12:]) for one in CALL.frames()]
    assert looked(tagged).facts()["vlans"] == {"12.34": len(tagged)}
    wrapped = [
        one._replace(
            frame=bytes(
                Ether() / IP(src="10.9.9.1", dst="10.9.9.2") / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / Raw(one.frame)
            )
        )
        for one in CALL.frames()[:20]
    ]
    facts = looked(wrapped).facts()
    assert facts["tunnels"] == {"gre": 20}
    assert facts["calls"]["answered"] == 1


def test_noise_that_looks_like_rtp_is_no_speech() -> None:
    noise = [
        Captured(
            LINK_ETHERNET,
            datagram(struct.pack(">BBHII", 0x80, 0, number * 7919 & 0xFFFF, 0, 7) + b"x" * 20, 4000, 5000, by_caller=True),
            START,
        )
        for number in range(200)
    ]
    assert looked(noise).facts()["streams"] == []


def rtp(number: int, ssrc: int, source: int = 4000, destination: int = 5000, *, by_caller: bool = True) -> Captured:
    packet = struct.pack(">BBHII", 0x80, 0, number & 0xFFFF, 0, ssrc) + bytes(160)
    return Captured(LINK_ETHERNET, datagram(packet, source, destination, by_caller=by_caller), START)


def test_what_only_looks_like_speech_does_not_crowd_out_speech() -> None:
    junk = [rtp(number * 7919, number) for number in range(MOST + 10)]
    assert wrong([*junk, *CALL.frames()]) == []


def test_telephones_that_send_from_other_ports_than_they_receive_on_are_seen_both_ways() -> None:
    moved = [
        one._replace(frame=one.frame[:34] + struct.pack(">H", 31000 + from_caller(one)) + one.frame[36:]) if is_rtp(one) else one
        for one in CALL.frames()
    ]
    assert wrong(moved) == []


def test_paging_by_multicast_is_no_speech_in_one_direction() -> None:
    page = [
        one._replace(frame=one.frame[:30] + bytes([224, 0, 1, 75]) + one.frame[34:])
        for one in (rtp(number, 9) for number in range(50))
    ]
    assert wrong([*CALL.frames(), *page]) == []
    silent = [one for one in CALL.frames() if not is_rtp(one)]
    assert [finding.what for finding in wrong([*silent, *page])] == ["Calls are answered, but no speech is seen."]


def test_many_calls_in_one_direction_beside_a_good_one_are_warned_of() -> None:
    calls = [one for number in range(1, 6) for one in MadeCall(number=number, talk=0.5, speaks=(True, False)).frames()]
    elsewhere = [
        one._replace(frame=one.frame[:30] + bytes([10, 9, 0, one.frame[36]]) + one.frame[34:]) if is_rtp(one) else one
        for one in calls
    ]
    (finding,) = wrong([*CALL.frames(), *elsewhere])
    assert (finding.severity, "streams of speech are seen in one direction only" in finding.what) == ("warning", True)


def test_a_sender_that_begins_anew_or_late_packets_are_no_loss() -> None:
    frames = [*(rtp(number, 9) for number in range(100)), *(rtp(number, 9) for number in range(40_000, 40_100))]
    swapped = [rtp(number ^ 1, 8) for number in range(100)]
    (one, other) = looked([*frames, *swapped]).facts()["streams"]
    assert (one["packets"], one["lost"]) == (200, 0)
    assert (other["packets"], other["lost"]) == (100, 0)


def test_a_refused_encrypted_section_is_not_dark_and_an_unknown_suite_is() -> None:
    def changed(old: bytes, new: bytes) -> list[Captured]:
        return [
            one._replace(frame=one.frame.replace(old, new)) for one in MadeCall(talk=1.0, suite="AES_CM_128_HMAC_SHA1_80").frames()
        ]

    assert [finding.severity for finding in wrong(changed(b"AES_CM_128_HMAC_SHA1_80", b"AES_CM_256_HMAC_SHA1_80"))] == ["warning"]
    refused = MadeCall(talk=1.0)
    frames = [one._replace(frame=one.frame.replace(b"m=audio", b"m=audio 0 RTP/SAVP 0\r\nm=audio")) for one in refused.frames()]
    assert wrong(frames) == []


def test_messages_that_are_sent_again_are_not_mirrored_twice() -> None:
    (invite, *rest) = CALL.frames()
    again = [invite._replace(at=invite.at + number * 500_000_000) for number in range(1, 80)]
    assert wrong([invite, *again, *rest]) == []


def test_the_suites_that_are_said_to_be_readable_are_read() -> None:
    assert tuple(SUITES) == READABLE


def test_tables_are_bounded_and_what_does_not_fit_is_counted() -> None:
    frames = [rtp(number, ssrc) for ssrc in range(MOST + 10) for number in range(STEADY + 1)]
    facts = looked(frames).facts()
    assert (len(facts["streams"]), facts["beyond_bounds"]) == (MOST, 10 * (STEADY + 1))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([LINK_ETHERNET, LINK_RAW, 113, 999]), st.binary(max_size=120)), max_size=20))
def test_any_frames_are_looked_at_calmly(frames: list[tuple[int, bytes]]) -> None:
    sight = looked(Captured(link, frame, START) for link, frame in frames)
    assert sight.facts()["frames"] == len(frames)
    assert list(sight.findings())
