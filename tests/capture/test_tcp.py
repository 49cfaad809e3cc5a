"""SIP over TCP: however a stream is cut, doubled or reordered, the same messages come out, and a hole costs only what it tore."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.moments import SECOND
from appliance.records import Side
from capture import pcapfile, sip
from capture.frames import Address, Dissector, Segment
from capture.tcp import IDLE, MAX_AHEAD, MAX_MESSAGE, MAX_STREAMS, PATIENCE, Messages, Streams
from tests import needs
from tests.capture.playbook import CALLED, CALLER, Call, sdp

CALL = Call()
TALK = [
    CALL.invite(sdp()),
    CALL.request("ACK"),
    CALL.request("UPDATE", sdp(port=4010), sequence=2),
    b"OPTIONS sip:a@b SIP/2.0\ni: x\nl: 0\n\n",
    b"MESSAGE sip:a@b SIP/2.0\r\nContent-Length:\r\n 4\r\n\r\n\r\n\r\n",
    CALL.request("INFO", "Signal=5\r\n\r\nINVITE sip:trap SIP/2.0\r\n\r\n", content="application/dtmf-relay"),
    CALL.response(200, sdp(), by=Side.CALLER, sequence=9),
    CALL.request("BYE", sequence=3),
]
MESSAGES = st.lists(st.sampled_from(TALK), min_size=1, max_size=8)
BETWEEN = st.sampled_from([b"", b"\r\n\r\n", b"\r\n"])


def segment(
    sequence: int, payload: bytes, *, syn: bool = False, fin: bool = False, ports: tuple[int, int] = (40000, 5060)
) -> Segment:
    ends = Address(CALLER.host, ports[0]), Address(CALLED.host, ports[1])
    return Segment(*ends, sequence % 2**32, syn, fin, payload)


def heard(streams: Streams, segments: Iterable[Segment], now: int = 0) -> list[bytes]:
    return [framed.data for each in segments for framed in streams.segment(each, now)]


def cut(data: bytes, places: Iterable[int], begin: int) -> list[Segment]:
    edges = [0, *sorted({place for place in places if 0 < place < len(data)}), len(data)]
    return [segment(begin + start, data[start:end]) for start, end in pairwise(edges)]


@given(MESSAGES, BETWEEN, st.lists(st.integers(0, 5000)))
def test_a_stream_whole_or_byte_by_byte_or_in_any_pieces_gives_the_same_messages(
    messages: list[bytes], between: bytes, places: list[int]
) -> None:
    data = between.join(messages) + between
    edges = [0, *sorted({place for place in places if place < len(data)}), len(data)]
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))], [data[a:b] for a, b in pairwise(edges)]):
        reader = Messages()
        assert [message for piece in pieces for message in reader.feed(piece)] == messages
        assert reader.pending == 0


@given(MESSAGES, BETWEEN, st.lists(st.integers(0, 5000), max_size=30), st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
def test_retransmissions_and_reordering_change_nothing(
    messages: list[bytes], between: bytes, places: list[int], begin: int, dice: random.Random
) -> None:
    data = between.join(messages)
    ordered = cut(data, places, begin)
    shuffled = [ordered[0]]
    rest = [(place + dice.uniform(0, 6), each) for place, each in enumerate(ordered[1:])]
    shuffled += [each for _, each in sorted(rest, key=lambda pair: pair[0])]
    for _ in range(dice.randrange(5)):  # sent again, cut otherwise, once before and once after its turn
        start = dice.randrange(len(data))
        again = segment(begin + start, data[start : start + dice.randrange(1, 900)])
        reach = start + len(again.payload)
        place = next(i + 1 for i in range(len(shuffled)) if i + 1 == len(shuffled) or reach <= progress(shuffled[: i + 1], begin))
        shuffled.insert(dice.randrange(place, len(shuffled) + 1), again)
    streams = Streams()
    assert heard(streams, shuffled) == messages
    assert streams.gaps == 0


def progress(segments: list[Segment], begin: int) -> int:
    """How far the stream reaches without a hole."""
    reach = 0
    for start, end in sorted(
        ((each.sequence - begin) % 2**32, (each.sequence - begin) % 2**32 + len(each.payload)) for each in segments
    ):
        if start > reach:
            break
        reach = max(reach, end)
    return reach


def test_a_longer_retransmission_that_came_early_is_not_forgotten_for_a_shorter_one() -> None:
    data = TALK[0] + TALK[1]
    first, early, short = segment(0, data[:100]), segment(200, data[200:]), segment(200, data[200:250])
    assert heard(Streams(), [first, early, short, segment(100, data[100:200])]) == TALK[:2]


def test_sequence_numbers_may_wrap() -> None:
    data = b"".join(TALK)
    ordered = cut(data, range(0, len(data), 97), 2**32 - 500)
    assert heard(Streams(), ordered) == TALK
    ordered[3:6] = reversed(ordered[3:6])
    assert heard(Streams(), ordered) == TALK


def test_both_directions_and_other_connections_are_kept_apart() -> None:
    streams, invite, answer = Streams(), TALK[0], CALL.response(200, sdp())
    back = Segment(CALLED, Address(CALLER.host, 40000), 9, False, False, answer[:40])
    found = streams.segment(segment(5, invite[:50]), 0) + streams.segment(back, 0)
    found += streams.segment(segment(5, TALK[1], ports=(40001, 5060)), 0)
    found += streams.segment(segment(55, invite[50:]), 0)
    found += streams.segment(back._replace(sequence=49, payload=answer[40:]), 0)
    assert [framed.data for framed in found] == [TALK[1], invite, answer]
    assert (found[1].source.port, found[1].destination) == (40000, CALLED)
    assert found[2].source == CALLED


def numbered(count: int) -> list[bytes]:
    return [CALL.request("INFO", f"Signal={number}\r\n" + "x" * (number * 7 % 50), sequence=number) for number in range(count)]


def test_a_lost_segment_gives_up_its_message_and_the_stream_goes_on() -> None:
    messages = numbered(40)
    ordered = cut(b"".join(messages), [sum(map(len, messages[: n + 1])) for n in range(40)], 1000)
    streams = Streams()
    assert heard(streams, ordered[:5] + ordered[6:]) == messages[:5] + messages[6:]
    assert streams.gaps == 1


def test_a_hole_within_a_message_gives_up_that_message_alone() -> None:
    messages = numbered(30)
    starts = [sum(map(len, messages[:n])) for n in range(30)]
    ordered = cut(b"".join(messages), [*starts, starts[10] + 50, starts[10] + 100], 0)
    del ordered[11]
    streams = Streams()
    assert heard(streams, ordered) == messages[:10] + messages[11:]
    assert streams.gaps == 1


def test_what_waits_behind_a_hole_is_not_lost_when_the_connection_ends() -> None:
    messages = numbered(5)
    ordered = cut(b"".join(messages), [sum(map(len, messages[: n + 1])) for n in range(5)], 0)
    streams = Streams()
    end = sum(map(len, messages))
    assert heard(streams, [ordered[0], *ordered[2:], segment(end, b"", fin=True)]) == [messages[0], *messages[2:]]
    assert (len(streams), streams.gaps) == (0, 1)


def test_a_missing_segment_is_waited_for_two_seconds_and_no_longer() -> None:
    messages = numbered(3)
    first, missing, third = cut(b"".join(messages), [sum(map(len, messages[: n + 1])) for n in range(3)], 0)
    streams = Streams()
    assert heard(streams, [first, third], now=SECOND) == [messages[0]]
    assert streams.expire(SECOND + PATIENCE) == []
    assert [framed.data for framed in streams.expire(SECOND + PATIENCE + 1)] == [messages[2]]
    assert heard(streams, [missing], now=4 * SECOND) == []
    assert streams.gaps == 1


def test_a_missing_segment_that_comes_in_time_costs_nothing() -> None:
    messages = numbered(3)
    first, missing, third = cut(b"".join(messages), [sum(map(len, messages[: n + 1])) for n in range(3)], 0)
    streams = Streams()
    found = heard(streams, [first, third], now=SECOND)
    streams.expire(SECOND + PATIENCE)
    assert found + heard(streams, [missing], now=SECOND + PATIENCE) == messages
    assert streams.gaps == 0


def test_a_stream_met_in_its_middle_is_taken_up_at_the_next_message() -> None:
    streams = Streams()
    assert heard(streams, [segment(0, TALK[0][60:]), segment(len(TALK[0]) - 60, TALK[1])]) == [TALK[1]]


def test_a_stream_that_is_no_sip_any_more_is_dropped_and_taken_up_again() -> None:
    streams = Streams()
    assert heard(streams, [segment(0, TALK[0]), segment(len(TALK[0]), b"garbage\r\nmore garbage")]) == [TALK[0]]
    assert len(streams) == 0
    assert heard(streams, [segment(5000, TALK[1])]) == [TALK[1]]


def test_a_new_connection_on_the_same_ports_begins_anew() -> None:
    streams = Streams()
    assert heard(streams, [segment(0, TALK[0][:100])]) == []
    assert heard(streams, [segment(7_000_000, b"", syn=True), segment(7_000_001, TALK[1])]) == [TALK[1]]


def test_a_connection_that_ended_is_forgotten() -> None:
    streams = Streams()
    assert heard(streams, [segment(0, TALK[0]), segment(len(TALK[0]), b"", fin=True)]) == [TALK[0]]
    assert len(streams) == 0


def test_a_keepalive_of_tcp_brings_nothing() -> None:
    streams = Streams()
    assert heard(streams, [segment(0, TALK[0]), segment(len(TALK[0]) - 1, b"\x00"), segment(len(TALK[0]), TALK[1])]) == TALK[:2]


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00", b"INVITATION\r\n\r\n", b"I like tea\r\n\r\n"]
)
def test_what_is_no_sip_is_not_followed(data: bytes) -> None:
    streams = Streams()
    assert heard(streams, [segment(0, data)]) == []
    assert heard(streams, cut(data, range(len(data)), 0)) == []
    assert len(streams) == 0


def test_streams_on_which_nothing_came_for_an_hour_are_forgotten() -> None:
    streams = Streams()
    heard(streams, [segment(0, TALK[0][:50])], now=0)
    heard(streams, [segment(0, TALK[0][:50], ports=(1, 2))], now=IDLE)
    assert streams.expire(IDLE + 1) == []
    assert len(streams) == 1


def test_the_table_of_streams_has_a_bound() -> None:
    streams = Streams()
    for port in range(MAX_STREAMS + 100):
        heard(streams, [segment(0, b"INVITE sip:a", ports=(port, 5060))])
    assert (len(streams), streams.forgotten) == (MAX_STREAMS, 100)
    assert heard(streams, [segment(0, TALK[1], ports=(5, 5060))]) == [TALK[1]]


def test_the_stream_that_was_silent_longest_is_let_go_first() -> None:
    streams = Streams()
    heard(streams, [segment(0, TALK[1], ports=(1, 5060))])
    for port in range(2, MAX_STREAMS + 2):
        heard(streams, [segment(0, b"INVITE sip:a", ports=(port, 5060)), segment(len(TALK[1]), b"\r\n", ports=(1, 5060))])
    assert heard(streams, [segment(len(TALK[1]) + 2, TALK[0][:9], ports=(1, 5060))]) == []
    assert heard(streams, [segment(len(TALK[1]) + 11, TALK[0][9:], ports=(1, 5060))]) == [TALK[0]]


def test_a_message_without_end_is_given_up() -> None:
    reader = Messages()
    for _ in range(20):
        assert reader.feed(b"INVITE sip:a SIP/2.0\r\n" + b"x: y\r\n" * 5000) == []
        assert reader.pending <= MAX_MESSAGE
    reader = Messages()
    assert reader.feed(b"INVITE sip:a SIP/2.0\r\nl: 9999999\r\n\r\n") == []
    for _ in range(20):
        reader.feed(b"x" * 30000)
        assert reader.pending <= MAX_MESSAGE
    assert {name for name, _ in reader.weirds} == {"tcp-message-long"}


def test_early_segments_that_wait_have_a_bound() -> None:
    streams, data = Streams(), TALK[0]
    heard(streams, [segment(0, data[:20])])
    found = heard(streams, [segment(100 + 30 * number, b"x" * 29) for number in range(MAX_AHEAD + 1)])
    assert (found, streams.gaps) == ([], 1)
    assert heard(streams, [segment(50_000, TALK[1])]) == [TALK[1]]


@given(
    st.lists(
        st.tuples(st.integers(0, 2**32 - 1), st.one_of(st.binary(max_size=60), st.sampled_from(TALK)), st.booleans(), st.booleans())
    )
)
def test_any_segments_give_messages_or_nothing(segments: list[tuple[int, bytes, bool, bool]]) -> None:
    streams = Streams()
    for sequence, payload, syn, fin in segments:
        for framed in streams.segment(segment(sequence, payload, syn=syn, fin=fin), 0):
            assert framed.data


@needs.shared
@pytest.mark.parametrize(
    ("name", "methods"),
    [
        ("nextcaller-sip-tcp.pcap", {"INVITE", "ACK", "BYE"}),
        ("suri-sip-tcp.pcap", {"REGISTER"}),
        ("ndpi-http-on-sip-port.pcap", set()),
        ("zeek-vlan-qinqinq.pcap", set()),
    ],
)
def test_public_captures_hold_the_messages_their_index_says(name: str, methods: set[str]) -> None:
    dissector, streams, found = Dissector(), Streams(), []
    for link, frame, at in pcapfile.frames(needs.PCAPS / name):
        carried = dissector.dissect(link, frame, at)
        if isinstance(carried, Segment):
            found += [sip.parse(framed.data) for framed in streams.segment(carried, at)]
    assert {message.method for message in found} == methods
    assert name != "nextcaller-sip-tcp.pcap" or len({message.call_id for message in found}) == 5
