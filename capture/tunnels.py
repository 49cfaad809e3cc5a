"""What a mirror wraps frames into on their way to us, taken off one layer at a time: GRE, ERSPAN I–III, VXLAN, Geneve, TZSP, L2TP, IP in
IP, EtherIP, MPLS, PPPoE. Pure.

Each function gives what lies inside: an ethertype (`ETHERNET` for a whole Ethernet frame) and the bytes; None where the layer is none of
its kind, is cut off, or carries something of no interest. What lies inside may be wrapped again: `frames.py` goes down to a depth.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

IPV4, IPV6, ETHERNET = 0x0800, 0x86DD, 0x6558
_MPLS, _MPLS_MULTICAST, _PPPOE, _PPP = 0x8847, 0x8848, 0x8864, 0x880B
_ERSPAN, _ERSPAN_III = 0x88BE, 0x22EB
_PPP_PROTOCOLS = {0x0021: IPV4, 0x0057: IPV6, 0x0281: _MPLS}
_MAX_LABELS = 16
_SHORTEST = 46
"""Octets that Ethernet fills a frame up to."""
_IN_PSEUDOWIRES = (b"\x08\x00", b"\x86\xdd", b"\x81\x00", b"\x88\xa8", b"\x88\x47", b"\x88\x64")


class Inner(NamedTuple):
    """What lies inside a layer."""

    ethertype: int
    data: bytes


def mpls(data: bytes) -> Inner | None:
    """Labels (RFC 3032), then IP, or a pseudowire with a control word and Ethernet (RFC 4448)."""
    for place in range(0, min(len(data) - 4, 4 * _MAX_LABELS), 4):
        if data[place + 2] & 1:
            return _labelled(data[place + 4 :])
    return None


def _labelled(rest: bytes) -> Inner | None:
    """Nothing says what stands behind the labels: IP where its length is that of the rest, else Ethernet (behind a control word or not)
    where its type is one that we know, else IP where it is not longer than the rest."""
    length = _ip_length(rest)
    ip = Inner(IPV4 if rest[0] >> 4 == 4 else IPV6, rest)
    if length and (length == len(rest) or len(rest) <= _SHORTEST):
        return ip
    for place in (4, 0):
        if rest[place + 12 : place + 14] in _IN_PSEUDOWIRES:
            return Inner(ETHERNET, rest[place:])
    return ip if 0 < length <= len(rest) else None


def _ip_length(data: bytes) -> int:
    """What an IP header says of its packet's length; 0 where it is none."""
    if data[0] >> 4 == 4 and len(data) >= 20 and data[0] & 15 >= 5:
        return int.from_bytes(data[2:4], "big")
    if data[0] >> 4 == 6 and len(data) >= 40:
        return 40 + int.from_bytes(data[4:6], "big")
    return 0


def pppoe(data: bytes) -> Inner | None:
    """A PPPoE session (RFC 2516 §4): six octets, then PPP."""
    if len(data) < 8 or data[0] != 0x11 or data[1]:
        return None
    length = int.from_bytes(data[4:6], "big")
    return _ppp(data[6 : 6 + length])


def _ppp(data: bytes) -> Inner | None:
    """PPP (RFC 1661 §2), with address and control field or without, its protocol field in two octets or one."""
    if data[:2] == b"\xff\x03":
        data = data[2:]
    if len(data) < 2:
        return None
    size = 1 if data[0] & 1 else 2
    ethertype = _PPP_PROTOCOLS.get(int.from_bytes(data[:size], "big"))
    return None if ethertype is None else Inner(ethertype, data[size:])


def gre(data: bytes) -> Inner | None:
    """GRE (RFC 2784, RFC 2890), PPTP's variant (RFC 2637 §4.1), and ERSPAN on top of it."""
    if len(data) < 4:
        return None
    flags, protocol = struct.unpack_from(">HH", data)
    version = flags & 7
    if version > 1 or flags & 0x4000:  # routing (RFC 1701) is not in use
        return None
    size = 4 + 4 * sum(bool(flags & bit) for bit in (0x8000, 0x2000, 0x1000))
    size += 4 if version == 1 and flags & 0x0080 else 0
    body = data[size:]
    if protocol == _ERSPAN:
        return _erspan(body, with_header=bool(flags & 0x1000))
    if protocol == _ERSPAN_III:
        return _erspan_iii(body)
    if protocol == _PPP:
        return _ppp(body)
    return Inner(protocol, body)


def _erspan(body: bytes, *, with_header: bool) -> Inner | None:
    """Type I has no header of its own and GRE no sequence number; Type II has eight octets and version 1 (draft-foschiano-erspan)."""
    if not with_header:
        return Inner(ETHERNET, body)
    return Inner(ETHERNET, body[8:]) if len(body) > 8 and body[0] >> 4 == 1 else None


def _erspan_iii(body: bytes) -> Inner | None:
    """Twelve octets, eight more where the last bit says so; the frame type says Ethernet (0) or IP (2)."""
    if len(body) <= 12 or body[0] >> 4 != 2:
        return None
    rest = body[20 if body[11] & 1 else 12 :]
    kind = body[10] >> 2 & 31
    if kind == 0:
        return Inner(ETHERNET, rest)
    return _by_version(rest) if kind == 2 else None


def _by_version(data: bytes) -> Inner | None:
    """IP of the version that its first half octet says."""
    ethertype = {4: IPV4, 6: IPV6}.get(data[0] >> 4) if data else None
    return None if ethertype is None else Inner(ethertype, data)


def vxlan(data: bytes) -> Inner | None:
    """VXLAN (RFC 7348 §5): eight octets, then Ethernet; with a group policy (0x88) too, or with a protocol field on the same port."""
    if len(data) > 8 and data[0] in (0x08, 0x88):
        return Inner(ETHERNET, data[8:])
    return vxlan_gpe(data) if data[:1] == b"\x0c" else None


def vxlan_gpe(data: bytes) -> Inner | None:
    """VXLAN with a protocol field (draft-ietf-nvo3-vxlan-gpe)."""
    if len(data) <= 8 or data[0] & 0xCC != 0x0C:
        return None
    ethertype = {1: IPV4, 2: IPV6, 3: ETHERNET, 5: _MPLS}.get(data[3])
    return None if ethertype is None else Inner(ethertype, data[8:])


def geneve(data: bytes) -> Inner | None:
    """Geneve (RFC 8926 §3.4): version 0, options, then what its protocol type says; control packets carry nothing."""
    if len(data) <= 8 or data[0] >> 6 or data[1] & 0x80:
        return None
    return Inner(int.from_bytes(data[2:4], "big"), data[8 + 4 * (data[0] & 63) :])


def tzsp(data: bytes) -> Inner | None:
    """TZSP: version 1, a received frame of Ethernet, tagged fields up to the end tag."""
    if len(data) < 5 or data[0] != 1 or data[1] not in (0, 1) or data[2:4] != b"\0\x01":
        return None
    place = 4
    while place < len(data) and (tag := data[place]) != 1:
        if tag == 0:
            place += 1
        elif place + 1 < len(data):
            place += 2 + data[place + 1]
        else:
            return None
    return Inner(ETHERNET, data[place + 1 :]) if place + 1 < len(data) else None


def l2tp(data: bytes) -> Inner | None:
    """A data message of L2TP: version 2 carries PPP (RFC 2661 §3.1), version 3 Ethernet (RFC 3931 §4.1.2.1, RFC 4719)."""
    if len(data) < 8 or data[0] & 0x80:
        return None
    flags = int.from_bytes(data[:2], "big")
    if flags & 15 == 3:
        return l2tpv3(data[4:])
    if flags & 15 != 2:
        return None
    place = 2 + (2 if flags & 0x4000 else 0) + 4 + (4 if flags & 0x0800 else 0)
    if flags & 0x0200:
        place += 2 + int.from_bytes(data[place : place + 2], "big")
    return _ppp(data[place:])


def l2tpv3(data: bytes) -> Inner | None:
    """Behind a session's number there may be a cookie of 4 or 8 octets and a sublayer of 4: only the ends of the tunnel know. So the
    first place is taken at which an Ethernet frame with IP or VLAN tags lies."""
    if data[:4] == b"\0\0\0\0":  # control messages
        return None
    for place in (4, 8, 12, 16):
        ethertype, version = data[place + 12 : place + 14], data[place + 14 : place + 15].hex()[:1]
        if (ethertype, version) in ((b"\x08\0", "4"), (b"\x86\xdd", "6")) or ethertype in (b"\x81\0", b"\x88\xa8"):
            return Inner(ETHERNET, data[place:])
    return None


def etherip(data: bytes) -> Inner | None:
    """EtherIP (RFC 3378): version 3 in two octets."""
    return Inner(ETHERNET, data[2:]) if data[:1] == b"\x30" else None


def ethernet(data: bytes) -> Inner:
    """A whole Ethernet frame (transparent Ethernet bridging)."""
    return Inner(ETHERNET, data)


def ipip(data: bytes) -> Inner:
    """IPv4 in IP (RFC 2003)."""
    return Inner(IPV4, data)


def ipv6_in_ip(data: bytes) -> Inner:
    """IPv6 in IP (RFC 2473, RFC 4213)."""
    return Inner(IPV6, data)


BY_ETHERTYPE: dict[int, Callable[[bytes], Inner | None]] = {
    _MPLS: mpls,
    _MPLS_MULTICAST: mpls,
    _PPPOE: pppoe,
    ETHERNET: ethernet,
}
BY_PROTOCOL: dict[int, Callable[[bytes], Inner | None]] = {
    4: ipip,
    41: ipv6_in_ip,
    47: gre,
    97: etherip,
    115: l2tpv3,
    137: mpls,
}
"""IP protocol numbers (RFC 2003, RFC 4213, RFC 2784, RFC 3378, RFC 3931, RFC 4023)."""
BY_PORT: dict[int, Callable[[bytes], Inner | None]] = {
    1701: l2tp,
    4789: vxlan,
    4790: vxlan_gpe,
    6081: geneve,
    8472: vxlan,
    37008: tzsp,
}
"""UDP ports that a tunnel's far end listens on; answers of L2TP may come from its port (RFC 2661 §8.1)."""
ANSWERS = frozenset({1701})
