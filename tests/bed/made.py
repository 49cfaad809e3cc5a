"""Calls made in memory: the Ethernet frames of two phones that ring, talk and hang up. For tests that need a small call of which they
know everything; each side speaks one tone, so that a listener can tell who is heard. The audio is encoded by FFmpeg.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from pylibsrtp import Policy, Session

from appliance.moments import MILLISECOND, SECOND
from capture.frames import LINK_ETHERNET
from capture.pcapfile import Captured
from capture.srtp import SUITES
from tests.bed.encode import encode
from tests.fakes.clock import START

CALLER_HOST, CALLED_HOST = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
CALLER_HARDWARE, CALLED_HARDWARE = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"
CALLER_HZ, CALLED_HZ = 440, 1000
PTIME = 20 * MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCall:
    """One call. Calls of different `number` share nothing: neither Call-ID nor ports nor SSRC."""

    number: int = 0
    begin: int = START
    """When the INVITE is seen (ns); it rings after 0.1 s and is answered after 0.5 s."""
    talk: float = 2.0
    """Seconds from the answer to the BYE."""
    caller: str = "09011112222"
    called: str = "0312345678"
    display: str = ""
    """What the caller calls himself."""
    codec: str = "PCMU"
    """PCMU, PCMA or G722; any other name is announced as payload type 97 and filled with bytes that nobody understands."""
    answered: bool = True
    ended: bool = True
    """False: the capture stops in the middle of the talk."""
    speaks: tuple[bool, bool] = (True, True)
    """Whether the caller and the called send audio."""
    suite: str = ""
    """Of SRTP, with keys in the signalling; empty: plain RTP."""
    profile: str = "RTP/SAVP"
    """What is described where there is a suite."""
    announced: bool = True
    """False: the keys in the signalling are not those that are used."""
    first: int = 0
    """Index of each side's first packet (RFC 3711 §3.3.1): its rollover counter, then 16 bits of sequence number."""

    @property
    def packets(self) -> int:
        """RTP packets that each speaking side sends."""
        return round(self.talk * SECOND) // PTIME

    def frames(self) -> list[Captured]:
        """Every frame, in the order of time."""
        found = [*self._signalling(), *(self._audio() if self.answered else [])]
        return sorted(found, key=lambda captured: captured.at)

    def _signalling(self) -> list[Captured]:
        answer_at, end_at = self.begin + SECOND // 2, self.begin + SECOND // 2 + round(self.talk * SECOND)
        sdp = self._sdp
        found = [
            self._sip(self.begin, "INVITE", sdp(0), by_caller=True),
            self._sip(self.begin + SECOND // 10, "180 Ringing", "", by_caller=False),
        ]
        if self.answered:
            found += [
                self._sip(answer_at, "200 OK", sdp(1), by_caller=False),
                self._sip(answer_at + MILLISECOND, "ACK", "", by_caller=True),
            ]
            if self.ended:
                found += [
                    self._sip(end_at, "BYE", "", by_caller=True),
                    self._sip(end_at + MILLISECOND, "200 OK", "", by_caller=False, of="BYE"),
                ]
        elif self.ended:
            found.append(self._sip(end_at, "486 Busy Here", "", by_caller=False))
        return found

    def _sip(self, at: int, what: str, body: str, *, by_caller: bool, of: str = "INVITE") -> Captured:
        request = not what[0].isdigit()
        method, number = (what if request else of), 2 if "BYE" in (what, of) else 1
        first = f"{what} sip:{self.called}@10.0.0.2 SIP/2.0" if request else f"SIP/2.0 {what}"
        to_tag = "" if what == "INVITE" else ";tag=called"
        lines = [
            first,
            f"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{self.number}-{method}",
            f"From: {self.display}<sip:{self.caller}@10.0.0.1>;tag=caller",
            f"To: <sip:{self.called}@10.0.0.2>{to_tag}",
            f"Call-ID: made-{self.number}",
            f"CSeq: {number} {'INVITE' if method == 'ACK' and not request else method}",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        payload = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
        return Captured(LINK_ETHERNET, datagram(payload, 5060, 5060, by_caller=by_caller), at)

    def _sdp(self, side: int) -> str:
        number, clock = {"PCMU": (0, 8000), "PCMA": (8, 8000), "G722": (9, 8000)}.get(self.codec, (97, 8000))
        host = "10.0.0.1" if side == 0 else "10.0.0.2"
        lines = [
            "v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
            f"m=audio {self.port(side)} {self.profile if self.suite else 'RTP/AVP'} {number}", f"a=rtpmap:{number} {self.codec}/{clock}",
        ]  # fmt: skip
        if self.suite:
            lines.append(
                f"a=crypto:1 {self.suite} inline:{base64.b64encode(self.key(side if self.announced else side + 2)).decode()}|2^31"
            )
        return "\r\n".join(lines) + "\r\n"

    def key(self, side: int) -> bytes:
        """The master key and salt that a side encrypts with."""
        return bytes(range(10 * side, 10 * side + SUITES[self.suite][1]))

    def port(self, side: int) -> int:
        """The audio port of the caller (0) or the called (1)."""
        return 20000 + 4 * self.number + 2 * side

    def _audio(self) -> list[Captured]:
        number = {"PCMU": 0, "PCMA": 8, "G722": 9}.get(self.codec, 97)
        found = []
        for side, hz in enumerate((CALLER_HZ, CALLED_HZ)):
            if not self.speaks[side]:
                continue
            sound = tone(self.codec, hz, self.packets)
            protect = protector(self.suite, self.key(side), self.first, self.ssrc(side)) if self.suite else bytes
            for place, payload in enumerate(sound):
                header = struct.pack(">BBHII", 0x80, number, self.first + place & 0xFFFF, place * 160, self.ssrc(side))
                packet = datagram(protect(header + payload), self.port(side), self.port(1 - side), by_caller=side == 0)
                at = self.begin + SECOND // 2 + 2 * MILLISECOND + place * PTIME + side * MILLISECOND
                found.append(Captured(LINK_ETHERNET, packet, at))
        return found

    def ssrc(self, side: int) -> int:
        """The SSRC of the caller (0) or the called (1)."""
        return 0xAB000000 + 2 * self.number + side


def protector(suite: str, key: bytes, first: int = 0, ssrc: int = 7) -> Callable[[bytes], bytes]:
    """libsrtp's encryption of one stream after the other; that of `ssrc` has come to the index `first` already."""
    protect: Callable[[bytes], bytes]
    protect = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=SUITES[suite][0])).protect
    for index in range(first % 20_000, first, 20_000):
        protect(struct.pack(">BBHII", 0x80, 0, index & 0xFFFF, 0, ssrc))
    return protect


@cache
def tone(codec: str, hz: int, packets: int) -> tuple[bytes, ...]:
    """Payloads of 20 ms."""
    if codec not in ("PCMU", "PCMA", "G722"):
        return (bytes(range(20)),) * packets
    rate = 16000 if codec == "G722" else 8000
    samples = (8000 * np.sin(2 * np.pi * hz * np.arange(packets * rate // 50) / rate)).astype(np.int16)
    data = encode(samples, rate, codec)
    data = data.ljust(packets * 160, data[-1:])
    return tuple(data[begin:end] for begin, end in pairwise(range(0, packets * 160 + 1, 160)))


def datagram(payload: bytes, source: int, destination: int, *, by_caller: bool) -> bytes:
    """An Ethernet frame with IPv4 and UDP (without a UDP checksum, as RFC 768 allows)."""
    hosts = CALLER_HOST + CALLED_HOST if by_caller else CALLED_HOST + CALLER_HOST
    head = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(payload), 0, 0x4000, 64, 17, 0)
    words = sum(struct.unpack(">10H", head + hosts))
    check = ~((words & 0xFFFF) + (words >> 16)) & 0xFFFF
    udp = struct.pack(">HHHH", source, destination, 8 + len(payload), 0)
    hardware = CALLED_HARDWARE + CALLER_HARDWARE if by_caller else CALLER_HARDWARE + CALLED_HARDWARE
    return hardware + b"\x08\x00" + head[:10] + struct.pack(">H", check) + hosts + udp + payload


def together(*calls: MadeCall) -> list[Captured]:
    """The frames of several calls, in the order of time."""
    return sorted((captured for call in calls for captured in call.frames()), key=lambda captured: captured.at)


def write_pcap(path: Path, frames: Iterable[Captured]) -> Path:
    """The frames as a capture file with nanoseconds."""
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, LINK_ETHERNET)]
    for captured in frames:
        second, rest = divmod(captured.at, SECOND)
        size = len(captured.frame)
        parts += [struct.pack("<IIII", second, rest, size, size), captured.frame]
    path.write_bytes(b"".join(parts))
    return path
