"""Made traffic: many G.711 calls at once, both ways, as a capture file. Written directly: a million packets are too many for scapy."""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterator
from pathlib import Path

_PCAP = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
_ETHERNET = bytes.fromhex("0200000000020200000000010800")
PTIME_NS = 20_000_000
START = 1_790_000_000_000_000_000


def write(path: Path, calls: int, seconds: float) -> int:
    """A capture of so many calls, all at once, each so long; returns the number of packets."""
    count = 0
    with path.open("wb") as file:
        file.write(_PCAP)
        for at, frame in heapq.merge(*(_call(number, seconds) for number in range(calls)), key=lambda item: item[0]):
            file.write(struct.pack("<IIII", at // 1_000_000_000, at % 1_000_000_000, len(frame), len(frame)) + frame)
            count += 1
    return count


def invite(number: int) -> bytes:
    """A frame with the INVITE of this call."""
    caller, called = f"10.1.{number >> 8}.{number & 255}", "10.2.0.1"
    return _udp(caller, 5060, called, 5060, _signalling(number, caller, called, (10000, 10002))[0])


def _call(number: int, seconds: float) -> Iterator[tuple[int, bytes]]:
    caller, called = f"10.1.{number >> 8}.{number & 255}", "10.2.0.1"
    ports = 10000 + 4 * (number % 10000), 10002 + 4 * (number % 10000)
    at = START + number * 1_000_000
    invite, ok, ack, bye, done = _signalling(number, caller, called, ports)
    yield at, _udp(caller, 5060, called, 5060, invite)
    yield at + 50_000_000, _udp(called, 5060, caller, 5060, ok)
    yield at + 60_000_000, _udp(caller, 5060, called, 5060, ack)
    first = at + 70_000_000
    for index in range(int(seconds * 50)):
        for side, (source, sport, target, tport) in enumerate(
            ((caller, ports[0], called, ports[1]), (called, ports[1], caller, ports[0]))
        ):
            rtp = struct.pack(">BBHII", 0x80, 0, index & 0xFFFF, index * 160 & 0xFFFFFFFF, number * 2 + side + 1)
            payload = bytes((index * 7 + place * 3) & 255 for place in range(160)) if index < 8 else _PAYLOADS[index & 7]
            yield first + index * PTIME_NS + side * 1000, _udp(source, sport, target, tport, rtp + payload)
    last = first + int(seconds * 50) * PTIME_NS
    yield last, _udp(caller, 5060, called, 5060, bye)
    yield last + 10_000_000, _udp(called, 5060, caller, 5060, done)


_PAYLOADS = [bytes((index * 7 + place * 3) & 255 for place in range(160)) for index in range(8)]


def _signalling(number: int, caller: str, called: str, ports: tuple[int, int]) -> tuple[bytes, ...]:
    def message(start: str, method: str, to_tag: str, sequence: int, host: str = "", port: int = 0) -> bytes:
        sdp = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n" if host else ""
        return (
            f"{start}\r\nVia: SIP/2.0/UDP {caller};branch=z9hG4bK{number}x{sequence}\r\nFrom: <sip:0901234{number:04}@{caller}>;tag=a\r\n"
            f"To: <sip:0312345678@{called}>{to_tag}\r\nCall-ID: bench-{number}\r\nCSeq: {sequence} {method}\r\n"
            f"{'Content-Type: application/sdp' + chr(13) + chr(10) if sdp else ''}Content-Length: {len(sdp)}\r\n\r\n{sdp}"
        ).encode()

    target = f"sip:0312345678@{called}"
    return (
        message(f"INVITE {target} SIP/2.0", "INVITE", "", 1, caller, ports[0]),
        message("SIP/2.0 200 OK", "INVITE", ";tag=b", 1, called, ports[1]),
        message(f"ACK {target} SIP/2.0", "ACK", ";tag=b", 1),
        message(f"BYE {target} SIP/2.0", "BYE", ";tag=b", 2),
        message("SIP/2.0 200 OK", "BYE", ";tag=b", 2),
    )


def _udp(source: str, sport: int, target: str, tport: int, payload: bytes) -> bytes:
    addresses = bytes(int(part) for part in (source + "." + target).split("."))
    length = 8 + len(payload)
    header = struct.pack(">6H", 0x4500, 20 + length, 0, 0x4000, 64 << 8 | 17, 0) + addresses
    return _ETHERNET + header[:10] + _checksum(header) + addresses + struct.pack(">HHHH", sport, tport, length, 0) + payload


def _checksum(header: bytes) -> bytes:
    """Of an IPv4 header (RFC 1071): a bridge may drop a frame without one."""
    total: int = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return (~(total + (total >> 16)) & 0xFFFF).to_bytes(2, "big")
