"""The capture cases of tests/captures, made anew: `python -m tests.bed.make_captures [NAME…] [--expected]`.

Each case is a function here: its docstring is what the README says. Without `--expected` only capture.pcap and README.md are written; with
it, expected.jsonl too, and then its diff is to be judged by a reader. What is sent is built by scapy and by `tests.bed.scene`; speech is
encoded by FFmpeg, bcg729 and vo-amrwbenc.
"""

from __future__ import annotations

import base64
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
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

from appliance.moments import SECOND
from appliance.records import Side
from capture.frames import LINK_ETHERNET, LINK_LOOP, LINK_NULL, LINK_RAW, LINK_SLL, LINK_SLL2, Address, host_text
from capture.payloads import Encoding
from capture.pcapfile import Captured
from tests.bed.cases import CASES, lines, told
from tests.bed.coders import CODERS
from tests.bed.made import protector
from tests.bed.scene import DESK, MUSIC_HZ, TALK, Scene, plain
from tests.capture.playbook import CALL, CALLED, CALLER, Call, frame, sdp

Made = list[Captured]
CASE: dict[str, tuple[str, Callable[[], Made]]] = {}
"""Name → (what the README says, what makes its frames)."""
MACS: dict[str, Any] = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
ENDS = (("198.51.100.10", 4000), ("192.0.2.10", 6000))
OFFER, ANSWER = (sdp(*end) for end in ENDS)


def case(name: str) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    """Register a case under this name."""

    def keep(make: Callable[[], Made]) -> Callable[[], Made]:
        CASE[name] = " ".join((make.__doc__ or "").split()), make
        return make

    return keep


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


@case("nat")
def _nat() -> Made:
    """The caller's phone is behind NAT: it announces a private address, and sends and receives at another one."""
    scene = Scene()
    public = Address(b"\xcb\x00\x71\x07", 31000)
    scene.begin(offer=sdp("192.168.1.5", 4000))
    scene.speak(Side.CALLER, source=public, to=DESK)
    scene.speak(Side.CALLED, source=DESK, to=public)
    scene.end()
    return scene.frames()


@case("early-media")
def _early() -> Made:
    """An announcement is heard before the answer, from another port than the one that is answered with."""
    scene = Scene()
    scene.tell(0.0, scene.call.invite(OFFER))
    scene.tell(0.1, scene.call.response(183, sdp("192.0.2.10", 6100)), by=Side.CALLED)
    scene.speak(Side.CALLED, 0.12, 0.6, hz=MUSIC_HZ, source=Address(CALLED.host, 6100), ssrc=9)
    scene.tell(0.8, scene.call.response(200, ANSWER), by=Side.CALLED)
    scene.tell(0.81, scene.call.request("ACK"))
    for side in Side:
        scene.speak(side, 0.83)
    scene.end(0.85 + TALK)
    return scene.frames()


@case("ssrc-change")
def _ssrc() -> Made:
    """The called side begins a new SSRC, with sequence numbers and timestamps of its own, in the middle of the talk."""
    scene = Scene()
    scene.begin()
    scene.speak(Side.CALLER)
    scene.speak(Side.CALLED, 0.53, 0.6)
    scene.speak(Side.CALLED, 1.13, 0.6, ssrc=77, first=40000)
    scene.end()
    return scene.frames()


@case("port-change")
def _port() -> Made:
    """A re-INVITE moves the called side to another port."""
    scene = Scene()
    scene.begin()
    scene.speak(Side.CALLER, 0.53, 0.6)
    scene.speak(Side.CALLED, 0.53, 0.6)
    moved = Address(CALLED.host, 6200)
    scene.tell(1.13, scene.call.request("INVITE", sdp("192.0.2.10", 6200), by=Side.CALLED, sequence=10), by=Side.CALLED)
    scene.tell(1.15, scene.call.response(200, OFFER, sequence=10, by=Side.CALLER), by=Side.CALLER)
    scene.tell(1.16, scene.call.request("ACK", by=Side.CALLED, sequence=10), by=Side.CALLED)
    scene.speak(Side.CALLER, 1.17, 0.6, first=31, to=moved)
    scene.speak(Side.CALLED, 1.17, 0.6, source=moved, ssrc=12, first=100)
    scene.end()
    return scene.frames()


def held(music: bool) -> Made:
    """The called side holds for a second."""
    scene = Scene()
    scene.begin()
    for side in Side:
        scene.speak(side, 0.53, 0.4)
    hold = sdp("192.0.2.10", 6000, "a=sendonly" if music else "a=inactive")
    scene.tell(0.95, scene.call.request("INVITE", hold, by=Side.CALLED, sequence=10), by=Side.CALLED)
    scene.tell(0.96, scene.call.response(200, sdp("198.51.100.10", 4000, "a=recvonly" if music else "a=inactive"), sequence=10,
                                         by=Side.CALLER))  # fmt: skip
    scene.tell(0.97, scene.call.request("ACK", by=Side.CALLED, sequence=10), by=Side.CALLED)
    if music:
        scene.speak(Side.CALLED, 0.98, 1.0, hz=MUSIC_HZ, ssrc=33, first=500)
    scene.tell(2.0, scene.call.request("INVITE", ANSWER, by=Side.CALLED, sequence=11), by=Side.CALLED)
    scene.tell(2.01, scene.call.response(200, OFFER, sequence=11, by=Side.CALLER))
    scene.tell(2.02, scene.call.request("ACK", by=Side.CALLED, sequence=11), by=Side.CALLED)
    for side in Side:
        scene.speak(side, 2.03, 0.4, first=21, later=55)
    scene.end(2.5)
    return scene.frames()


@case("hold-music")
def _hold_music() -> Made:
    """The called side holds (sendonly), music comes from its port with an SSRC of its own, and the talk goes on."""
    return held(music=True)


@case("hold-silent")
def _hold_silent() -> Made:
    """The called side holds (inactive): nobody sends for a second, and the talk goes on."""
    return held(music=False)


@case("silence-suppression")
def _suppressed() -> Made:
    """The caller's phone sends nothing while nobody speaks: the sequence numbers go on, the timestamps jump."""
    scene = Scene()
    scene.begin()
    scene.speak(Side.CALLED, seconds=1.6)
    scene.speak(Side.CALLER, 0.53, 0.5)
    scene.speak(Side.CALLER, 1.63, 0.4, first=26, later=30)
    scene.end(2.2)
    return scene.frames()


@case("loss")
def _loss() -> Made:
    """Every tenth packet of the caller is lost, and five of the called in a row."""
    scene = Scene()
    scene.begin()
    scene.speak(Side.CALLER, skip=range(5, 60, 10))
    scene.speak(Side.CALLED, skip=range(20, 25))
    scene.end()
    return scene.frames()


@case("jitter")
def _jitter() -> Made:
    """The caller's packets come up to 15 ms late, two of them out of order."""
    scene = plain()
    late = [0, 9, 3, 15, 1, 25, 0, 7]
    count = 0
    for place, one in enumerate(scene.made):
        if len(one.frame) == 214 and one.frame[26:30] == CALLER.host:
            scene.made[place] = one._replace(at=one.at + late[count % len(late)] * SECOND // 1000)
            count += 1
    return scene.frames()


def secured(known: bool) -> Made:
    """A call in SRTP."""
    suite, keys = "AES_CM_128_HMAC_SHA1_80", {side: bytes(range(place, place + 30)) for place, side in enumerate(Side)}
    told_keys = keys if known else {side: bytes(30) for side in Side}
    lines_of = {side: f"a=crypto:1 {suite} inline:{base64.b64encode(key).decode()}" for side, key in told_keys.items()}
    scene = Scene()
    scene.begin(
        sdp("198.51.100.10", 4000, lines_of[Side.CALLER], protocol="RTP/SAVP"),
        sdp("192.0.2.10", 6000, lines_of[Side.CALLED], protocol="RTP/SAVP"),
    )
    for side in Side:
        scene.speak(side, protect=protector(suite, keys[side]))
    scene.end()
    return scene.frames()


@case("srtp")
def _srtp() -> Made:
    """SRTP with the keys in the signalling (SDES)."""
    return secured(known=True)


@case("srtp-without-keys")
def _srtp_dark() -> Made:
    """SRTP whose keys are others than those in the signalling: no noise is recorded, and the reason is said."""
    return secured(known=False)


@case("dtls-srtp")
def _dtls() -> Made:
    """SRTP with keys agreed on in the media path (DTLS): a fingerprint in the signalling, and nothing that a listener could open."""
    scene = Scene()
    print_line = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)
    scene.begin(*(sdp(host, port, print_line, protocol="UDP/TLS/RTP/SAVP") for host, port in ENDS))
    for side in Side:
        scene.speak(side, protect=protector("AES_CM_128_HMAC_SHA1_80", bytes(range(30))))
    scene.end()
    return scene.frames()


@case("digits-rfc4733")
def _digits() -> Made:
    """The caller presses 1, # and 0 as telephone events (RFC 4733), each told four times."""
    scene = Scene()
    events = "a=rtpmap:101 telephone-event/8000"
    scene.begin(sdp("198.51.100.10", 4000, events), sdp("192.0.2.10", 6000, events))
    scene.speak(Side.CALLED)
    scene.speak(Side.CALLER, 0.53, 0.3)
    for place, key in enumerate((1, 11, 0)):
        scene.press(0.85 + 0.26 * place, key, first=16 + 4 * place, later=1 + 9 * place)
    scene.end()
    return scene.frames()


@case("digits-info")
def _info() -> Made:
    """The caller presses 5 and * in SIP INFO, both kinds of body."""
    scene = plain()
    for place, (kind, body) in enumerate((("dtmf-relay", "Signal=5\r\nDuration=160\r\n"), ("dtmf", "*"))):
        info = scene.call.request("INFO", body, sequence=2 + place, content=f"application/{kind}")
        scene.tell(0.9 + 0.3 * place, info)
        scene.tell(0.92 + 0.3 * place, scene.call.response(200, to="INFO", sequence=2 + place), by=Side.CALLED)
    scene.made = [one for one in scene.made if b"BYE" not in one.frame]
    scene.end(sequence=4)
    return scene.frames()


def named(raw: bytes) -> Made:
    """A call whose caller has this display name; the playbook writes UTF-8, so it is put in afterwards."""
    scene = plain_with(Scene(call=replace(CALL, caller='"NAME" <sip:09012345678@ntt.example>')))
    found = []
    for one in scene.frames():
        if b"NAME" in one.frame:
            _, udp = one.frame[:34], one.frame[42:].replace(b"NAME", raw)
            ends = (CALLER, CALLED) if one.frame[26:30] == CALLER.host else (CALLED, CALLER)
            found.append(one._replace(frame=frame(*ends, udp)))
        else:
            found.append(one)
    return found


@case("name-utf8")
def _utf8() -> Made:
    """The caller's name in UTF-8, as RFC 3261 has it."""
    return named("山田 太郎".encode())


@case("name-shift-jis")
def _shift_jis() -> Made:
    """The caller's name in Shift_JIS, as old exchanges send it; its second bytes hold a backslash (表)."""
    return named("山田表具店".encode("cp932"))


@case("name-euc-jp")
def _euc_jp() -> Made:
    """The caller's name in EUC-JP: every pair of its bytes is also two half-width katakana of Shift_JIS, in which old exchanges do send
    names, so it is read as those."""
    return named("山田 太郎".encode("euc_jp"))


@case("name-iso-2022-jp")
def _jis() -> Made:
    """The caller's name in ISO-2022-JP."""
    return named("山田 太郎".encode("iso2022_jp"))


@case("not-answered")
def _busy() -> Made:
    """It rings, and the called side is busy."""
    scene = Scene()
    scene.tell(0.0, scene.call.invite(OFFER))
    scene.tell(0.1, scene.call.response(180), by=Side.CALLED)
    scene.tell(0.6, scene.call.response(486), by=Side.CALLED)
    scene.tell(0.61, scene.call.request("ACK"))
    return scene.frames()


@case("cancelled")
def _cancelled() -> Made:
    """The caller gives up while it rings."""
    scene = Scene()
    scene.tell(0.0, scene.call.invite(OFFER))
    scene.tell(0.1, scene.call.response(180), by=Side.CALLED)
    scene.tell(0.6, scene.call.request("CANCEL", within=False))
    scene.tell(0.61, scene.call.response(200, to="CANCEL"), by=Side.CALLED)
    scene.tell(0.62, scene.call.response(487), by=Side.CALLED)
    scene.tell(0.63, scene.call.request("ACK"))
    return scene.frames()


@case("one-sided")
def _one_sided() -> Made:
    """Only the caller is heard."""
    scene = Scene()
    scene.begin()
    scene.speak(Side.CALLER)
    scene.end()
    return scene.frames()


@case("no-media")
def _no_media() -> Made:
    """Answered, and no packet of speech is on the mirror."""
    scene = Scene()
    scene.begin()
    scene.end()
    return scene.frames()


@case("beginning-missed")
def _beginning() -> Made:
    """The capture begins in the talk: the call is known by a re-INVITE."""
    scene = Scene()
    scene.tell(0.0, scene.call.request("INVITE", OFFER, sequence=5))
    scene.tell(0.02, scene.call.response(200, ANSWER, sequence=5), by=Side.CALLED)
    scene.tell(0.03, scene.call.request("ACK", sequence=5))
    for side in Side:
        scene.speak(side)
    scene.end(sequence=6)
    return scene.frames()


@case("end-missed")
def _end() -> Made:
    """The capture ends in the talk."""
    scene = Scene()
    scene.begin()
    for side in Side:
        scene.speak(side)
    return scene.frames()


def spoken_in(encoding: Encoding) -> Made:
    """A call in this codec."""
    seconds = 0.36 if encoding.name == "L16" else 0.96
    number = 97
    rtpmap = f"a=rtpmap:{number} {encoding.name}/{encoding.clock}" + (f"/{encoding.channels}" if encoding.channels > 1 else "")
    extra = (rtpmap, *([f"a=fmtp:{number} {encoding.parameters}"] if encoding.parameters else []))
    scene = Scene()
    scene.begin(*(sdp(host, port, *extra, formats=str(number)) for host, port in ENDS))
    for side in Side:
        scene.speak(side, seconds=seconds, encoding=encoding, payload_type=number)
    scene.end()
    return scene.frames()


def codec_name(encoding: Encoding) -> str:
    """The case's name."""
    what = f"{encoding.name}-{encoding.clock // 1000}k" if encoding.name in ("SPEEX", "L16") else encoding.name
    aligned = "octet-align=1" in encoding.parameters
    return f"codec-{what.lower()}" + ("-aligned" if aligned else "-annexb" if "annexb" in encoding.parameters else "")


for _encoding in CODERS:
    CASE[codec_name(_encoding)] = (
        f"A call in {_encoding.name} at {_encoding.clock} Hz{f' ({_encoding.parameters})' if _encoding.parameters else ''}.",
        lambda encoding=_encoding: spoken_in(encoding),  # type: ignore[misc]
    )


@case("codec-unknown")
def _unknown() -> Made:
    """A codec that nobody here decodes: its name is said, its packets are kept."""
    scene = Scene()
    extra = "a=rtpmap:98 EVS/16000"
    scene.begin(sdp("198.51.100.10", 4000, extra, formats="98"), sdp("192.0.2.10", 6000, extra, formats="98"))
    for side in Side:
        scene.speak(side, payload_type=98)
    scene.end()
    return scene.frames()


def write(name: str, *, expected: bool) -> Path:
    """Make one case."""
    about, make = CASE[name]
    folder = CASES / name
    folder.mkdir(parents=True, exist_ok=True)
    frames = make()
    link = {captured.link for captured in frames}.pop()
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, link)]
    for captured in frames:
        second, rest = divmod(captured.at, SECOND)
        size = len(captured.frame)
        parts += [struct.pack("<IIII", second, rest, size, size), captured.frame]
    capture = folder / "capture.pcap"
    capture.write_bytes(b"".join(parts))
    readme = folder / "README.md"
    kept = readme.read_text("utf-8").partition("\n## ")[2] if readme.exists() else ""
    text = f"# {name}\n\n{about}\n\nMade by `python -m tests.bed.make_captures {name}`. Numbers and names are invented.\n"
    readme.write_text(text + (f"\n## {kept}" if kept else ""), "utf-8")
    if expected:
        with tempfile.TemporaryDirectory() as place:
            found = "".join(line + "\n" for line in lines(told(capture, Path(place) / "var")))
        (folder / "expected.jsonl").write_text(found, "utf-8")
    return capture


def main(words: list[str]) -> int:
    """Make these cases, or all."""
    names = [word for word in words if not word.startswith("-")]
    for name in names or list(CASE):
        capture = write(name, expected="--expected" in words)
        print(f"{name}: {capture.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
