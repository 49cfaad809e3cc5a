"""What scapy wraps into any tunnel, and into several, comes out again; speech on a tunnel's port stays speech; tshark sees the same."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific
from scapy.contrib.etherip import EtherIP
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.contrib.tzsp import TZSP, TZSPTagEnd, TZSPTagPadding, TZSPTagTimestamp
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, GRE_PPTP, Dot1Q, Ether
from scapy.layers.l2tp import L2TP
from scapy.layers.ppp import HDLC, PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from capture import pcapfile, tunnels
from capture.frames import LINK_ETHERNET, MAX_DEPTH, Address, Datagram, Dissector, FrameError, Segment, host_text
from tests import needs
from tests.bed.made import MadeCall
from tests.bed.recorded import all_recordings, recorded

MACS: dict[str, Any] = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
BODY = b"INVITE sip:0312345678@198.51.100.2 SIP/2.0\r\n\r\n"
INNER = IP(src="192.0.2.1", dst="198.51.100.2") / UDP(sport=5060, dport=5062) / Raw(BODY)
INNER6 = IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=5060, dport=5062) / Raw(BODY)
EXPECTED = Datagram(Address(b"\xc0\x00\x02\x01", 5060), Address(b"\xc6\x33\x64\x02", 5062), BODY)
FRAME = Ether(**MACS) / INNER


def outer() -> Any:
    return IP(src="10.9.9.1", dst="10.9.9.2")


def over(port: int, *layers: Any, body: bytes = b"") -> Any:
    packet = outer() / UDP(sport=40000, dport=port)
    for layer in layers:
        packet = packet / layer
    return packet / Raw(body) if body else packet


L2TP_V3 = struct.pack(">HHI", 3, 0, 77)
WRAPPED: dict[str, Any] = {
    "GRE": outer() / GRE() / INNER,
    "GRE with checksum, key and sequence": outer() / GRE(chksum_present=1, key_present=1, seqnum_present=1) / INNER,
    "GRE with Ethernet": outer() / GRE(proto=0x6558) / FRAME,
    "GRE with a VLAN tag": outer() / GRE(proto=0x8100) / Dot1Q(vlan=5) / INNER,
    "GRE with MPLS": outer() / GRE(proto=0x8847) / MPLS(label=16, s=1) / INNER,
    "GRE over IPv6": IPv6(src="2001:db8::9", dst="2001:db8::8") / GRE() / INNER,
    "PPTP": outer() / GRE_PPTP(seqnum_present=1, acknum_present=1, call_id=5) / HDLC() / PPP(proto=0x21) / INNER,
    "ERSPAN I": outer() / GRE(proto=0x88BE) / ERSPAN_I() / FRAME,
    "ERSPAN II": outer() / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(session_id=3) / FRAME,
    "ERSPAN III": outer() / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(session_id=3) / FRAME,
    "ERSPAN III with a subheader": outer()
    / GRE(proto=0x22EB, seqnum_present=1)
    / ERSPAN_III(o=1)
    / ERSPAN_PlatformSpecific()
    / FRAME,
    "VXLAN": over(4789, VXLAN(vni=7, flags="Instance"), FRAME),
    "VXLAN on Linux's old port": over(8472, VXLAN(vni=7, flags="Instance"), FRAME),
    "VXLAN with a group policy": over(4789, body=bytes([0x88, 0, 0, 9, 0, 0, 7, 1]) + bytes(FRAME)),
    "VXLAN-GPE on VXLAN's port": over(4789, body=bytes([0x0C, 0, 0, 3, 0, 0, 7, 0]) + bytes(FRAME)),
    "VXLAN-GPE": over(4790, body=bytes([0x0C, 0, 0, 1, 0, 0, 7, 0]) + bytes(INNER)),
    "Geneve": over(6081, GENEVE(vni=7, proto=0x6558), FRAME),
    "Geneve with options": over(6081, body=bytes([2, 0, 0x65, 0x58, 0, 0, 7, 0, *bytes(8)]) + bytes(FRAME)),
    "Geneve with IP": over(6081, GENEVE(vni=7, proto=0x0800), INNER),
    "TZSP": over(37008, TZSP(), TZSPTagEnd(), FRAME),
    "TZSP with tags": over(37008, TZSP(), TZSPTagPadding(), TZSPTagTimestamp(timestamp=5), TZSPTagEnd(), FRAME),
    "L2TP": over(1701, L2TP(tunnel_id=1, session_id=2), HDLC(), PPP(proto=0x21), INNER),
    "L2TP with length, sequence and offset": over(
        1701, body=struct.pack(">HHHHHHH", 0x4A02, 0, 1, 2, 3, 4, 2) + b"xx" + bytes(PPP(proto=0x21) / INNER)
    ),
    "L2TP with a short protocol field": over(1701, body=struct.pack(">HHH", 2, 1, 2) + b"\x21" + bytes(INNER)),
    "L2TP's answer to another port": outer()
    / UDP(sport=1701, dport=40000)
    / L2TP(tunnel_id=1, session_id=2)
    / HDLC()
    / PPP(proto=0x21)
    / INNER,
    "L2TPv3": over(1701, body=L2TP_V3 + bytes(FRAME)),
    "L2TPv3 with a cookie": over(1701, body=L2TP_V3 + b"cook" + bytes(FRAME)),
    "L2TPv3 with cookie and sublayer": over(1701, body=L2TP_V3 + b"cookie88" + bytes(4) + bytes(FRAME)),
    "L2TPv3 over IP": IP(src="10.9.9.1", dst="10.9.9.2", proto=115) / Raw(struct.pack(">I", 77) + bytes(FRAME)),
    "IP in IP": outer() / INNER,
    "IP in IPv6": IPv6(src="2001:db8::9", dst="2001:db8::8") / INNER,
    "EtherIP": outer() / EtherIP() / FRAME,
    "MPLS in IP": IP(src="10.9.9.1", dst="10.9.9.2", proto=137) / MPLS(label=16, s=1) / INNER,
}
LINKED: dict[str, Any] = {
    "MPLS": Ether(**MACS, type=0x8847) / MPLS(label=16, s=0) / MPLS(label=17, s=1) / INNER,
    **{
        f"MPLS pseudowire to {address}{' with a control word' if word else ''}": Ether(**MACS, type=0x8847)
        / MPLS(label=17, s=1)
        / Raw(bytes(4 * word) + bytes(Ether(src=MACS["src"], dst=address) / INNER))
        for address in ("02:00:00:00:00:02", "40:a8:00:00:00:02", "64:d1:00:00:00:02", "00:00:5e:00:01:01")
        for word in (0, 1)
    },
    "MPLS pseudowire": Ether(**MACS, type=0x8847) / MPLS(label=17, s=1) / Raw(bytes(4) + bytes(FRAME)),
    "PPPoE": Ether(**MACS) / PPPoE(sessionid=5) / PPP(proto=0x21) / INNER,
    "PPPoE behind a tag": Ether(**MACS) / Dot1Q(vlan=2) / PPPoE(sessionid=5) / PPP(proto=0x21) / INNER,
}
ALL = {**{name: Ether(**MACS) / packet for name, packet in WRAPPED.items()}, **LINKED}


def dissect(frame: bytes) -> Datagram | Segment | None:
    return Dissector().dissect(LINK_ETHERNET, frame, 0)


@pytest.mark.parametrize("name", ALL)
def test_what_is_wrapped_comes_out(name: str) -> None:
    assert dissect(bytes(ALL[name])) == EXPECTED


@pytest.mark.parametrize("name", ALL)
def test_a_frame_cut_anywhere_is_taken_calmly(name: str) -> None:
    whole = bytes(ALL[name])
    for size in range(len(whole)):
        try:
            found = dissect(whole[:size])
        except FrameError as error:
            assert error.name
            continue
        assert found is None or isinstance(found, (Datagram, Segment))


def test_ipv6_inside_comes_out() -> None:
    found = dissect(bytes(Ether(**MACS) / outer() / GRE(proto=0x86DD) / INNER6))
    assert isinstance(found, Datagram)
    assert (host_text(found.source.host), found.payload) == ("2001:db8::1", BODY)
    assert dissect(bytes(Ether(**MACS) / outer() / INNER6)) == found, "protocol 41"


def test_tcp_inside_comes_out() -> None:
    inner = Ether(**MACS) / IP(src="192.0.2.1", dst="198.51.100.2") / TCP(sport=5060, dport=5062, flags="PA") / Raw(BODY)
    found = dissect(bytes(Ether(**MACS) / outer() / UDP(sport=1, dport=4789) / VXLAN(vni=1, flags="Instance") / inner))
    assert isinstance(found, Segment)
    assert found.payload == BODY


def test_tunnels_in_tunnels_are_followed_to_a_depth() -> None:
    packet: Any = Ether(**MACS) / INNER
    for depth in range(1, MAX_DEPTH + 3):
        packet = Ether(**MACS) / outer() / UDP(sport=1, dport=4789) / VXLAN(vni=depth, flags="Instance") / packet
        if depth <= MAX_DEPTH:
            assert dissect(bytes(packet)) == EXPECTED
        else:
            with pytest.raises(FrameError, match="tunnels-too-deep"):
                dissect(bytes(packet))


def test_fragments_outside_and_inside_are_put_together() -> None:
    large = IP(src="192.0.2.1", dst="198.51.100.2", id=7) / UDP(sport=5060, dport=5062) / Raw(BODY * 60)
    dissector, found = Dissector(), []
    for piece in fragment(large, fragsize=1000):  # type: ignore[no-untyped-call]
        wrapped = IP(src="10.9.9.1", dst="10.9.9.2", id=9) / GRE() / piece
        wrapped.id = 100 + piece.frag
        parts = fragment(wrapped, fragsize=600)  # type: ignore[no-untyped-call]
        found += [dissector.dissect(LINK_ETHERNET, bytes(Ether(**MACS) / part), 0) for part in parts]
    (whole,) = [one for one in found if one is not None]
    assert isinstance(whole, Datagram)
    assert whole.payload == BODY * 60


@pytest.mark.parametrize("name", ["ERSPAN II", "VXLAN", "Geneve", "TZSP"])
def test_a_call_on_a_mirror_that_wraps_its_frames_is_recorded(name: str, tmp_path: Path) -> None:
    call = MadeCall(talk=0.4)
    marker = bytes(ALL[name])
    head = marker[: marker.index(bytes(FRAME))]
    wrapped = [captured._replace(frame=_longer(head, len(captured.frame)) + captured.frame) for captured in call.frames()]
    (recording,) = all_recordings(recorded(tmp_path / "var", frames=wrapped))
    assert (recording.facts.packets, recording.facts.lost, recording.facts.one_sided) == (2 * call.packets, 0, False)


def _longer(head: bytes, inner: int) -> bytes:
    """The layers of a tunnel with the lengths of another frame inside."""
    rest = len(head) - 14 + inner
    head = head[:16] + rest.to_bytes(2, "big") + head[18:]
    return head[:38] + (rest - 20).to_bytes(2, "big") + head[40:] if head[23] == 17 else head


@pytest.mark.parametrize("port", tunnels.BY_PORT)
@given(payload=st.binary(max_size=30) | st.binary(min_size=160, max_size=160), sequence=st.integers(0, 65535))
def test_speech_on_the_port_of_a_tunnel_stays_speech(port: int, payload: bytes, sequence: int) -> None:
    rtp = struct.pack(">BBHII", 0x80, 8, sequence, 160, 1) + payload
    found = dissect(bytes(Ether(**MACS) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=port, dport=port) / Raw(rtp)))
    assert isinstance(found, Datagram)
    assert found.payload == rtp


@pytest.mark.parametrize("kind", [*tunnels.BY_PROTOCOL, *tunnels.BY_PORT, *tunnels.BY_ETHERTYPE])
@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_layer_or_none(kind: int, data: bytes) -> None:
    for table in (tunnels.BY_PROTOCOL, tunnels.BY_PORT, tunnels.BY_ETHERTYPE):
        if kind in table:
            found = table[kind](data)
            assert found is None or data.endswith(found.data)


@needs.shared
@needs.program("tshark")
@pytest.mark.parametrize(
    "name",
    ["tcpdump-erspan-ii.pcap", "tcpdump-erspan-iii.pcap", "zeek-erspan.pcap", "tcpdump-vxlan.pcap", "arkime-gre-erspan-vxlan.pcap"],
)
def test_tshark_sees_the_same_inside_public_captures(name: str) -> None:
    """The innermost ports of every UDP datagram and TCP segment, but of those that are themselves the outside."""
    fields = ["udp.srcport", "udp.dstport", "tcp.srcport", "tcp.dstport"]
    command = ["tshark", "-r", str(needs.PCAPS / name), "-Y", "(udp || tcp) && !icmp", "-T", "fields", "-E", "occurrence=l"]
    for field in fields:
        command += ["-e", field]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    expected = []
    for line in shown.splitlines():
        *_, source, destination = (int(port) for port in line.split("\t") if port)
        if destination not in tunnels.BY_PORT:  # what is inside is no UDP or TCP otherwise
            expected.append((source, destination))
    dissector, found = Dissector(), []
    for link, frame, at in pcapfile.frames(needs.PCAPS / name):
        one = dissector.dissect(link, frame, at)
        if one is not None and one.destination.port not in tunnels.BY_PORT:
            found.append((one.source.port, one.destination.port))
    assert found == expected
