"""Voices brought together: each side on its channel, on the clock, nothing twice, and both channels of one length."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from capture.stereo import CHUNK_S, Channel, Piece, mix, without

RATE = 10
CHUNK = CHUNK_S * RATE
Samples = NDArray[np.int16]


def piece(start: int, length: int, value: int = 1) -> Piece:
    return Piece(start, np.full(length, value, np.int16))


def channel(*voices: list[Piece]) -> Channel:
    return Channel([iter(voice) for voice in voices])


def mixed(caller: Channel, called: Channel) -> Samples:
    chunks = list(mix(caller, called, RATE))
    assert all(chunk.shape == (CHUNK, 2) for chunk in chunks[:-1])
    return np.concatenate(chunks) if chunks else np.zeros((0, 2), np.int16)


@st.composite
def voices(draw: st.DrawFn) -> list[list[Piece]]:
    """Up to three voices; the pieces of one follow one another, with gaps or without."""
    found = []
    for number in range(draw(st.integers(0, 3))):
        voice, place = [], draw(st.integers(-50, 150))
        for _ in range(draw(st.integers(0, 4))):
            place += draw(st.integers(0, 120))
            length = draw(st.integers(1, 130))
            values = np.arange(length, dtype=np.int16) + 1000 * (number + 1) + place % 500
            voice.append(Piece(place, values))
            place += length
        found.append(voice)
    return found


def reference(voices: list[list[Piece]], begin: int, end: int) -> Samples:
    """The channel drawn sample by sample: the first voice that says anything is heard."""
    out = np.zeros(end - begin, np.int16)
    for voice in reversed(voices):
        for each in voice:
            out[each.start - begin : each.start - begin + len(each.samples)] = each.samples
    return out


@given(voices(), voices())
def test_every_sample_is_the_one_of_the_preferred_voice_at_its_place(left: list[list[Piece]], right: list[list[Piece]]) -> None:
    pieces = [each for voice in (*left, *right) for each in voice]
    found = mixed(channel(*left), channel(*right))
    if not pieces:
        assert len(found) == 0
        return
    begin, end = min(each.start for each in pieces), max(each.start + len(each.samples) for each in pieces)
    assert len(found) == end - begin
    assert np.array_equal(found[:, 0], reference(left, begin, end))
    assert np.array_equal(found[:, 1], reference(right, begin, end))


def test_the_caller_is_left_and_the_called_party_right() -> None:
    found = mixed(channel([piece(0, 3, 5)]), channel([piece(0, 3, 7)]))
    assert found.tolist() == [[5, 7]] * 3
    assert found.dtype == np.int16


def test_a_recording_begins_with_the_first_thing_said_and_ends_with_the_last() -> None:
    found = mixed(channel([piece(100, 10)]), channel([piece(105, 50, 2)]))
    assert found[:, 0].tolist() == [1] * 10 + [0] * 45
    assert found[:, 1].tolist() == [0] * 5 + [2] * 50


def test_a_side_that_says_nothing_is_silent() -> None:
    for both in ((channel([piece(0, 90)]), channel()), (channel([piece(0, 90)]), channel([]))):
        found = mixed(*both)
        assert (found[:, 0].tolist(), found[:, 1].tolist()) == ([1] * 90, [0] * 90)
    assert len(mixed(channel(), channel([], []))) == 0


def test_the_same_speech_on_two_hops_is_heard_once() -> None:
    found = mixed(channel([piece(0, 100, 1)], [piece(3, 100, 2)]), channel())
    assert found[:, 0].tolist() == [1] * 100 + [2] * 3


def test_an_announcement_before_the_answer_fills_what_the_talk_leaves() -> None:
    talk, announcement = [piece(60, 50, 1)], [piece(0, 70, 2)]
    assert mixed(channel(talk, announcement), channel())[:, 0].tolist() == [2] * 60 + [1] * 50


def test_silence_within_the_preferred_voice_stays_silence_where_it_speaks_zeros() -> None:
    found = mixed(channel([piece(0, 10, 0)], [piece(0, 10, 9)]), channel())
    assert found[:, 0].tolist() == [0] * 10


def test_a_long_pause_is_silence_of_its_length() -> None:
    found = mixed(channel([piece(0, 1), piece(10 * CHUNK + 7, 1)]), channel())
    assert np.flatnonzero(found[:, 0]).tolist() == [0, 10 * CHUNK + 7]
    assert len(found) == 10 * CHUNK + 8


def test_a_recording_that_fills_its_last_chunk_exactly_has_no_empty_one_behind() -> None:
    chunks = list(mix(channel([piece(0, 2 * CHUNK)]), channel(), RATE))
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK]


def test_voices_are_read_only_as_far_as_they_are_needed() -> None:
    """So that an hour of speech never lies in memory."""
    read: list[int] = []

    def endless() -> Iterator[Piece]:
        place = 0
        while True:
            read.append(place)
            yield piece(place, 15)
            place += 15

    chunks = mix(Channel([endless()]), Channel([endless()]), RATE)
    for count in range(1, 6):
        next(chunks)
        assert max(read) <= count * CHUNK + 15


def test_a_channel_tells_where_it_begins_until_nothing_is_left() -> None:
    both = channel([piece(50, 10)], [piece(20, 5)])
    assert both.begins_at() == 20
    out, reach = both.fill(20, 35)
    assert (reach, out.tolist()) == (35, [1] * 5 + [0] * 25 + [1] * 5)
    assert both.begins_at() == 55
    both.fill(55, 100)
    assert both.begins_at() is None


@given(voices(), st.lists(st.integers(-80, 400), max_size=6, unique=True))
def test_without_its_spans_a_voice_is_silent_there_and_the_same_elsewhere(said: list[list[Piece]], edges: list[int]) -> None:
    places = sorted(edges[: len(edges) // 2 * 2])
    spans = list(zip(places[::2], places[1::2], strict=True))
    for voice in said:
        wanted = reference([voice], -100, 1000)
        for begin, end in spans:
            wanted[begin + 100 : end + 100] = 0
        left = list(without(iter(voice), spans))
        assert all(len(each.samples) for each in left)
        assert np.array_equal(reference([left], -100, 1000), wanted)


def test_what_was_interpolated_is_heard_only_where_nobody_was_and_counted() -> None:
    made = Piece(10, np.full(10, 9, np.int16), made=True)
    one = channel([piece(0, 10), made, piece(20, 10)], [piece(14, 6, 5)])
    found, reach = one.fill(0, CHUNK)
    assert found[:30].tolist() == [1] * 10 + [9] * 4 + [5] * 6 + [1] * 10
    assert (reach, one.concealed) == (30, 4)


def test_what_was_interpolated_across_two_chunks_is_counted_once() -> None:
    one = channel([piece(0, CHUNK - 2), Piece(CHUNK - 2, np.full(4, 9, np.int16), made=True), piece(CHUNK + 2, 5)])
    assert [len(np.flatnonzero(one.fill(begin, CHUNK)[0] == 9)) for begin in (0, CHUNK)] == [2, 2]
    assert one.concealed == 4
