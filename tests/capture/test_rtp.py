"""RTP headers: what scapy writes is read, what else stands on the same ports is told apart, and nothing but RtpError is raised."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.rtp import RTP, RTPExtension

from capture import pcapfile, rtp
from capture.frames import Datagram, Dissector, FrameError
from tests import needs

BITS = {32: st.integers(0, 2**32 - 1), 16: st.integers(0, 2**16 - 1)}
TYPES = st.integers(0, 127).filter(lambda number: not 64 <= number <= 95)


def parsed(packet: bytes) -> rtp.Rtp | None:
    try:
        return rtp.parse(packet)
    except rtp.RtpError:
        return None


@given(
    TYPES, st.booleans(), BITS[16], BITS[32], BITS[32], st.lists(BITS[32], max_size=15), st.lists(BITS[32], max_size=4) | st.none(),
    st.binary(max_size=200), st.integers(0, 255),
)  # fmt: skip
def test_a_packet_is_read_without_csrcs_extension_and_padding(
    payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, csrcs: list[int], extension: list[int] | None,
    payload: bytes, padding: int,
) -> None:  # fmt: skip
    extra: dict[str, Any] = {} if extension is None else {"extension": 1}
    packet: Any = RTP(
        padding=bool(padding), marker=marker, payload_type=payload_type, sequence=sequence, timestamp=timestamp, sourcesync=ssrc,
        numsync=len(csrcs), sync=csrcs, **extra,
    )  # fmt: skip
    if extension is not None:
        packet /= RTPExtension(header_id=0xBEDE, header=extension)
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    found = rtp.parse(bytes(packet) + payload + tail)
    assert found == rtp.Rtp(payload_type, marker, sequence, timestamp, ssrc, payload)


@given(st.binary(max_size=100))
def test_any_bytes_give_a_packet_or_an_rtp_error(packet: bytes) -> None:
    found = parsed(packet)
    assert found is None or len(found.payload) <= len(packet) - rtp.HEADER


@given(st.integers(0, 63), st.integers(0, 255), st.binary(min_size=10, max_size=60))
def test_any_rtp_version_2_gives_a_packet_or_an_rtp_error(first: int, second: int, rest: bytes) -> None:
    packet = bytes([0x80 | first, second]) + rest
    found = parsed(packet)
    assert rtp.looks_like_rtp(packet) == (not 192 <= second <= 223)
    assert found is None or packet.endswith(found.payload) or first & 0x20


PLAIN = bytes(RTP(payload_type=0, sequence=1, timestamp=160, sourcesync=7))


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        PLAIN[:11],
        bytes([0x40]) + PLAIN[1:],
        bytes([0x8F]) + PLAIN[1:],
        bytes([0x90]) + PLAIN[1:] + b"\x00\x00\x00",
        bytes([0x90]) + PLAIN[1:] + b"\xbe\xde\x00\x02" + bytes(7),
        bytes([0xA0]) + PLAIN[1:] + b"payload\x00",
        bytes([0xA0]) + PLAIN[1:] + b"payload\x09",
    ],
    ids=[
        "nothing", "a cut header", "version 1", "15 CSRCs that are not there", "a cut extension header", "a cut extension",
        "padding of 0", "padding longer than the packet",
    ],
)  # fmt: skip
def test_a_header_that_contradicts_itself_is_an_rtp_error(packet: bytes) -> None:
    with pytest.raises(rtp.RtpError):
        rtp.parse(packet)


def test_padding_may_be_all_of_the_payload() -> None:
    assert rtp.parse(bytes([0xA0]) + PLAIN[1:] + b"\x00\x00\x03").payload == b""


OTHERS = {
    "RTCP sender report": b"\x80\xc8\x00\x06" + bytes(24),
    "RTCP receiver report": b"\x81\xc9\x00\x07" + bytes(28),
    "RTCP source description": b"\x81\xca\x00\x04" + bytes(16),
    "RTCP goodbye": b"\x81\xcb\x00\x01" + bytes(8),
    "RTCP feedback": b"\x8f\xce\x00\x04" + bytes(16),
    "RTCP extended report": b"\x80\xcf\x00\x04" + bytes(16),
    "STUN binding request": b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),
    "STUN binding response": b"\x01\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),
    "DTLS handshake": b"\x16\xfe\xfd\x00\x00" + bytes(20),
    "TURN channel data": b"\x40\x00\x00\x08" + bytes(20),
    "UDPTL": b"\x00\x00\x06" + bytes(20),
    "SIP": b"OPTIONS sip:a SIP/2.0\r\n\r\n",
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_else_stands_on_media_ports_is_no_rtp(name: str) -> None:
    assert not rtp.looks_like_rtp(OTHERS[name])
    with pytest.raises(rtp.RtpError):
        rtp.parse(OTHERS[name])


def test_a_marked_packet_of_a_usual_type_is_not_taken_for_rtcp() -> None:
    for payload_type in (0, 8, 9, 18, 96, 101, 111, 127):
        assert rtp.parse(bytes([0x80, 0x80 | payload_type]) + bytes(170)).marker


@needs.shared
@pytest.mark.parametrize(
    "name", ["ast-2017-012-rtcp-crash.pcap", "tcpdump-rtp-seg-fault-1.pcapng", "ast-2016-003-udptl-crash.pcap"]
)
def test_captures_that_crashed_other_parsers_raise_nothing_else(name: str) -> None:
    dissector, packets, refused = Dissector(), 0, 0
    for link, frame, at in pcapfile.frames(needs.PCAPS / name):
        try:
            found = dissector.dissect(link, frame, at)
        except FrameError:
            continue
        if isinstance(found, Datagram):
            packets += 1
            refused += parsed(found.payload) is None
    assert packets
    assert refused == {"ast-2017-012-rtcp-crash.pcap": 2, "ast-2016-003-udptl-crash.pcap": 128}.get(name, refused)


@needs.shared
@pytest.mark.parametrize(
    ("name", "expected"),
    [("fs-milliwatt-long-pcmu.pcap", {0: 713}), ("sipp-scen-g722.pcap", {9: 5413}), ("ast-opus-48k-fec.pcapng", {107: 3000})],
)
def test_captures_of_nothing_but_rtp_are_read_whole(name: str, expected: dict[int, int]) -> None:
    dissector, found = Dissector(), dict.fromkeys(expected, 0)
    for link, frame, at in pcapfile.frames(needs.PCAPS / name):
        datagram = dissector.dissect(link, frame, at)
        assert isinstance(datagram, Datagram)
        found[rtp.parse(datagram.payload).payload_type] += 1
    assert found == expected
