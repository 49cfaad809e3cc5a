"""SIP over WebSocket: however it is cut, masked, fragmented or deflated, the same messages come out, and a bomb costs nothing."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.effects import Weird
from capture.tcp import Streams
from capture.websocket import (
    MAX_HEAD,
    MAX_MESSAGE,
    WebSocket,
    WebSocketError,
    begins_in_frames,
    begins_with_head,
    parse,
)
from tests.capture.playbook import ANSWER, OFFER, Call
from tests.capture.rig import Rig
from tests.capture.test_engine import segments
from tests.capture.test_tcp import cut, heard, segment

CALL = Call()
TALK = [CALL.invite(OFFER), CALL.request("ACK"), CALL.response(200, ANSWER), CALL.request("BYE", sequence=2)]
GET = (
    b"GET /ws HTTP/1.1\r\nHost: pbx\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: xmpp, sip\r\n\r\n"
)
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nsec-websocket-protocol: sip\r\n\r\n"
MASK = b"\x37\xfa\x21\x3d"
PING, CLOSE = b"\x89\x04ping", b"\x88\x02\x03\xe8"


def framed(payload: bytes, *, opcode: int = 1, final: bool = True, deflated: bool = False, mask: bytes = b"") -> bytes:
    """One frame, its length in the shortest form."""
    first = bytes([final << 7 | deflated << 6 | opcode])
    bit = 0x80 if mask else 0
    if len(payload) < 126:
        size = bytes([bit | len(payload)])
    elif len(payload) < 65536:
        size = bytes([bit | 126]) + len(payload).to_bytes(2, "big")
    else:
        size = bytes([bit | 127]) + len(payload).to_bytes(8, "big")
    if mask:
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return first + size + mask + payload


def fragmented(message: bytes, places: Iterable[int], *, mask: bytes, deflated: bool, between: bytes) -> bytes:
    """A message in frames, with these bytes between them."""
    edges = [0, *sorted({place for place in places if 0 < place < len(message)}), len(message)]
    parts = [
        framed(message[a:b], opcode=0 if a else 1, final=b == len(message), deflated=deflated and not a, mask=mask)
        for a, b in pairwise(edges)
    ]
    return between.join(parts)


class Deflater:
    """A sender that carries its window on."""

    def __init__(self, *, carries: bool) -> None:
        self._carries = carries
        self._window = zlib.compressobj(wbits=-15)

    def __call__(self, message: bytes) -> bytes:
        done = self._window.compress(message) + self._window.flush(zlib.Z_SYNC_FLUSH)
        if not self._carries:
            self._window = zlib.compressobj(wbits=-15)
        return done.removesuffix(b"\x00\x00\xff\xff")


@given(
    st.lists(st.sampled_from(TALK), min_size=1, max_size=6),
    st.sampled_from([GET, SWITCHED]),
    st.sampled_from([b"", MASK, bytes(4)]),
    st.lists(st.integers(0, 900), max_size=3),
    st.sampled_from([b"", PING, b"\x8a\x00"]),
    st.sampled_from([None, True, False]),
    st.lists(st.integers(0, 5000), max_size=20),
)
def test_a_stream_whole_or_byte_by_byte_or_in_any_pieces_gives_the_same_messages(
    messages: list[bytes], head: bytes, mask: bytes, fragments: list[int], between: bytes, carries: bool | None, places: list[int]
) -> None:
    deflate = Deflater(carries=bool(carries))
    data = head + between
    for message in messages:
        sent = message if carries is None else deflate(message)
        data += fragmented(sent, fragments, mask=mask, deflated=carries is not None, between=between) + between
    edges = [0, *sorted({place for place in places if place < len(data)}), len(data)]
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))], [data[a:b] for a, b in pairwise(edges)]):
        reader = WebSocket()
        assert [message for piece in pieces for message in reader.feed(piece)] == messages
        assert (reader.pending, reader.weirds, reader.plausible) == (0, [], True)


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
@pytest.mark.parametrize("mask", [b"", MASK])
def test_every_form_of_length_is_read(size: int, mask: bytes) -> None:
    payload = bytes(number & 255 for number in range(size))
    data = framed(payload, mask=mask)
    assert parse(data + b"more") == ((True, False, 1, payload), len(data))
    for end in (*range(min(len(data), 16)), len(data) - 1):
        assert parse(data[:end]) is None


@pytest.mark.parametrize(
    "data",
    [b"\xb1\x01x", b"\x83\x00", b"\x8b\x00", b"\x09\x00", b"\x88\x7e\x00\x80", b"\xc9\x00", b"\x81\xff" + b"\xff" * 8],
    ids=["reserved bit", "unknown", "unknown control", "ping in fragments", "long control", "deflated ping", "too long"],
)
def test_what_is_no_frame_ends_the_stream_and_is_counted(data: bytes) -> None:
    with pytest.raises(WebSocketError):
        parse(data)
    reader = WebSocket()
    assert reader.feed(SWITCHED + framed(TALK[0]) + data + framed(TALK[1])) == [TALK[0]]
    assert [name for name, _ in reader.weirds] in (["websocket-damaged"], ["websocket-message-long"])
    assert (reader.plausible, reader.pending) == (False, 0)


def test_line_ends_keep_alive_and_a_close_ends() -> None:
    reader = WebSocket()
    assert reader.feed(SWITCHED + framed(b"\r\n\r\n") + framed(TALK[0]) + CLOSE + framed(TALK[1])) == [TALK[0]]
    assert not reader.plausible
    assert reader.feed(framed(TALK[1])) == []


def test_a_bomb_is_not_inflated() -> None:
    bomb = Deflater(carries=True)(TALK[0] + bytes(50_000_000))
    reader = WebSocket(in_frames=True)
    tracemalloc.start()
    assert reader.feed(framed(bomb, deflated=True)) == []
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4 * MAX_MESSAGE
    assert [name for name, _ in reader.weirds] == ["websocket-message-long"]
    assert reader.feed(framed(Deflater(carries=True)(TALK[1]), deflated=True)) == [TALK[1]]


def test_a_deflated_message_that_leans_on_one_that_was_not_seen_is_counted() -> None:
    deflate = Deflater(carries=True)
    deflate(TALK[0])
    reader = WebSocket(in_frames=True)
    reader.feed(framed(deflate(TALK[0]), deflated=True))
    assert [name for name, _ in reader.weirds] == ["websocket-not-inflated"]
    assert reader.feed(framed(TALK[1])) == [TALK[1]]


def test_a_final_block_begins_another_stream() -> None:
    def final(message: bytes) -> bytes:
        window = zlib.compressobj(wbits=-15)
        return window.compress(message) + window.flush() + b"\x00"

    reader = WebSocket(in_frames=True)
    assert reader.feed(framed(final(TALK[0]), deflated=True) + framed(final(TALK[1]), deflated=True)) == TALK[:2]


def test_fragments_without_end_have_a_bound() -> None:
    reader = WebSocket(in_frames=True)
    reader.feed(framed(b"INVITE ", final=False))
    for _ in range(20):
        reader.feed(framed(b"x" * 30000, opcode=0, final=False))
        assert reader.pending <= MAX_MESSAGE
    assert [name for name, _ in reader.weirds] == ["websocket-message-long"]


def test_a_header_without_end_has_a_bound() -> None:
    reader = WebSocket()
    for _ in range(20):
        reader.feed(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 500)
        assert reader.pending <= MAX_HEAD + 4000
    assert not reader.plausible


@pytest.mark.parametrize(
    ("data", "follows"),
    [
        (GET, True),
        (SWITCHED, True),
        (GET[:70], True),
        (b"G", True),
        (GET.replace(b", sip", b""), False),
        (GET.replace(b"xmpp, sip", b"sipper"), False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\n", False),
        (b"POST /ws HTTP/1.1\r\n", False),
    ],
)
def test_only_an_upgrade_to_sip_is_followed(data: bytes, follows: bool) -> None:
    assert begins_with_head(data) is follows


@pytest.mark.parametrize("mask", [b"", MASK])
@pytest.mark.parametrize("deflated", [False, True])
def test_a_connection_met_in_its_middle_is_taken_up_at_a_frame_of_sip(mask: bytes, deflated: bool) -> None:
    sent = Deflater(carries=False)(TALK[0]) if deflated else TALK[0]
    data = framed(sent, mask=mask, deflated=deflated)
    assert begins_in_frames(data)
    assert begins_in_frames(data[:200])
    assert not begins_in_frames(framed(b"hello, world", mask=mask))
    streams, more = Streams(), framed(TALK[1], mask=mask)
    assert heard(streams, [segment(100, data), segment(100 + len(data), more)]) == TALK[:2]


def test_a_lost_segment_gives_up_its_message_and_the_stream_goes_on() -> None:
    frames = [framed(message, mask=MASK) for message in TALK * 5]
    data = GET + b"".join(frames)
    places = [len(GET) + sum(map(len, frames[:n])) for n in range(len(frames))]
    ordered = cut(data, places, 0)
    del ordered[7]
    streams = Streams()
    assert heard(streams, ordered) == [*TALK * 5][:6] + [*TALK * 5][7:]
    assert streams.gaps == 1


def test_a_call_over_websocket_is_a_call() -> None:
    invite, bye = (framed(data, mask=MASK) for data in (CALL.invite(OFFER), CALL.request("BYE", sequence=2)))
    rig = Rig().feed(*segments(GET + invite + bye, 100))
    assert rig.words == ["ringing inbound", "ended hangup_caller"]


def test_what_goes_wrong_in_a_stream_is_a_weird() -> None:
    rig = Rig().feed(*segments(SWITCHED + framed(TALK[0]) + b"\xff\xff", 9999)).take()
    assert [effect.name for effect in rig.effects if isinstance(effect, Weird)] == ["websocket-damaged"]


def test_both_directions_make_one_call() -> None:
    streams = Streams()
    back = segment(0, SWITCHED + framed(CALL.response(200, ANSWER)))
    back = back._replace(source=back.destination, destination=back.source)
    found = streams.segment(segment(0, GET + framed(CALL.invite(OFFER), mask=MASK)), 0) + streams.segment(back, 0)
    assert [framed.data for framed in found] == [CALL.invite(OFFER), CALL.response(200, ANSWER)]
    assert found[0].source == found[1].destination


@given(st.lists(st.binary(max_size=200), max_size=20), st.booleans())
def test_any_bytes_give_messages_or_nothing(pieces: list[bytes], in_frames: bool) -> None:
    reader = WebSocket(in_frames=in_frames)
    for piece in pieces:
        assert all(reader.feed(piece))
        begins_with_head(piece)
        begins_in_frames(piece)
    assert {name for name, _ in reader.weirds} <= {"websocket-damaged", "websocket-message-long", "websocket-not-inflated"}


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=60)), max_size=20))
def test_any_frames_of_any_payload_give_messages_or_nothing(frames: list[tuple[int, bytes]]) -> None:
    reader = WebSocket(in_frames=True)
    for first, payload in frames:
        reader.feed(bytes([first, len(payload)]) + payload)
    assert reader.pending <= sum(len(payload) + 2 for _, payload in frames)
