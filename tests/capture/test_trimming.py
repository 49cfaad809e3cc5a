"""A capture for diagnosis holds signalling whole, of speech the headers alone, and of pressed keys nothing, whatever a frame looks like."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as some

from appliance.moments import MILLISECOND
from capture import pcapfile, rtp, sip
from capture.frames import LINK_ETHERNET, Datagram, Dissector, FrameError
from capture.pcapfile import Captured
from capture.trimming import Kept, Trimmer
from tests.bed.made import MadeCall
from tests.fakes.clock import START
from tests.house.sources import ROOT

CALL = MadeCall(talk=0.4)
HOSTS = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])


def udp(payload: bytes, ports: tuple[int, int] = (20000, 20002)) -> bytes:
    head = struct.pack(">HHHH", *ports, len(payload) + 8, 0)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0) + HOSTS[0] + HOSTS[1]
    return bytes(12) + b"\x08\x00" + ip + head + payload


def tcp(payload: bytes, sequence: int = 1) -> bytes:
    head = struct.pack(">HHIIBBHHH", 5060, 5062, sequence, 0, 0x50, 0x18, 1000, 0, 0)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0) + HOSTS[0] + HOSTS[1]
    return bytes(12) + b"\x08\x00" + ip + head + payload


def trimmed(frames: list[Captured], trimmer: Trimmer) -> Iterator[Kept]:
    for link, frame, at in frames:
        if (found := trimmer.frame(link, frame, at)) is not None:
            yield found


def of(name: str) -> list[Captured]:
    return list(pcapfile.frames(ROOT / "tests" / "captures" / name / "capture.pcap"))


def one(frame: bytes, trimmer: Trimmer | None = None) -> Kept | None:
    return (trimmer or Trimmer()).frame(LINK_ETHERNET, frame, START)


def speech(frames: list[Captured]) -> set[bytes]:
    """Every RTP payload of these frames."""
    dissector, found = Dissector(), set()
    for link, frame, at in frames:
        got = dissector.dissect(link, frame, at)
        if isinstance(got, Datagram) and rtp.looks_like_rtp(got.payload):
            found.add(rtp.parse(got.payload).payload)
    return {payload for payload in found if len(payload) > 8}


@pytest.mark.parametrize("name", ["plain", "vlan", "geneve", "fragments-ipv4", "fragments-ipv6", "link-cooked-1", "nested", "ipv6"])
def test_no_speech_leaves_in_whatever_it_is_wrapped(name: str) -> None:
    frames, trimmer = of(name), Trimmer()
    kept = list(trimmed(frames, trimmer))
    wanted = speech(frames)
    assert wanted and trimmer.counts["rtp"] and trimmer.counts["sip"] >= 4
    assert not [one for one in kept for payload in wanted if payload in one.frame]
    heard = [found for one in kept if isinstance(found := Dissector().dissect(LINK_ETHERNET, one.frame, START), Datagram)]
    assert sum(sip.looks_like_sip(found.payload) for found in heard) == trimmer.counts["sip"], "signalling is whole"
    assert all(len(found.payload) == 12 for found in heard if rtp.looks_like_rtp(found.payload))
    assert all(one.length > len(one.frame) for one in kept if one.frame[-12:-11] == b"\x80")


def test_with_speech_the_speech_stays_and_the_keys_do_not() -> None:
    frames, trimmer = of("digits-rfc4733"), Trimmer(whole=True)
    found = [
        got.payload
        for one in trimmed(frames, trimmer)
        if isinstance(got := Dissector().dissect(LINK_ETHERNET, one.frame, START), Datagram)
    ]
    events = [payload for payload in found if rtp.looks_like_rtp(payload) and payload[1] & 127 == 101]
    assert events and all(not any(payload[12:]) for payload in events)
    assert any(any(payload[12:]) for payload in found if rtp.looks_like_rtp(payload) and payload[1] & 127 == 0)


@pytest.mark.parametrize("size", [4, 14, 20, 24])
def test_a_key_of_a_call_that_began_before_is_not_seen_either(size: int) -> None:
    packet = struct.pack(">BBHII", 0x80, 101, 1, 1, 1) + b"\x05" * size
    found = one(udp(packet), Trimmer(whole=True))
    assert found is not None and found.frame.endswith(bytes(size))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("start", [b"INFO sip:a@b SIP/2.0", b"\r\n\r\nINFO sip:a@b SIP/2.0", b"NOTIFY sip:a@b SIP/2.0"])
def test_a_message_that_says_a_key_has_no_body(start: bytes, *, whole: bool) -> None:
    kind = b"application/kpml-response+xml" if b"NOTIFY" in start else b"application/dtmf-relay"
    message = start + b"\r\nCall-ID: x\r\nContent-Type: " + kind + b"\r\nContent-Length: 10\r\n\r\nSignal=753"
    for frame in (udp(message), tcp(message)):
        found = one(frame, Trimmer(whole=whole))
        assert found is not None and b"753" not in found.frame
    assert b"753" not in getattr(one(udp(message.replace(b"\r\n", b"\n"))), "frame", b"")


def test_a_key_in_the_next_segment_is_not_seen() -> None:
    trimmer = Trimmer()
    head = b"INFO sip:a@b SIP/2.0\r\nCall-ID: x\r\nContent-Type: application/dtmf-relay\r\nContent-Length: 10\r\n\r\n"
    assert one(tcp(head), trimmer) is not None
    rest = one(tcp(b"Signal=753", 2), trimmer)
    assert rest is None or b"753" not in rest.frame
    invite = b"INVITE sip:a@b SIP/2.0\r\nCall-ID: x\r\nContent-Length: 900\r\n\r\nv=0"
    assert one(tcp(invite, 3), trimmer) is not None
    further = one(tcp(b"a=rtpmap:0 PCMU/8000", 4), trimmer)
    assert further is not None and further.frame.endswith(b"PCMU/8000"), "a message in several segments is whole"


def test_a_telephone_that_can_say_keys_keeps_its_offer() -> None:
    message = b"INVITE sip:a@b SIP/2.0\r\nCall-ID: x\r\nAllow-Events: kpml\r\nContent-Length: 3\r\n\r\nv=0"
    found = one(udp(message))
    assert found is not None and found.frame.endswith(message)


@pytest.mark.parametrize("payload", [b"\x12" * 160, b"secret words", b"", b"\x81" + b"\xc8" + bytes(3) + b"x" * 160])
def test_what_nobody_knows_is_cut(payload: bytes) -> None:
    found = one(udp(payload))
    assert found is not None and (not payload or payload[12:] == b"" or payload[12:] not in found.frame)
    assert one(tcp(payload or b"x")) is None


def test_reports_of_quality_stay() -> None:
    report = b"\x80\xc8\x00\x06" + bytes(24)
    found = one(udp(report))
    assert found is not None and found.frame.endswith(report)


def test_of_one_number_only_its_calls_stay() -> None:
    other = MadeCall(number=1, caller="0666667777", called="0355556666", talk=0.4, begin=START + MILLISECOND)
    both = sorted([*CALL.frames(), *other.frames()], key=lambda captured: captured.at)
    for number in ("090-1111-2222", "+819011112222", "09011112222"):
        trimmer = Trimmer(number=number)
        kept = b"".join(found.frame for found in trimmed(both, trimmer))
        assert b"09011112222" in kept and b"0666667777" not in kept
        assert trimmer.counts["rtp"] == 2 * CALL.packets


@given(some.binary(max_size=300), some.booleans())
def test_garbage_is_no_trouble(payload: bytes, whole: bool) -> None:
    trimmer = Trimmer(whole=whole, number="1" if len(payload) % 2 else "")
    for frame in (payload, udp(payload), tcp(payload), bytes(12) + b"\x86\xdd" + payload):
        try:
            Dissector().dissect(LINK_ETHERNET, frame, START)
        except FrameError:
            assert one(frame, trimmer) is None
            continue
        found = one(frame, trimmer)
        assert found is None or found.length >= len(found.frame)
