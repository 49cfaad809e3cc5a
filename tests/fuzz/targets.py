"""What is fuzzed, one entry each in TARGETS: a name, what makes a fresh `run`, its seeds, and words of its grammar.

`run(data)` feeds one input and returns in a word or two what came of it. The parser's own error is an outcome; any other exception, and
any promise that an assertion here states, is a find. Targets that keep tables keep them from input to input, so that their bounds are
tried as well.
"""

from __future__ import annotations

import io
import os
import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.config import Config
from appliance.errors import CouldNotError
from appliance.moments import MILLISECOND, SECOND
from appliance.records import Side
from capture import blocks, digits, frames, index, pcapfile, rtcp, rtp, sccp, sdp, sip, tcp, websocket
from capture.blocks import SipBlock
from capture.effects import Close
from capture.engine import Engine
from capture.frames import Address, Dissector, FrameError
from capture.pcapfile import Captured
from capture.receivers import Origins, about
from capture.walk import STAMP
from tests.bed import skinny
from tests.bed.reports import bye, receiver, sdes, sender, voip
from tests.capture.playbook import CALLED, CALLER, START
from tests.fuzz import corpus, flow_files

Run = Callable[[bytes], str]
LINKS = (1, 0, 101, 108, 113, 228, 229, 276, 12, 14, 147)
"""Link types that we take apart, and one that we do not."""
SIP_WORDS = (
    b"SIP/2.0 ", b"INVITE ", b"BYE ", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\t", b":", b";", b",", b'"', b"\\", b"<", b">", b"@", b"%",
    b"=", b"Via: ", b"v:", b"From: ", b"f:", b"To: ", b"t:", b"Call-ID: ", b"i:", b"CSeq: ", b"Content-Length: ", b"l:", b"c:",
    b"Content-Type: ",
    b"application/sdp", b"multipart/mixed;boundary=", b"sip:", b"sips:", b"tel:", b"tag=", b"%00", b"%e3%81", b"\x82\xa0", b"\xe3\x81\x82",
    b"[::1]", b"transport=tcp", b"99999999999", b"Replaces:", b"application/dtmf-relay", b"Signal=", "０".encode(), "²".encode(),
)  # fmt: skip
SDP_WORDS = (
    b"v=0\r\n", b"m=audio ", b"m=", b"c=IN IP4 ", b"c=IN IP6 ", b"a=rtpmap:", b"a=fmtp:", b"a=crypto:", b"a=ptime:", b"a=sendonly\r\n",
    b"AES_CM_128_HMAC_SHA1_80 inline:", b"|2^20|1:4", b"RTP/SAVP", b"RTP/AVP ", b"0.0.0.0", b"::", b"/127", b"65536", b"opus/48000/2",
    b"\r\n", b"\n", b"\x0b", b"\x85", b"\xe2\x80\xa8", b"\xff", "٣".encode(), "²".encode(),
)  # fmt: skip
TICK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to fuzz."""

    name: str
    make: Callable[[], Run]
    seeds: Callable[[], Sequence[bytes]]
    words: tuple[bytes, ...] = ()
    grows_mb: int = 16
    """By how much its tables may grow once they were warm: the bound that its tables state, or what the interpreter itself needs."""


def _dissector() -> Run:
    dissector, now = Dissector(), 0

    def run(data: bytes) -> str:
        nonlocal now
        now += MILLISECOND
        try:
            found = dissector.dissect(LINKS[data[0] % len(LINKS)] if data else 1, data[1:], now)
        except FrameError as error:
            return error.name if not error.name.startswith("link-type") else "link-type"
        if found is None:
            return "nothing"
        for host, port in (found.source, found.destination):
            assert len(host) in (4, 16)
            assert 0 <= port < 65536
            assert str(Address(host, port))
        assert len(found.payload) <= frames.MAX_DATAGRAM
        return type(found).__name__

    return run


def _sip() -> Run:
    def run(data: bytes) -> str:
        sip.looks_like_sip(data)
        try:
            message = sip.parse(data)
        except sip.SipError as error:
            return error.name
        assert sip.parse(message.raw) == message, "what is spooled is read back as something else"
        for name in ("from", "to", "contact"):
            for value in (message.get(name), *message.all(name)):
                found = sip.name_address(value)
                assert found.uri.port is None or 0 <= found.uri.port < 100_000
        sip.uri(message.uri)
        assert message.sequence >= -1
        sdp.body_of(message.get("content-type"), message.body)
        return "request" if message.is_request else "response"

    return run


def _sdp() -> Run:
    def run(data: bytes) -> str:
        try:
            found = sdp.parse(data)
        except sdp.SdpError:
            return "no description"
        assert len(found) <= sdp.MAX_SECTIONS
        for media in found:
            assert len(media.host) in (0, 4, 16)
            assert 0 <= media.port < 65536
            assert len(media.keys) <= sdp.MAX_KEYS
            assert all(encoding.clock in sdp.CLOCKS for encoding in media.encodings.values())
            assert media.held in (True, False)
        return f"{len(found)} sections"

    return run


def _sccp() -> Run:
    def run(data: bytes) -> str:
        sccp.looks_like_sccp(data)
        try:
            found = sccp.parse(data)
        except sccp.SccpError as error:
            return error.name
        assert sccp.parse(bytes(data)) == found
        return type(found).__name__

    return run


def _phones() -> list[bytes]:
    """Messages of a Skinny phone, in three versions of the protocol."""
    made = [
        [skinny.state(2, 9, version), skinny.receive(1, 4, 9, version), skinny.receive_ack(CALLER, 1, 9, version),
         skinny.key(5, 9, version), skinny.send(1, CALLED, 4, 9, version),
         skinny.info("1001", "1002", kind=1, reference=9, version=version),
         skinny.dialed("1002", 9)]
        for version in (0, 17, 22)
    ]  # fmt: skip
    return [message for version in made for message in version]


def _websocket() -> Run:
    def run(data: bytes) -> str:
        whole, pieces = (websocket.WebSocket(in_frames=bool(data[:1] and data[0] & 1)) for _ in range(2))
        found = whole.feed(data[1:])
        split = [message for place in range(1, len(data), 7) for message in pieces.feed(data[place : place + 7])]
        assert split == found, "in pieces it is something else"
        assert whole.pending <= len(data) + websocket.MAX_MESSAGE
        return f"{len(found)} messages, {'on' if whole.plausible else 'over'}"

    return run


def _browsers() -> list[bytes]:
    """Frames of SIP, plain and masked, behind a byte that says whether the connection is in its middle."""
    seeds = []
    for message in corpus.messages()[:20]:
        length = struct.pack(">BBH", 0x81, 126, len(message))
        masked = struct.pack(">BBH", 0x81, 0xFE, len(message)) + bytes(4) + message
        seeds += [b"\x01" + length + message, b"\x01" + masked]
    return seeds


def _rtp() -> Run:
    """A packet by itself, and again as columns: among its like (by array arithmetic) and behind an odd one (one by one)."""

    def run(data: bytes) -> str:
        data = data[:65535]
        record = STAMP.pack(START, len(data)) + data
        whole, mixed = index.index(record * 2), index.index(STAMP.pack(START, 1) + b"\0" + record)
        try:
            packet = rtp.parse(data)
        except rtp.RtpError as error:
            assert not len(whole)
            assert not len(mixed)
            return str(error)
        assert rtp.looks_like_rtp(data)
        assert (len(whole), len(mixed)) == (2, 1)
        for table in (whole, mixed):
            start, size = int(table.start[-1]), int(table.size[-1])
            assert table.data[start : start + size].tobytes() == packet.payload
            assert int(table.timestamp[-1]) == packet.timestamp
            assert int(table.sequence[-1]) == packet.sequence
            assert int(table.payload_type[-1]) == packet.payload_type
            assert bool(table.marker[-1]) == packet.marker
        return "packet"

    return run


def _rtcp() -> Run:
    """Every report also goes through what compares it with our own count."""

    def run(data: bytes) -> str:
        try:
            found = rtcp.parse(data)
        except rtcp.RtcpError as error:
            return str(error)
        seen = [SipBlock(START, CALLED, CALLER, data)]
        for block in (block for report in found.reports for block in report.blocks):
            origins = Origins(about(block.ssrc, CALLER.host, CALLED.host, seen).told)
            origins.miss(block.highest, START, lost=5, never=1)
            assert sum(origins.origin[:3]) == 5
        return f"{len(found.reports)} reports, {len(found.names)} names, {len(found.metrics)} metrics"

    return run


def _index() -> Run:
    def run(data: bytes) -> str:
        table = index.index(data)
        assert not len(table) or (table.start.min() >= 0 and (table.start + table.size).max() <= len(data))
        events = digits.Events(Side.CALLER)
        events.add(table)
        digits.marks(events.keys, START)
        assert len(index.compact(table)) == len(table)
        return "packets" if len(table) else "none"

    return run


def _streams() -> Run:
    """Input: port, flags and sequence number, then the payload. What has come in order must not depend on how it was cut."""
    streams, now = tcp.Streams(), 0

    def run(data: bytes) -> str:
        nonlocal now
        now += 10 * MILLISECOND
        head = data[:4].ljust(4, b"\0")
        source = Address(CALLER.host, 1024 + head[0])
        segment = frames.Segment(source, CALLED, head[2] << 8 | head[3], not head[1] & 31, bool(head[1] & 0xE0 == 0xE0), data[4:])
        found = streams.segment(segment, now)
        if not now % SECOND:
            found += streams.expire(now)
        assert len(streams) <= tcp.MAX_STREAMS
        assert all(len(framed.data) <= tcp.MAX_MESSAGE for framed in found)
        whole, split = tcp.Messages(), tcp.Messages()
        place = head[3] % (len(data) + 1)
        assert whole.feed(data) == split.feed(data[:place]) + split.feed(data[place:])
        return f"{min(len(found), 3)} messages"

    return run


def _blocks() -> Run:
    def run(data: bytes) -> str:
        damage = blocks.Damage()
        found = list(blocks.read(io.BytesIO(data), damage))
        assert sum(16 + len(block.body) for block in found) + damage.bytes == len(data)
        last = blocks.last(io.BytesIO(data), blocks.PACKETS)
        assert last is None or last in found
        behind = io.BytesIO(data[:7] + blocks.encode(blocks.SIP, data))
        assert [block.body for block in blocks.read(behind)] == [data], "a whole block behind damage is lost"
        return f"{min(len(found), 3)} blocks" + (", damage" if damage.bytes else "")

    return run


def _pcapfile() -> Run:
    folder = Path("/dev/shm")
    handle, name = tempfile.mkstemp(dir=folder if folder.is_dir() else None)

    def run(data: bytes) -> str:
        os.ftruncate(handle, 0)
        os.pwrite(handle, data, 0)
        count = 0
        try:
            for captured in pcapfile.frames(Path(name)):
                assert 0 <= captured.at < 1 << 63
                count += 1
        except CouldNotError as error:
            return f"{min(count, 3)} frames, " + str(error).removeprefix(f"{name}: ").partition(" behind")[0].partition(" (")[0]
        return f"{min(count, 3)} frames"

    return run


def _digits() -> Run:
    def run(data: bytes) -> str:
        ends = SipBlock(START, CALLER, CALLED, data), SipBlock(START, CALLED, CALLER, data[1:])
        found = list(digits.of_signalling(ends))
        return f"{len(found)} keys, {len(digits.marks(found, START))} marks"

    return run


def packed(captured: Sequence[Captured]) -> bytes:
    """Frames as an input of `engine`."""
    parts = [struct.pack(">BH", LINKS.index(one.link) if one.link in LINKS else 10, len(one.frame)) + one.frame for one in captured]
    return b"".join(parts)


def _engine() -> Run:
    """Input: frames, each behind its link type and its length. The engine is emptied as the recorder does it; time passes."""
    engine, at, count = Engine(Config.model_validate({"capture": {"max_calls": 100}}), via="fuzz"), START, 0

    def emptied() -> set[str]:
        kinds = set()
        for effect in engine.take_effects():
            kinds.add(type(effect).__name__)
            if isinstance(effect, Close):
                engine.media.close(effect.call)
        for stream, packets in engine.take_streams(at):
            kinds.add("packets")
            index.index(packets)
            assert stream.lost >= 0
        return kinds

    def run(data: bytes) -> str:
        nonlocal at, count
        place = 0
        while place + 3 <= len(data):
            link, length = LINKS[data[place] % len(LINKS)], int.from_bytes(data[place + 1 : place + 3], "big")
            at += 5 * MILLISECOND
            engine.frame(link, data[place + 3 : place + 3 + length], at, at)
            place += 3 + length
        count += 1
        kinds = emptied()
        if not count % TICK:
            at += SECOND
            engine.tick(at)
            kinds |= emptied()
            assert len(engine.tracker.dialogs) <= 200
        return ", ".join(sorted(kinds)) or "nothing"

    return run


def _linked() -> list[bytes]:
    return [bytes([LINKS.index(one.link) if one.link in LINKS else 10]) + one.frame for one in corpus.frames()]


def _reports() -> list[bytes]:
    block = rtcp.Block(7, 64, 12, 0x1_0005, 9, 1, 65536)
    return [sender(1, blocks=[block]) + sdes(1, "a@b"), receiver(1, [block, block]) + voip(1, 7), receiver(2, [block]) + bye(1, 2)]


def _spooled() -> list[bytes]:
    return [STAMP.pack(START, len(packet)) + packet + STAMP.pack(START, len(packet)) + packet for packet in corpus.packets()]


def _reels() -> list[bytes]:
    spooled = [blocks.encode(blocks.PACKETS, body) for body in _spooled()]
    said = [blocks.sip_message(SipBlock(START, CALLER, CALLED, data)) for data in corpus.messages()]
    return [b"".join(spooled[begin : begin + 2] + said[begin : begin + 1]) for begin in range(len(spooled))]


def _segments() -> list[bytes]:
    found = corpus.segments()
    said = [bytes([one.source.port & 255, 1]) + (one.sequence & 0xFFFF).to_bytes(2, "big") + one.payload for one in found]
    return said + [b"\x05\x01\0\0" + data for data in corpus.messages()]


def _conversations() -> list[bytes]:
    return [packed(frames) for frames in corpus.conversations() if frames]


TARGETS = (
    Target(name="frames", make=_dissector, seeds=_linked, grows_mb=80),  # 1,024 datagrams of 64 kB in fragments
    Target(name="sip", make=_sip, seeds=corpus.messages, words=SIP_WORDS),
    Target(name="sdp", make=_sdp, seeds=corpus.descriptions, words=SDP_WORDS),
    Target(name="rtp", make=_rtp, seeds=corpus.packets),
    Target(name="rtcp", make=_rtcp, seeds=_reports),
    Target(name="sccp", make=_sccp, seeds=_phones),
    Target(name="websocket", make=_websocket, seeds=_browsers, words=SIP_WORDS),
    Target(name="index", make=_index, seeds=_spooled),
    Target(name="tcp", make=_streams, seeds=_segments, words=SIP_WORDS, grows_mb=80),  # 256 streams of 256 kB
    Target(name="blocks", make=_blocks, seeds=_reels, words=(blocks.MAGIC,)),
    Target(name="pcapfile", make=_pcapfile, seeds=lambda: list(corpus.files())),
    Target(name="digits", make=_digits, seeds=corpus.messages, words=SIP_WORDS),
    Target(name="flow", make=flow_files.make, seeds=flow_files.seeds, words=flow_files.WORDS),
    Target(name="engine", make=_engine, seeds=_conversations, grows_mb=160),
)


def named(name: str) -> Target:
    """The target of this name."""
    return next(target for target in TARGETS if target.name == name)
