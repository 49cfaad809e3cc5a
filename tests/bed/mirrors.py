"""Capture cases of what a mirror makes of a plain call: tags, tunnels, link types, fragments, segments, copies. Built by scapy."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III
from scapy.contrib.etherip import EtherIP
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.contrib.tzsp import TZSP, TZSPTagEnd
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.layers.l2tp import L2TP
from scapy.layers.ppp import HDLC, PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from appliance.records import Side
from capture.frames import LINK_ETHERNET, LINK_LOOP, LINK_NULL, LINK_RAW, LINK_SLL, LINK_SLL2, Address, host_text
from capture.pcapfile import Captured
from tests.bed.case_list import CASE, Made, case
from tests.bed.scene import Scene, plain
from tests.capture.playbook import CALLED, CALLER, Call, frame, sdp

MACS: dict[str, Any] = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def every(change: Callable[[bytes], bytes], link: int = LINK_ETHERNET) -> Made:
    """The plain call, each frame changed."""
    return [Captured(link, change(one.frame), one.at) for one in plain().frames()]


def outer(over: Any) -> bytes:
    """Between the ends of a tunnel."""
    return bytes(Ether(**MACS) / IP(src="10.9.9.1", dst="10.9.9.2") / over)


def datagram(port: int, *layers: Any) -> Any:
    """UDP to a tunnel's port."""
    packet = UDP(sport=40000, dport=port)
    for layer in layers:
        packet = packet / layer
    return packet


WRAPPED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "vlan": ("a VLAN tag", lambda data: data[:12] + struct.pack(">HH", 0x8100, 20) + data[12:]),
    "qinq": ("two VLAN tags (IEEE 802.1ad)", lambda data: data[:12] + struct.pack(">HHHH", 0x88A8, 2, 0x8100, 3) + data[12:]),
    "gre": ("GRE with IP", lambda data: outer(GRE(proto=0x0800) / Raw(data[14:]))),
    "gre-ethernet": ("GRE with Ethernet frames", lambda data: outer(GRE(proto=0x6558) / Raw(data))),
    "erspan-1": ("ERSPAN type I", lambda data: outer(GRE(proto=0x88BE) / ERSPAN_I() / Raw(data))),
    "erspan-2": ("ERSPAN type II", lambda data: outer(GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(session_id=3) / Raw(data))),
    "erspan-3": ("ERSPAN type III", lambda data: outer(GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(session_id=3) / Raw(data))),
    "vxlan": ("VXLAN", lambda data: outer(datagram(4789, VXLAN(vni=7, flags="Instance"), Raw(data)))),
    "geneve": ("Geneve", lambda data: outer(datagram(6081, GENEVE(vni=7, proto=0x6558), Raw(data)))),
    "tzsp": ("TZSP", lambda data: outer(datagram(37008, TZSP(), TZSPTagEnd(), Raw(data)))),
    "l2tp": ("L2TP with PPP", lambda data: outer(
        datagram(1701, L2TP(tunnel_id=1, session_id=2), HDLC(), PPP(proto=0x21), Raw(data[14:])))),
    "l2tpv3": ("L2TPv3 over IP", lambda data: bytes(
        Ether(**MACS) / IP(src="10.9.9.1", dst="10.9.9.2", proto=115) / Raw(struct.pack(">I", 77) + data))),
    "ip-in-ip": ("IP in IP", lambda data: bytes(Ether(**MACS) / IP(src="10.9.9.1", dst="10.9.9.2", proto=4) / Raw(data[14:]))),
    "ip-in-ipv6": ("IPv4 in IPv6", lambda data: bytes(
        Ether(**MACS) / IPv6(src="2001:db8::9", dst="2001:db8::8", nh=4) / Raw(data[14:]))),
    "etherip": ("EtherIP", lambda data: bytes(
        Ether(**MACS) / IP(src="10.9.9.1", dst="10.9.9.2", proto=97) / EtherIP() / Raw(data))),
    "mpls": ("two MPLS labels", lambda data: bytes(
        Ether(**MACS, type=0x8847) / MPLS(label=16, s=0) / MPLS(label=17, s=1) / Raw(data[14:]))),
    "pppoe": ("PPPoE", lambda data: bytes(Ether(**MACS) / PPPoE(sessionid=5) / PPP(proto=0x21) / Raw(data[14:]))),
    "nested": ("ERSPAN II in VXLAN behind a VLAN tag", lambda data: bytes(
        Ether(**MACS) / Dot1Q(vlan=9) / IP(src="10.8.8.1", dst="10.8.8.2") / datagram(
            4789, VXLAN(vni=7, flags="Instance"),
            Raw(outer(GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(session_id=3) / Raw(data)))))),
}  # fmt: skip
LINKED: dict[str, tuple[str, int, Callable[[bytes], bytes]]] = {
    "cooked-1": ("Linux cooked capture, version 1", LINK_SLL, lambda data: struct.pack(">HHH8sH", 0, 1, 6, bytes(8), 0x0800) + data[14:]),
    "cooked-2": ("Linux cooked capture, version 2", LINK_SLL2,
                 lambda data: struct.pack(">HHIHBB8s", 0x0800, 0, 2, 1, 0, 6, bytes(8)) + data[14:]),
    "bsd-null": ("BSD loopback", LINK_NULL, lambda data: struct.pack("<I", 2) + data[14:]),
    "bsd-loop": ("OpenBSD loopback", LINK_LOOP, lambda data: struct.pack(">I", 2) + data[14:]),
    "raw-ip": ("raw IP", LINK_RAW, lambda data: data[14:]),
}  # fmt: skip

for _name, (_what, _change) in WRAPPED.items():
    CASE[_name] = f"A plain call, each frame in {_what}.", lambda change=_change: every(change)  # type: ignore[misc]
for _name, (_what, _link, _change) in LINKED.items():
    CASE[f"link-{_name}"] = f"A plain call, captured as {_what}.", lambda change=_change, link=_link: every(change, link)  # type: ignore[misc]


@case("plain")
def _plain() -> Made:
    """A plain call: 440 Hz the caller, 1,000 Hz the called, PCMU both ways, the caller hangs up."""
    return plain().frames()


def ipv6_ends() -> tuple[Address, Address]:
    """The two telephones, with IPv6."""
    return Address(bytes.fromhex("20010db8" + "00" * 11 + "0a"), 5060), Address(bytes.fromhex("20010db8" + "00" * 11 + "14"), 5060)


@case("ipv6")
def _ipv6() -> Made:
    """A call over IPv6."""
    return six(lambda source, destination, data: [frame(source, destination, data)])


def six(carry: Callable[[Address, Address, bytes], list[bytes]], extra: tuple[str, ...] = ()) -> Made:
    """A call over IPv6 whose signalling is carried so."""
    ends = ipv6_ends()
    scene = Scene(ends=ends, carry=carry, call=Call(extra=extra))
    scene.begin(sdp(host_text(ends[0].host), 4000), sdp(host_text(ends[1].host), 6000))
    phone, desk = Address(ends[0].host, 4000), Address(ends[1].host, 6000)
    scene.speak(Side.CALLER, source=phone, to=desk)
    scene.speak(Side.CALLED, source=desk, to=phone)
    scene.end()
    return scene.frames()


LARGE = tuple(f"X-Note-{number}: {'x' * 100}" for number in range(25))


@case("fragments-ipv4")
def _fragments() -> Made:
    """Signalling so large that IPv4 fragments it; the second fragment of each datagram comes first."""

    def carry(source: Address, destination: Address, data: bytes) -> list[bytes]:
        whole = IP(src=host_text(source.host), dst=host_text(destination.host), id=len(data)) / UDP(
            sport=source.port, dport=destination.port
        )
        pieces = [bytes(Ether(**MACS) / piece) for piece in fragment(whole / Raw(data), fragsize=1200)]  # type: ignore[no-untyped-call]
        return [*pieces[1:2], *pieces[:1], *pieces[2:]]

    scene = plain_with(Scene(call=Call(extra=LARGE), carry=carry))
    return scene.frames()


@case("fragments-ipv6")
def _fragments6() -> Made:
    """The same with IPv6's fragment header."""

    def carry(source: Address, destination: Address, data: bytes) -> list[bytes]:
        whole = IPv6(src=host_text(source.host), dst=host_text(destination.host)) / IPv6ExtHdrFragment(id=len(data))
        pieces = fragment6(whole / UDP(sport=source.port, dport=destination.port) / Raw(data), 1280)  # type: ignore[no-untyped-call]
        return [bytes(Ether(**MACS) / piece) for piece in pieces]

    return six(carry, LARGE)


def plain_with(scene: Scene) -> Scene:
    """A plain call on this scene."""
    scene.begin()
    for side in Side:
        scene.speak(side)
    scene.end()
    return scene


@case("tcp")
def _tcp() -> Made:
    """Signalling over TCP, every message in three segments, one of them sent twice."""
    place = {CALLER: 1000, CALLED: 5000}

    def carry(source: Address, destination: Address, data: bytes) -> list[bytes]:
        begin, found = place[source], []
        place[source] += len(data)
        for start, piece in ((0, data[:100]), (100, data[100:300]), (100, data[100:300]), (300, data[300:])):
            head = TCP(sport=source.port, dport=destination.port, seq=begin + start, flags="PA")
            found.append(bytes(Ether(**MACS) / IP(src=host_text(source.host), dst=host_text(destination.host)) / head / Raw(piece)))
        return found

    return plain_with(Scene(carry=carry)).frames()


@case("duplicated")
def _duplicated() -> Made:
    """A mirror of both directions: every frame comes twice, 30 µs apart."""
    return [Captured(one.link, one.frame, one.at + behind) for one in plain().frames() for behind in (0, 30_000)]
