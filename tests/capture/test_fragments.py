"""IP fragments: whatever order they come in, however often, the datagram is whole once, and memory has a bound."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.moments import SECOND
from capture.fragments import MAX_BYTES, MAX_DATAGRAMS, TIMEOUT, Fragments, Key

KEY: Key = (b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02", 17, 4711)
PAYLOAD = bytes(range(256)) * 8


def key(number: int) -> Key:
    return (KEY[0], KEY[1], 17, number)


@st.composite
def covers(draw: st.DrawFn) -> list[tuple[int, int]]:
    """(begin, end) of fragments that overlap as they like, with no gap left between them."""
    cuts = sorted(draw(st.sets(st.integers(1, len(PAYLOAD) // 8 - 1), max_size=12)))
    edges = [0, *(8 * cut for cut in cuts), len(PAYLOAD)]
    pieces = list(pairwise(edges))
    for _ in range(draw(st.integers(0, 5))):
        begin = 8 * draw(st.integers(0, len(PAYLOAD) // 8 - 1))
        pieces.append((begin, draw(st.integers(begin // 8 + 1, len(PAYLOAD) // 8)) * 8))
    return draw(st.permutations(pieces))


def put(table: Fragments, begin: int, end: int, now: int = 0) -> bytes | None:
    return table.add(KEY, begin, PAYLOAD[begin:end], now, more=end < len(PAYLOAD))


@given(covers())
def test_any_order_with_doubles_and_overlaps_gives_the_datagram_once_its_last_gap_is_filled(pieces: list[tuple[int, int]]) -> None:
    table, held = Fragments(), bytearray(len(PAYLOAD))
    for begin, end in pieces:
        held[begin:end] = b"\x01" * (end - begin)
        whole = put(table, begin, end)
        assert (whole is not None) == all(held)
        if whole is not None:
            assert whole == PAYLOAD
            assert len(table) == 0
            return
    raise AssertionError("no gap was left, and yet nothing came")


@given(st.data())
def test_where_fragments_overlap_the_first_that_arrived_stands(data: st.DataObject) -> None:
    table, expected = Fragments(), bytearray(b"?" * 64)
    filled = bytearray(64)
    count = data.draw(st.integers(1, 6))
    for number in range(count):
        begin = 8 * data.draw(st.integers(0, 6))
        end = data.draw(st.integers(begin // 8 + 1, 7)) * 8
        assert table.add(KEY, begin, bytes([number]) * (end - begin), 0, more=True) is None
        for place in range(begin, end):
            if not filled[place]:
                expected[place], filled[place] = number, 1
    whole = table.add(KEY, 0, b"?" * 64, 0, more=False)
    assert whole == bytes(expected)


def test_a_longer_fragment_at_the_same_place_fills_what_the_shorter_one_left() -> None:
    table = Fragments()
    assert table.add(KEY, 0, b"a" * 8, 0, more=True) is None
    assert table.add(KEY, 0, b"b" * 16, 0, more=True) is None
    assert table.add(KEY, 16, b"c" * 8, 0, more=False) == b"a" * 8 + b"b" * 8 + b"c" * 8


def test_fragments_of_different_datagrams_are_kept_apart() -> None:
    table = Fragments()
    for number in (1, 2):
        assert table.add(key(number), 0, bytes([number]) * 8, 0, more=True) is None
    assert table.add(key(2), 8, b"end", 0, more=False) == b"\x02" * 8 + b"end"
    assert table.add(key(1), 8, b"END", 0, more=False) == b"\x01" * 8 + b"END"


def test_bytes_behind_the_last_fragment_are_cut_off() -> None:
    table = Fragments()
    assert table.add(KEY, 8, b"x" * 40, 0, more=True) is None
    assert table.add(KEY, 8, b"x" * 8, 0, more=False) is None
    assert table.add(KEY, 0, b"w" * 8, 0, more=True) == b"w" * 8 + b"x" * 8


def test_a_datagram_beyond_the_longest_is_given_up_and_counted() -> None:
    table = Fragments()
    assert table.add(KEY, 0, b"x" * 8, 0, more=True) is None
    assert table.add(KEY, MAX_BYTES - 7, b"y" * 8, 0, more=False) is None
    assert (len(table), table.forgotten) == (0, 1)


def test_an_incomplete_datagram_is_forgotten_after_half_a_minute() -> None:
    table = Fragments()
    put(table, 0, 8, now=0)
    assert table.add(key(1), 0, b"x" * 8, TIMEOUT, more=True) is None
    assert table.forgotten == 0
    assert table.add(key(2), 0, b"x" * 8, TIMEOUT + 1, more=True) is None
    assert (len(table), table.forgotten) == (2, 1)
    assert put(table, 8, len(PAYLOAD), now=TIMEOUT + SECOND) is None


def test_a_flood_of_first_fragments_pushes_the_oldest_out() -> None:
    table = Fragments()
    for number in range(3 * MAX_DATAGRAMS):
        table.add(key(number), 0, b"x" * 8, number, more=True)
        assert len(table) <= MAX_DATAGRAMS
    assert table.forgotten == 2 * MAX_DATAGRAMS
    assert table.add(key(3 * MAX_DATAGRAMS - 1), 8, b"end", 0, more=False) == b"x" * 8 + b"end"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 0xFFF8), st.binary(max_size=40), st.booleans()), max_size=40))
def test_any_fragments_give_a_datagram_or_nothing(fragments: list[tuple[int, int, bytes, bool]]) -> None:
    table = Fragments()
    for now, (number, place, payload, more) in enumerate(fragments):
        whole = table.add(key(number), place, payload, now, more=more)
        assert whole is None or len(whole) <= MAX_BYTES


def test_a_mirror_that_shows_every_frame_twice_loses_nothing() -> None:
    table = Fragments()
    halves = [(0, PAYLOAD[:8], True), (8, PAYLOAD[8:], False)]
    found = [table.add(key(1), place, data, 0, more=more) for place, data, more in halves for _ in range(2)]
    assert [whole for whole in found if whole is not None] == [PAYLOAD]
    assert (len(table), table.forgotten) == (0, 0)
    later = [table.add(key(1), place, data, 2 * SECOND, more=more) for place, data, more in halves]
    assert later[-1] == PAYLOAD, "the identification may be used again"
