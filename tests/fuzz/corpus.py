"""What mutation begins with: frames, messages and packets of real captures, read where they lie, and of calls that we made."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from appliance.errors import CouldNotError
from capture import pcapfile, sdp, sip
from capture.frames import LINK_ETHERNET, Datagram, Dissector, FrameError, Segment
from capture.pcapfile import Captured
from tests import needs
from tests.bed.made import MadeCall
from tests.capture.playbook import ANSWER, CALL, CALLED, CALLER, OFFER, frame, rtp

PROJECT = Path(__file__).resolve().parents[2]
FROM_EACH = 400
"""Frames of one capture."""
EACH_SHAPE = 3
"""Frames of one link type, length class and beginning: a thousand packets of one stream teach nothing more."""
LONGEST = 4096


@cache
def captures() -> tuple[Path, ...]:
    """Every capture file at hand."""
    ours = sorted((PROJECT / "appliance").rglob("*.pcap")) + sorted((PROJECT / "tests" / "captures").rglob("*.pcap"))
    return (*ours, *(sorted(needs.PCAPS.glob("*.pcap*")) if needs.PCAPS.is_dir() else []))


def read(path: Path, count: int) -> list[Captured]:
    """The first frames of a file, as far as it can be read."""
    found: list[Captured] = []
    with suppress(CouldNotError):
        for captured in pcapfile.frames(path):
            if len(found) == count:
                break
            found.append(captured)
    return found


@cache
def frames() -> tuple[Captured, ...]:
    """Frames of many shapes."""
    seen: dict[tuple[int, int, bytes], int] = {}
    found = []
    for captured in (each for path in captures() for each in read(path, FROM_EACH)):
        shape = captured.link, len(captured.frame) // 64, captured.frame[12:16] + captured.frame[20:24] + captured.frame[42:44]
        seen[shape] = seen.get(shape, 0) + 1
        if seen[shape] <= EACH_SHAPE and len(captured.frame) <= LONGEST:
            found.append(captured)
    return tuple(found)


@cache
def _carried() -> tuple[Datagram | Segment, ...]:
    dissector, found = Dissector(), []
    for captured in frames():
        with suppress(FrameError):
            if (one := dissector.dissect(captured.link, captured.frame, 0)) is not None:
                found.append(one)
    return tuple(found)


@cache
def messages() -> tuple[bytes, ...]:
    """SIP messages."""
    keys = [
        CALL.request("INFO", body, sequence=number, content=f"application/{kind}")
        for number, (kind, body) in enumerate((("dtmf-relay", "Signal=5\r\nDuration=160\r\n"), ("dtmf", "#")), 3)
    ]
    made = [CALL.invite(OFFER), CALL.response(200, ANSWER), CALL.request("ACK"), *keys, CALL.request("BYE", sequence=2)]
    torture = sorted((needs.PCAPS / "torture").rglob("*")) if needs.PCAPS.is_dir() else []
    files = [path.read_bytes() for path in torture if path.is_file() and path.stat().st_size <= LONGEST]
    return _unlike([*made, *files, *(one.payload for one in _carried() if sip.looks_like_sip(one.payload))])


@cache
def segments() -> tuple[Segment, ...]:
    """TCP segments."""
    return tuple(one for one in _carried() if isinstance(one, Segment))[:500]


@cache
def descriptions() -> tuple[bytes, ...]:
    """Session descriptions."""
    found = [OFFER.encode(), ANSWER.encode()]
    for data in messages():
        with suppress(sip.SipError):
            message = sip.parse(data)
            found.append(sdp.body_of(message.get("content-type"), message.body))
    return _unlike(found)


@cache
def packets() -> tuple[bytes, ...]:
    """RTP packets, and RTCP as it comes on the same ports."""
    made = [rtp(number, payload_type=kind) for number, kind in ((1, 0), (2, 8), (3, 101))]
    seen: dict[tuple[int, int], int] = {}
    for one in _carried():
        if isinstance(one, Datagram) and len(one.payload) >= 12 and one.payload[0] & 0xC0 == 0x80:
            kind = one.payload[1], len(one.payload) // 16
            seen[kind] = seen.get(kind, 0) + 1
            if seen[kind] <= EACH_SHAPE:
                made.append(one.payload)
    return _unlike(made)


def conversations() -> Iterator[list[Captured]]:
    """The beginnings of whole captures, and calls of our own that end."""
    whole = [MadeCall(talk=0.1, number=number, codec=codec).frames() for number, codec in enumerate(("PCMU", "PCMA", "opus"))]
    told = [CALL.invite(OFFER), CALL.response(200, ANSWER), CALL.request("ACK"), CALL.request("BYE", sequence=2)]
    yield [Captured(LINK_ETHERNET, frame(CALLER, CALLED, data), 0) for data in told]
    yield from whole
    for path in captures():
        yield [captured for captured in read(path, 12) if len(captured.frame) <= 1600]


def files() -> Iterator[bytes]:
    """Capture files as bytes, cut to a size at which a million of them can be read."""
    for path in captures():
        with path.open("rb") as file:
            yield file.read(1200)
    yield struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, LINK_ETHERNET)


def _unlike(found: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(data[:LONGEST] for data in found if data))
