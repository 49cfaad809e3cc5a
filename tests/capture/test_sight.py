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
from capture.sight import MOST, Finding, Sight
from tests.bed.made import MadeCall, datagram
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
        ([*CALL.frames(), tcp(b"GET / HTTP/1.1\r\nSec-WebSocket-Protocol: sip\r\n\r\n", dport=443)], "warning", "WebSocket"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_with_its_mend(frames: list[Captured], severity: str, words: str) -> None:
    (finding, *_) = [one for one in wrong(frames) if words in one.what]
    assert finding.severity == severity
    assert finding.mend.endswith((".", "?"))


def test_only_what_is_wrong_is_said() -> None:
    assert len(wrong([one for one in CALL.frames() for _ in range(2)])) == 1
    assert len(wrong([BROADCAST] * 50)) == 1
    assert len(wrong([one for one in CALL.frames() if not is_rtp(one)])) == 1


def test_a_call_whose_keys_are_agreed_on_elsewhere_is_dark_and_one_with_keys_is_not() -> None:
    def with_profile(change: Callable[[bytes], bytes]) -> list[Captured]:
        return [one._replace(frame=change(one.frame)) for one in CALL.frames()]

    dark = wrong(with_profile(lambda frame: frame.replace(b"RTP/AVP 0", b"RTP/SAVP0").replace(b"SAVP0", b"SAVP")))
    assert [finding.what for finding in dark if "DTLS" in finding.what] == [
        "1 calls are encrypted with keys that are not in the signalling (DTLS)."
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


def test_tables_are_bounded_and_what_does_not_fit_is_counted() -> None:
    frames = [
        Captured(LINK_ETHERNET, datagram(struct.pack(">BBHII", 0x80, 0, 1, 0, number), 4000, 5000, by_caller=True), START)
        for number in range(MOST + 10)
    ]
    assert looked(frames).facts()["beyond_bounds"] == 10


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([LINK_ETHERNET, LINK_RAW, 113, 999]), st.binary(max_size=120)), max_size=20))
def test_any_frames_are_looked_at_calmly(frames: list[tuple[int, bytes]]) -> None:
    sight = looked(Captured(link, frame, START) for link, frame in frames)
    assert sight.facts()["frames"] == len(frames)
    assert list(sight.findings())
