"""Frames taken apart: what scapy packs into any link layer, tags, options and fragments comes out again, and nothing else is raised."""

from __future__ import annotations

import random
import struct
import subprocess
from collections import Counter
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP, IPOption_NOP, IPOption_RR, fragment
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    fragment6,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether, Loopback
from scapy.packet import Raw

from capture import pcapfile
from capture.frames import (
    LINK_ETHERNET,
    LINK_IPV4,
    LINK_IPV6,
    LINK_LOOP,
    LINK_NULL,
    LINK_RAW,
    LINK_SLL,
    LINK_SLL2,
    Address,
    Datagram,
    Dissector,
    FrameError,
    Segment,
    host_text,
)
from tests import needs

MACS: dict[str, Any] = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
V4: dict[str, Any] = {"src": "192.0.2.1", "dst": "198.51.100.2"}
V6: dict[str, Any] = {"src": "2001:db8::1", "dst": "2001:db8::2"}
BODY = b"INVITE sip:0312345678@198.51.100.2 SIP/2.0\r\n\r\n"
EXPECTED_V4 = Datagram(Address(b"\xc0\x00\x02\x01", 5060), Address(b"\xc6\x33\x64\x02", 5062), BODY)
EXPECTED_V6 = Datagram(Address(ip_address(V6["src"]).packed, 5060), Address(ip_address(V6["dst"]).packed, 5062), BODY)
LINKS = [LINK_NULL, LINK_ETHERNET, 12, 14, LINK_RAW, LINK_LOOP, LINK_SLL, LINK_IPV4, LINK_IPV6, LINK_SLL2, 147]


def udp(body: bytes = BODY) -> Any:
    return UDP(sport=5060, dport=5062) / Raw(body)


def ipv4(**fields: Any) -> Any:
    return IP(**V4, **fields)


def ipv6(**fields: Any) -> Any:
    return IPv6(**V6, **fields)


def ether() -> Any:
    return Ether(**MACS)


def loopback(packet: Any, family: int, order: str) -> bytes:
    return struct.pack(f"{order}I", family) + bytes(packet)


def dissect(link: int, frame: Any) -> Datagram | Segment | None:
    return Dissector().dissect(link, bytes(frame), 0)


FORMS = {
    "Ethernet": (LINK_ETHERNET, ether() / ipv4() / udp()),
    "Ethernet, padded to 60 bytes and with a trailer": (LINK_ETHERNET, bytes(ether() / ipv4() / udp()) + b"\xde\xad" * 9),
    "802.1Q": (LINK_ETHERNET, ether() / Dot1Q(vlan=5, prio=5) / ipv4() / udp()),
    "802.1Q, priority only": (LINK_ETHERNET, ether() / Dot1Q(vlan=0, prio=6) / ipv4() / udp()),
    "802.1ad": (LINK_ETHERNET, ether() / Dot1AD(vlan=100) / Dot1Q(vlan=200) / ipv4() / udp()),
    "QinQ of old switches": (LINK_ETHERNET, Ether(**MACS, type=0x9100) / Dot1Q(vlan=7) / Dot1Q(vlan=8) / ipv4() / udp()),
    "three tags": (LINK_ETHERNET, ether() / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / ipv4() / udp()),
    "four tags": (LINK_ETHERNET, ether() / Dot1AD() / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / ipv4() / udp()),
    "SLL": (LINK_SLL, CookedLinux() / ipv4() / udp()),
    "SLL with a tag": (LINK_SLL, CookedLinux(proto=0x8100) / Dot1Q(vlan=5) / ipv4() / udp()),
    "SLL2": (LINK_SLL2, CookedLinuxV2() / ipv4() / udp()),
    "raw": (LINK_RAW, ipv4() / udp()),
    "raw, as FreeBSD numbers it": (12, ipv4() / udp()),
    "raw, as OpenBSD numbers it": (14, ipv4() / udp()),
    "IPv4 link type": (LINK_IPV4, ipv4() / udp()),
    "BSD null": (LINK_NULL, Loopback() / ipv4() / udp()),
    "BSD null, big endian": (LINK_NULL, loopback(ipv4() / udp(), 2, ">")),
    "OpenBSD loop": (LINK_LOOP, loopback(ipv4() / udp(), 2, ">")),
    "IPv4 options": (LINK_ETHERNET, ether() / ipv4(options=[IPOption_NOP(), IPOption_RR(routers=["192.0.2.9"])]) / udp()),
    "IPv4 DSCP and don't fragment": (LINK_ETHERNET, ether() / ipv4(tos=0xB8, flags="DF", id=7) / udp()),
    "checksums of an unfinished frame": (LINK_ETHERNET, ether() / ipv4(chksum=0) / UDP(sport=5060, dport=5062, chksum=1) / BODY),
    "IPv4 length 0 (segmentation left to the card)": (LINK_ETHERNET, ether() / ipv4(len=0) / udp()),
    "UDP length 0": (LINK_ETHERNET, ether() / ipv4() / UDP(sport=5060, dport=5062, len=0) / BODY),
    "IPv6": (LINK_ETHERNET, ether() / ipv6() / udp()),
    "IPv6 with a trailer": (LINK_ETHERNET, bytes(ether() / ipv6() / udp()) + b"\xff" * 5),
    "IPv6 link type": (LINK_IPV6, ipv6() / udp()),
    "IPv6, raw": (LINK_RAW, ipv6() / udp()),
    "IPv6, BSD null as FreeBSD has it": (LINK_NULL, loopback(ipv6() / udp(), 28, "<")),
    "IPv6, BSD null as macOS has it": (LINK_NULL, loopback(ipv6() / udp(), 30, "<")),
    "IPv6 in a tag": (LINK_ETHERNET, ether() / Dot1Q(vlan=9) / ipv6() / udp()),
    "IPv6 hop-by-hop": (LINK_ETHERNET, ether() / ipv6() / IPv6ExtHdrHopByHop() / udp()),
    "IPv6 routing": (LINK_ETHERNET, ether() / ipv6() / IPv6ExtHdrRouting(segleft=0) / udp()),
    "IPv6 destination": (LINK_ETHERNET, ether() / ipv6() / IPv6ExtHdrDestOpt() / udp()),
    "IPv6 authentication": (LINK_ETHERNET, ether() / ipv6() / AH(spi=1, icv=bytes(12), payloadlen=4, nh=17) / bytes(udp())),
    "IPv6 atomic fragment": (LINK_ETHERNET, ether() / ipv6() / IPv6ExtHdrFragment(id=1) / udp()),
    "IPv6 every header": (
        LINK_ETHERNET,
        ether() / ipv6() / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / IPv6ExtHdrRouting() / IPv6ExtHdrFragment(id=2)
        / IPv6ExtHdrDestOpt() / udp(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_datagram_comes_out_of_every_wrapping(form: str) -> None:
    link, frame = FORMS[form]
    found = dissect(link, frame)
    assert isinstance(found, Datagram)
    assert found == (EXPECTED_V6 if len(found.source.host) == 16 else EXPECTED_V4)


def test_a_tcp_segment_says_where_it_belongs_and_what_its_flags_are() -> None:
    options = [("MSS", 1460), ("NOP", None), ("WScale", 7)]
    for flags, syn, fin in (("S", True, False), ("PA", False, False), ("FA", False, True), ("R", False, True)):
        packet = ether() / ipv4() / TCP(sport=40000, dport=5060, seq=0xFFFFFFF0, flags=flags, options=options) / Raw(BODY)
        expected = Segment(Address(b"\xc0\x00\x02\x01", 40000), Address(b"\xc6\x33\x64\x02", 5060), 0xFFFFFFF0, syn, fin, BODY)
        assert dissect(LINK_ETHERNET, packet) == expected


def test_padding_behind_a_short_tcp_segment_is_no_payload() -> None:
    bare = bytes(ether() / ipv4() / TCP(sport=40000, dport=5060, flags="A"))
    found = dissect(LINK_ETHERNET, bare + bytes(60 - len(bare)))
    assert isinstance(found, Segment)
    assert found.payload == b""


@settings(max_examples=50)
@given(st.randoms(use_true_random=False), st.sampled_from([4, 6]), st.integers(1, 3000), st.integers(10, 100))
def test_fragments_in_any_order_and_doubled_give_the_datagram_once(
    shuffler: random.Random, version: int, size: int, unit: int
) -> None:
    body = bytes(shuffler.randrange(256) for _ in range(size))
    if version == 4:
        pieces = fragment(ipv4(id=99) / udp(body), fragsize=8 * unit)  # type: ignore[no-untyped-call]
    else:
        pieces = fragment6(ipv6() / IPv6ExtHdrFragment(id=99) / udp(body), 8 * unit + 48)  # type: ignore[no-untyped-call]
    frames = [bytes(ether() / piece) for piece in pieces]
    shuffler.shuffle(frames)
    at = shuffler.randrange(len(frames))
    frames = [*frames[: at + 1], frames[at], *frames[at + 1 :]] if at + 1 < len(frames) else frames
    dissector = Dissector()
    found = [result for frame in frames if (result := dissector.dissect(LINK_ETHERNET, frame, 0)) is not None]
    assert [result.payload for result in found] == [body]


def test_fragments_of_a_datagram_may_come_in_different_tags() -> None:
    pieces = fragment(ipv4(id=5) / udp(b"x" * 1000), fragsize=800)  # type: ignore[no-untyped-call]
    first, second = (bytes(piece) for piece in pieces)
    dissector = Dissector()
    assert dissector.dissect(LINK_ETHERNET, bytes(ether() / Dot1Q(vlan=1, type=0x0800)) + second, 0) is None
    found = dissector.dissect(LINK_ETHERNET, bytes(Ether(**MACS, type=0x0800)) + first, 0)
    assert isinstance(found, Datagram)
    assert found.payload == b"x" * 1000


def test_extension_headers_within_the_reassembled_part_are_passed_over() -> None:
    whole = bytes(IPv6ExtHdrDestOpt(nh=17)) + bytes(ipv6() / udp())[40:]
    dissector = Dissector()
    pieces = [(0, whole[:16], 1), (2, whole[16:], 0)]
    frames = [bytes(ether() / ipv6(nh=44) / IPv6ExtHdrFragment(nh=60, id=3, offset=o, m=m) / Raw(part)) for o, part, m in pieces]
    assert dissector.dissect(LINK_ETHERNET, frames[1], 0) is None
    found = dissector.dissect(LINK_ETHERNET, frames[0], 0)
    assert isinstance(found, Datagram)
    assert found.payload == BODY


def test_a_datagram_that_the_capture_cut_says_so() -> None:
    frame = bytes(ether() / ipv4() / udp(b"x" * 500))[:96]
    found = dissect(LINK_ETHERNET, frame)
    assert isinstance(found, Datagram)
    assert (found.cut, found.payload) == (True, b"x" * (96 - 42))
    assert not EXPECTED_V4.cut


def test_a_udp_length_that_is_too_short_cuts_the_payload() -> None:
    found = dissect(LINK_ETHERNET, ether() / ipv4() / UDP(sport=5060, dport=5062, len=8 + 6) / BODY)
    assert isinstance(found, Datagram)
    assert (found.payload, found.cut) == (b"INVITE", False)


def test_a_udp_length_that_is_too_long_brings_no_trailer_into_the_payload() -> None:
    frame = bytes(ether() / ipv4() / UDP(sport=5060, dport=5062, len=999) / BODY) + b"trailer"
    found = dissect(LINK_ETHERNET, frame)
    assert isinstance(found, Datagram)
    assert (found.payload, found.cut) == (BODY, True)


DAMAGED = {
    "ethernet-short": (LINK_ETHERNET, b"\x00" * 13),
    "sll-short": (LINK_SLL, b"\x00" * 15),
    "sll2-short": (LINK_SLL2, b"\x00" * 19),
    "raw-short": (LINK_NULL, b"\x02\x00\x00\x00"),
    "vlan-short": (LINK_ETHERNET, b"\x00" * 12 + b"\x81\x00\x00"),
    "vlan-too-many": (LINK_ETHERNET, b"\x00" * 12 + b"\x81\x00\x00\x01" * 5 + b"\x08\x00" + bytes(ipv4() / udp())),
    "ipv4-short": (LINK_ETHERNET, bytes(ether() / ipv4())[:30]),
    "ipv4-header": (LINK_ETHERNET, ether() / ipv4(ihl=4) / udp()),
    "ipv4-length": (LINK_ETHERNET, ether() / ipv4(len=19) / udp()),
    "ipv6-short": (LINK_ETHERNET, bytes(ether() / ipv6())[:50]),
    "ipv6-fragment-short": (LINK_ETHERNET, ether() / ipv6(nh=44) / Raw(b"\x11\x00\x00")),
    "ipv6-extension-short": (LINK_ETHERNET, ether() / ipv6(nh=60) / Raw(b"\x11")),
    "ipv6-extensions": (LINK_ETHERNET, ether() / ipv6(nh=60) / Raw(b"\x3c\x00\x00\x00\x00\x00\x00\x00" * 40)),
    "udp-short": (LINK_ETHERNET, ether() / ipv4(proto=17) / Raw(b"\x00" * 7)),
    "udp-length": (LINK_ETHERNET, ether() / ipv4() / UDP(len=7) / BODY),
    "tcp-short": (LINK_ETHERNET, ether() / ipv4(proto=6) / Raw(b"\x00" * 19)),
    "tcp-header": (LINK_ETHERNET, ether() / ipv4() / TCP(dataofs=4)),
    "link-type-147": (147, b"\x00" * 60),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_frame_that_contradicts_itself_has_a_name(name: str) -> None:
    link, frame = DAMAGED[name]
    with pytest.raises(FrameError) as caught:
        dissect(link, frame)
    assert caught.value.name == name


@pytest.mark.parametrize(
    "frame",
    [
        ether() / ARP(),
        Ether(**MACS, type=0x88CC) / Raw(b"\x02\x07"),
        Ether(**MACS, type=60) / Raw(b"\x42\x42\x03" + bytes(57)),
        ether() / ipv4(proto=1) / Raw(bytes(8)),
        ether() / ipv4(proto=47) / Raw(bytes(8)),
        ether() / ipv6(nh=58) / Raw(bytes(8)),
        ether() / ipv6(nh=50) / Raw(bytes(40)),
        ether() / ipv6() / IPv6ExtHdrFragment(nh=58, id=4) / Raw(bytes(8)),
    ],
    ids=["arp", "lldp", "spanning tree", "icmp", "gre", "icmpv6", "esp", "icmpv6 in a fragment header"],
)
def test_what_carries_no_call_is_passed_over(frame: Any) -> None:
    assert dissect(LINK_ETHERNET, frame) is None


def test_what_is_no_ip_on_a_raw_link_is_passed_over() -> None:
    assert dissect(LINK_RAW, b"\x00" * 40) is None
    assert dissect(LINK_NULL, struct.pack("<I", 2) + b"\xf0" * 40) is None


def outcome(dissector: Dissector, link: int, frame: bytes) -> None:
    """Dissect; only the promised results are let through."""
    try:
        found = dissector.dissect(link, frame, 0)
    except FrameError as error:
        assert error.name
        return
    assert found is None or isinstance(found, Datagram | Segment)
    if found is not None:
        assert len(found.source.host) == len(found.destination.host) in (4, 16)
        assert str(found.source)


@given(st.sampled_from(LINKS), st.binary(max_size=200))
def test_any_bytes_on_any_link_give_a_result_or_a_frame_error(link: int, frame: bytes) -> None:
    outcome(Dissector(), link, frame)


WHOLE = sorted({(link, bytes(frame)) for link, frame in (*FORMS.values(), *DAMAGED.values())})


@given(st.sampled_from(WHOLE), st.data())
def test_a_real_frame_with_bytes_altered_or_cut_gives_a_result_or_a_frame_error(
    whole: tuple[int, bytes], data: st.DataObject
) -> None:
    link, frame = whole
    altered = bytearray(frame)
    places = st.integers(0, len(altered) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        altered[place] = value
    dissector = Dissector()
    outcome(dissector, link, bytes(altered[: data.draw(st.integers(0, len(altered)))]))
    outcome(dissector, data.draw(st.sampled_from(LINKS)), bytes(altered))


def test_addresses_are_written_as_people_write_them() -> None:
    assert str(EXPECTED_V4.source) == "192.0.2.1:5060"
    assert str(EXPECTED_V6.source) == "[2001:db8::1]:5060"
    assert host_text(EXPECTED_V6.destination.host) == "2001:db8::2"


@needs.shared
def test_every_public_capture_is_dissected_without_another_exception() -> None:
    for file in sorted(needs.PCAPS.glob("*.pcap*")):
        dissector = Dissector()
        for link, frame, _ in pcapfile.frames(file):
            outcome(dissector, link, frame)


@needs.shared
def test_public_captures_of_tags_and_fragments_hold_what_their_index_says() -> None:
    def kinds(name: str) -> Counter[str]:
        dissector, found = Dissector(), Counter[str]()
        for link, frame, at in pcapfile.frames(needs.PCAPS / name):
            found[type(dissector.dissect(link, frame, at)).__name__] += 1
        return found

    assert kinds("tcpdump-qinq.pcap") == {"NoneType": 2}
    assert kinds("zeek-vlan-qinqinq.pcap") == {"Segment": 14}
    assert kinds("nextcaller-sip-frag.pcap") == {"NoneType": 1}
    assert kinds("zeek-sip-long-paths.pcap") == {"Datagram": 2}
    assert kinds("ndpi-linecall-falsepositive.pcap") == {"Datagram": 42}


@needs.shared
@needs.program("tshark")
@pytest.mark.parametrize("name", ["ws-SIP_CALL_RTP_G711.pcap", "ndpi-stun-google-meet.pcapng", "ws-h263-over-rtp.pcap"])
def test_tshark_sees_the_same_datagrams(name: str) -> None:
    file = needs.PCAPS / name
    fields = ["ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "udp.srcport", "udp.dstport", "udp.length"]
    command = ["tshark", "-r", str(file), "-Y", "udp && !icmp && !icmpv6", "-T", "fields", "-E", "occurrence=f"]
    for field in fields:
        command += ["-e", field]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    expected = []
    for line in shown.splitlines():
        v4_from, v6_from, v4_to, v6_to, sport, dport, length = line.split("\t")
        expected.append((v4_from or v6_from, int(sport), v4_to or v6_to, int(dport), int(length) - 8))
    dissector, found = Dissector(), []
    for link, frame, at in pcapfile.frames(file):
        result = dissector.dissect(link, frame, at)
        if isinstance(result, Datagram):
            (source, sport_), (destination, dport_) = result.source, result.destination
            found.append((host_text(source), sport_, host_text(destination), dport_, len(result.payload)))
    assert found == expected
    assert len(found) > 40
