"""Packets as columns: by array arithmetic or one by one, the table says what an RTP reader says of each packet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.rtp import RTP, RTPExtension

from capture.index import Packets, compact, index, join
from capture.rtp import Rtp, RtpError, parse
from capture.walk import STAMP

AT = st.integers(0, 2**63 - 1)


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    """Two bytes that begin an ordinary RTP packet, or nearly."""
    return bytes([draw(st.sampled_from([0x80, 0x80, 0x80, 0x81, 0x90, 0xA0, 0x40])), draw(st.integers(0, 255))])


@st.composite
def alike(draw: st.DrawFn) -> list[tuple[int, bytes]]:
    """Packets of one length."""
    size = draw(st.integers(10, 40))
    body = st.tuples(headers(), st.binary(min_size=size, max_size=size)).map(b"".join)
    return draw(st.lists(st.tuples(AT, body), max_size=12))


ANY = st.lists(
    st.tuples(AT, st.one_of(st.binary(max_size=40), st.tuples(headers(), st.binary(max_size=40)).map(b"".join))), max_size=12
)


def block(packets: list[tuple[int, bytes]]) -> bytes:
    return b"".join(STAMP.pack(at, len(packet)) + packet for at, packet in packets)


def rows(table: Packets) -> list[tuple[int, Rtp]]:
    """The table's rows as an RTP reader would give them (it has no SSRC)."""
    found = []
    for row in range(len(table)):
        begin, size = int(table.start[row]), int(table.size[row])
        payload = table.data[begin : begin + size].tobytes()
        head = (int(table.payload_type[row]), bool(table.marker[row]), int(table.sequence[row]), int(table.timestamp[row]))
        found.append((int(table.at[row]), Rtp(*head, 0, payload)))
    return found


def expected(packets: list[tuple[int, bytes]]) -> list[tuple[int, Rtp]]:
    found = []
    for at, packet in packets:
        try:
            found.append((at, parse(packet)._replace(ssrc=0)))
        except RtpError:
            continue
    return found


@given(st.one_of(alike(), ANY))
def test_the_table_says_what_the_reader_says_of_each_packet(packets: list[tuple[int, bytes]]) -> None:
    assert rows(index(block(packets))) == expected(packets)


@given(alike())
def test_array_arithmetic_and_one_by_one_agree(packets: list[tuple[int, bytes]]) -> None:
    """An odd packet behind the others sends all of them the slow way."""
    odd = (7, bytes(RTP(payload_type=8, sequence=1)) + b"of another length")
    together, apart = rows(index(block(packets))), rows(index(block([*packets, odd])))
    assert [*together, *expected([odd])] == apart


def test_a_packet_that_the_fast_way_would_misread_goes_the_slow_way() -> None:
    plain = bytes(RTP(payload_type=0, sequence=5, timestamp=800)) + b"p" * 20
    csrc = bytes(RTP(payload_type=0, sequence=6, numsync=1, sync=[9])) + b"c" * 16
    extended = bytes(RTP(payload_type=0, sequence=7, extension=1) / RTPExtension(header=[1, 2])) + b"e" * 8
    padded = bytes(RTP(payload_type=0, sequence=8, padding=1)) + b"d" * 17 + b"\x00\x00\x03"
    rtcp = b"\x80\xc8" + bytes(30)
    packets = [(at, packet) for at, packet in enumerate([plain, csrc, extended, padded, rtcp, plain])]
    assert len({len(packet) for _, packet in packets}) == 1
    assert [row.payload for _, row in rows(index(block(packets)))] == [b"p" * 20, b"c" * 16, b"e" * 8, b"d" * 17, b"p" * 20]
    assert [row.payload for _, row in rows(index(block([(0, plain), (1, rtcp)])))] == [b"p" * 20]


@given(ANY, st.integers(1, 60))
def test_a_block_that_was_cut_gives_the_packets_before_the_cut(packets: list[tuple[int, bytes]], cut: int) -> None:
    whole = block(packets)
    found = rows(index(whole[: len(whole) - cut]))
    assert found[:-1] == expected(packets)[: len(found[:-1])]


@given(st.binary(max_size=300))
def test_any_bytes_give_a_table(body: bytes) -> None:
    table = index(body)
    ends = table.start + table.size
    assert len(table) == 0 or (table.start.min() >= 0 and table.size.min() >= 0 and ends.max() <= len(body))


def test_nothing_gives_an_empty_table_that_can_be_joined() -> None:
    nothing = index(b"")
    one = index(block([(5, bytes(RTP(sequence=3)) + b"x")]))
    assert len(nothing) == 0
    assert rows(join([nothing, one, nothing])) == rows(one)
    assert rows(compact(nothing)) == []


@given(st.lists(st.one_of(alike(), ANY), min_size=1, max_size=4))
def test_joined_tables_are_the_table_of_the_joined_blocks(parts: list[list[tuple[int, bytes]]]) -> None:
    joined = join([index(block(part)) for part in parts])
    assert rows(joined) == [row for part in parts for row in expected(part)]


@given(ANY, st.data())
def test_picked_rows_on_bytes_of_their_own_are_the_same_rows(packets: list[tuple[int, bytes]], data: st.DataObject) -> None:
    table = index(block(packets))
    which = data.draw(st.lists(st.integers(0, max(0, len(table) - 1)), max_size=8 if len(table) else 0))
    picked = table.pick(np.array(which, dtype=np.intp))
    assert rows(picked) == [rows(table)[row] for row in which]
    small = compact(picked)
    assert rows(small) == rows(picked)
    assert len(small.data) == small.size.sum()


@pytest.mark.parametrize("which", [slice(1, 3), np.array([False, True, True, False])], ids=["slice", "mask"])
def test_rows_are_picked_by_slice_or_mask(which: slice | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    table = index(block([(n, bytes(RTP(sequence=n)) + b"x") for n in range(4)]))
    assert table.pick(which).sequence.tolist() == [1, 2]
