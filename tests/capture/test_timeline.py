"""Packets on the clock: jitter, stalls, loss and doubles move nothing, a drifting sender is followed, and slices change nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.moments import SECOND
from capture.index import Packets
from capture.timeline import HELD_BACK, MAX_DROPOUT, MAX_MISORDER, WINDOW, Counts, Timeline

ORIGIN = 1_790_000_000 * SECOND
CLOCK = 8000
MS = CLOCK // 1000
STEP = 160


class Row(NamedTuple):
    """A packet as it was captured: its time in seconds from the origin, and what its header says."""

    at: float
    sequence: int
    timestamp: int
    marker: bool = False
    kind: int = 0


class Result(NamedTuple):
    """Everything that a timeline gave out."""

    position: list[int]
    at: list[int]
    sequence: list[int]
    counts: Counts


def table(rows: Sequence[Row]) -> Packets:
    ints = np.array(
        [(ORIGIN + round(row.at * SECOND), row.sequence % 2**16, row.timestamp % 2**32, row.kind) for row in rows], dtype=np.int64
    ).reshape(-1, 4)
    size = np.ones(len(rows), np.int64)
    start = np.arange(len(rows), dtype=np.int64)
    marker = np.array([row.marker for row in rows], dtype=np.bool_)
    return Packets(ints[:, 0], ints[:, 1], ints[:, 2], ints[:, 3], marker, start, size, (ints[:, 2] % 251).astype(np.uint8))


def run(rows: Sequence[Row], cuts: Iterable[int] = (), clock: int = CLOCK) -> Result:
    """The rows in the order of capture, in slices."""
    packets, line = table(rows), Timeline(clock=clock, origin=ORIGIN)
    edges = [0, *sorted(cuts), len(rows)]
    slices = [packets.pick(slice(begin, end)) for begin, end in pairwise(edges)]
    placed = [line.place(part) for part in slices] + [line.place(table([]), final=True)]
    given = [part for part in placed if part is not None]
    for part in given:  # the bytes still belong to their rows
        assert np.array_equal(part.packets.data[part.packets.start], part.packets.timestamp % 251)
    position = [int(number) for part in given for number in part.position]
    at = [int(number) for part in given for number in part.packets.at]
    sequence = [int(number) for part in given for number in part.sequence]
    return Result(position, at, sequence, line.counts)


def steady(count: int, *, first: int = 0, begin: float = 0.0, step: int = STEP, clock: int = CLOCK) -> list[Row]:
    """Packets that come as they were sent, without delay."""
    return [Row(begin + n * step / clock, first + n, 7000 + (first + n) * step) for n in range(count)]


def expected(count: int, step: int = STEP) -> list[int]:
    return [n * step for n in range(count)]


def delayed(rows: Sequence[Row], delays: Sequence[float]) -> list[Row]:
    """The rows in the order in which they arrive after these delays."""
    late = [row._replace(at=row.at + delay) for row, delay in zip(rows, delays, strict=True)]
    return sorted(late, key=lambda row: row.at)


def test_a_steady_stream_lies_where_it_was_captured() -> None:
    found = run(steady(500, begin=2.5))
    assert found.position == [n * STEP + 2500 * MS for n in range(500)]
    assert found.counts == Counts(packets=500)


@pytest.mark.parametrize(("clock", "step"), [(8000, 240), (16000, 320), (48000, 960), (90000, 1800)])
def test_every_clock_and_packet_time_is_followed(clock: int, step: int) -> None:
    assert run(steady(300, step=step, clock=clock), clock=clock).position == expected(300, step)


@given(st.randoms(use_true_random=True), st.floats(0.0, 0.19))
def test_jitter_and_reordering_move_nothing(dice: random.Random, worst: float) -> None:
    """As long as one packet of a second comes without delay."""
    rows = steady(400)
    delays = [0.0 if n % (WINDOW - 1) == 0 else dice.uniform(0, worst) for n in range(len(rows))]
    assert run(delayed(rows, delays)).position == expected(400)


@given(st.randoms(use_true_random=True), st.floats(0.0, 0.6), st.floats(0.0, 0.5))
def test_packets_shuffled_doubled_or_thinned_lie_where_they_would(dice: random.Random, doubled: float, thinned: float) -> None:
    rows = [row for n, row in enumerate(steady(400)) if n % 25 in (0, 1) or dice.random() >= thinned]
    twice = [row._replace(at=row.at + 0.001 * dice.randrange(300)) for row in rows if dice.random() < doubled]
    delays = [0.0 if n % 5 == 0 else dice.uniform(0, 0.19) for n in range(len(rows))]
    arrived = sorted([*delayed(rows, delays), *twice], key=lambda row: row.at)
    found = run(arrived)
    assert found.position == [row.sequence * STEP for row in rows]
    assert (found.counts.packets, found.counts.duplicates) == (len(rows), len(twice))
    assert found.counts.lost == rows[-1].sequence + 1 - len(rows)
    assert found.counts.restarts == 0


def stalled(rows: Sequence[Row], place: int, length: float) -> list[Row]:
    """What was sent from this row on arrives in one burst when the stall is over."""
    over = rows[place].at + length
    return [row._replace(at=max(row.at, over)) if row.at >= rows[place].at else row for row in rows]


@given(st.integers(100, 300), st.floats(0.05, 0.95), st.integers(0, 200))
def test_a_network_stall_of_up_to_a_second_moves_nothing(place: int, length: float, behind: int) -> None:
    rows = steady(place + round(length / 0.02) + behind + 1)
    assert run(stalled(rows, place, length)).position == expected(len(rows))


@pytest.mark.parametrize("length", [1.5, 5.0, 30.0])
def test_a_longer_stall_moves_by_more_than_20_ms_only_what_it_held_up(length: float) -> None:
    held = round(length / 0.02)
    rows = steady(200 + held + 200)
    found = run(stalled(rows, 200, length)).position
    wrong = np.abs(np.array(found) - expected(len(rows)))
    assert not wrong[:200].any()
    assert wrong[200 + held :].max() <= 20 * MS
    assert max(found[200 : 200 + held]) <= rows[200 + held].at * CLOCK + 1


@pytest.mark.parametrize("delay", [0.005, 0.03, 0.1, 0.19])
@pytest.mark.parametrize("last", [1, 3, 30])
def test_jitter_of_the_last_packets_moves_nothing(last: int, delay: float) -> None:
    rows = steady(200)
    arrived = [row._replace(at=row.at + delay) if n >= 200 - last else row for n, row in enumerate(rows)]
    assert run(arrived).position == expected(200)


@pytest.mark.parametrize("missing", [1, 10, 200, MAX_DROPOUT - 1])
def test_a_gap_keeps_its_place_and_length(missing: int) -> None:
    rows = [row for n, row in enumerate(steady(missing + 300)) if not 150 <= n < 150 + missing]
    found = run(rows)
    assert found.position == [row.sequence * STEP for row in rows]
    assert (found.counts.lost, found.counts.packets) == (missing, 300)


@pytest.mark.parametrize("ppm", [-200, -50, 50, 200])
def test_a_drifting_clock_is_followed_for_an_hour(ppm: int) -> None:
    rate = 1 + ppm / 1_000_000
    count = 3600 * 50
    numbers = np.arange(count)
    at = ORIGIN + np.round(numbers * 0.02 * rate * SECOND).astype(np.int64)
    line = Timeline(clock=CLOCK, origin=ORIGIN)
    nothing = np.zeros(count, np.int64)
    packets = Packets(at, numbers % 2**16, numbers * STEP % 2**32, nothing, nothing > 0, nothing, nothing, np.empty(0, np.uint8))
    parts = [line.place(packets.pick(slice(n, n + 10_000))) for n in range(0, count, 10_000)] + [line.place(table([]), final=True)]
    position = np.concatenate([part.position for part in parts if part is not None])
    true = (at - ORIGIN) * CLOCK // SECOND
    assert len(position) == count
    assert np.abs(position - true).max() <= 20 * MS + WINDOW * STEP * 200 // 1_000_000 + 1
    moved = np.flatnonzero(np.diff(position) != STEP)
    assert len(moved) <= 3600 * abs(ppm) / 1_000_000 / 0.020 + 1


def talkspurts(dice: random.Random, count: int, *, drift: float = 1.0) -> list[Row]:
    """Speech whose silence is suppressed: nothing is sent, timestamps go on, a marker says where speech begins again."""
    rows: list[Row] = []
    moment, sequence = 0.0, 0
    while len(rows) < count:
        for n in range(dice.randrange(10, 120)):
            rows.append(Row(moment * drift, sequence, round(moment * CLOCK), marker=n == 0))
            moment += 0.02
            sequence += 1
        moment += 0.02 * dice.randrange(5, 500)
    return rows[:count]


@given(st.randoms(use_true_random=True))
def test_suppressed_silence_keeps_its_length(dice: random.Random) -> None:
    rows = talkspurts(dice, 500)
    found = run(rows)
    assert found.position == [row.timestamp for row in rows]
    assert (found.counts.lost, found.counts.restarts) == (0, 0)


@given(st.randoms(use_true_random=True))
def test_drift_is_hidden_in_the_pauses_of_speech(dice: random.Random) -> None:
    rows = talkspurts(dice, 800, drift=1.0002)
    found = run(rows)
    behind = [position - row.at * CLOCK for position, row in zip(found.position, rows, strict=True)]
    assert max(map(abs, behind[:-WINDOW])) <= 4 * MS
    steps = [
        b - a - (two.timestamp - one.timestamp) for (a, b), (one, two) in zip(pairwise(found.position), pairwise(rows), strict=True)
    ]
    assert all(step == 0 or two.marker for step, (_, two) in zip(steps, pairwise(rows), strict=True))


@pytest.mark.parametrize("reset", [12345, 2**31, 2**32 - 80000])
def test_a_timestamp_that_is_set_anew_is_anchored_afresh(reset: int) -> None:
    rows = steady(400)
    anew = [row._replace(timestamp=row.timestamp + reset) if n >= 150 else row for n, row in enumerate(rows)]
    assert run(anew).position == expected(400)


@pytest.mark.parametrize("pause", [0.0, 1.0, 30.0])
@pytest.mark.parametrize("jump", [-2000, -500, 5000, 30000])
def test_a_sender_that_begins_anew_goes_on_where_it_is_heard(jump: int, pause: float) -> None:
    """Hold music, a transfer, a restart: other sequence numbers and timestamps under the same SSRC."""
    before = steady(200, first=4000)
    after = steady(200, first=4200 + jump, begin=200 * 0.02 + pause)
    after = [row._replace(timestamp=row.timestamp * 3 + 99 - 2 * row.sequence * STEP) for row in after]
    found = run([*before, *after])
    assert found.position == [*expected(200), *(n * STEP + (4000 + round(pause * 1000)) * MS for n in range(200))]
    assert (found.counts.restarts, found.counts.late, found.counts.packets) == (1, 0, 400)
    assert found.counts.lost == 0


def test_a_sender_whose_timestamp_sleeps_with_it_is_placed_when_it_is_heard() -> None:
    """Some exchanges go on after a hold as if no time had passed."""
    rows = [row._replace(at=row.at + 10.0) if n >= 200 else row for n, row in enumerate(steady(240))]
    assert run(rows).position == [*expected(200), *(n * STEP + 10_000 * MS for n in range(200, 240))]


@pytest.mark.parametrize("first", [65_400, 65_535, 0])
def test_sequence_numbers_and_timestamps_may_wrap(first: int) -> None:
    rows = [row._replace(timestamp=row.timestamp + 2**32 - 7000 - (first + 100) * STEP) for row in steady(400, first=first)]
    found = run(rows)
    assert found.position == expected(400)
    assert found.counts == Counts(packets=400)
    assert np.diff(found.sequence).tolist() == [1] * 399


def test_telephone_events_do_not_move_the_audio_around_them() -> None:
    """They repeat one timestamp while time goes on (RFC 4733 §2.5.1.2)."""
    rows = steady(300)
    events = [row._replace(timestamp=rows[100].timestamp, kind=101) if 100 <= n < 140 else row for n, row in enumerate(rows)]
    found = run(events)
    audio = [place for place, row in zip(found.position, events, strict=True) if row.kind == 0]
    assert audio == [n * STEP for n in range(300) if not 100 <= n < 140]


def test_packets_behind_the_end_of_their_slice_are_late_and_doubles_are_known() -> None:
    rows = steady(500)
    line = Timeline(clock=CLOCK, origin=ORIGIN)
    line.place(table([row for row in rows if row.sequence != 420]))
    assert line.place(table([rows[455], rows[420], rows[430]])) is None
    assert line.counts == Counts(packets=499 - HELD_BACK, duplicates=2, lost=1, late=3)


def test_what_is_held_back_is_bounded_and_given_out_at_the_end() -> None:
    line = Timeline(clock=CLOCK, origin=ORIGIN)
    assert line.place(table(steady(HELD_BACK))) is None
    one = line.place(table(steady(1, first=HELD_BACK, begin=HELD_BACK * 0.02)))
    rest = line.place(table([]), final=True)
    assert one is not None
    assert rest is not None
    assert (one.position.tolist(), len(rest.position)) == ([0], HELD_BACK)
    assert len(rest.packets.data) == HELD_BACK


def test_nothing_gives_nothing() -> None:
    assert run([]) == Result([], [], [], Counts())
    assert run(steady(1)).position == [0]


def life(dice: random.Random) -> list[Row]:
    """A stream to which everything happens: pauses, comfort noise, events, resets, restarts, stalls, jitter, loss, doubles, drift."""
    sequence, stamp, moment = dice.randrange(2**16), dice.randrange(2**32), 0.0
    step = dice.choice([160, 240, 320])
    seconds = step / CLOCK
    sent: list[Row] = []
    while len(sent) < 400:
        happening = dice.random()
        if happening < 0.006:
            sleep = dice.randrange(5, 200)
            moment, stamp = moment + sleep * seconds, stamp + sleep * step * dice.randrange(2)
        elif happening < 0.009:
            for _ in range(dice.randrange(1, 60)):
                moment, stamp, sequence = moment + 10 * seconds, stamp + 10 * step, sequence + 1
                sent.append(Row(moment, sequence, stamp, kind=13))
        elif happening < 0.012:
            held = dice.randrange(3, 60)
            sent += [Row(moment + n * seconds, sequence + n, stamp + step, n == 0, 101) for n in range(1, held + 1)]
            moment, stamp, sequence = moment + held * seconds, stamp + held * step, sequence + held
        elif happening < 0.014:
            stamp = dice.randrange(2**32)
        elif happening < 0.016:
            sequence, stamp = dice.randrange(2**16), dice.randrange(2**32)
        elif happening < 0.018:
            step = dice.choice([160, 240, 320])
            seconds = step / CLOCK
        moment, stamp, sequence = moment + seconds, stamp + step, sequence + 1
        sent.append(Row(moment, sequence, stamp, marker=happening < 0.006))
    drift, jitter, loss, doubles = (
        1 + dice.choice([0, 2e-4, -2e-4]),
        dice.choice([0, 0.005, 0.05, 0.3]),
        dice.choice([0, 0.05]),
        0.03,
    )
    stalls = [(begin, begin + dice.uniform(0.1, 1.0)) for begin in (dice.uniform(0, moment) for _ in range(dice.randrange(3)))]
    rows = []
    for row in sent:
        at = row.at * drift + dice.random() * jitter
        at = max([at, *(end for begin, end in stalls if begin <= row.at < end)])
        if dice.random() >= loss:
            rows.append(row._replace(at=at))
        if dice.random() < doubles:
            rows.append(row._replace(at=at))
    return sorted(rows, key=lambda row: row.at)


@settings(max_examples=150)
@given(st.randoms(use_true_random=True), st.integers(1, 40))
def test_slices_cut_anywhere_give_what_one_slice_gives(dice: random.Random, count: int) -> None:
    rows = life(dice)
    cuts = [dice.randrange(len(rows) + 1) for _ in range(count)]
    assert run(rows, cuts) == run(rows)


@settings(max_examples=20)
@given(st.randoms(use_true_random=True))
def test_packets_one_by_one_give_what_one_slice_gives(dice: random.Random) -> None:
    rows = life(dice)
    assert run(rows, range(1, len(rows))) == run(rows)


ROWS = st.builds(
    Row,
    st.floats(0, 100),
    st.one_of(st.integers(0, 2**16 - 1), st.integers(0, 300)),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.just(0),
)


@given(st.lists(ROWS, max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_any_packets_are_placed_once_each(rows: list[Row], cuts: list[int]) -> None:
    found = run(rows, [cut for cut in cuts if cut <= len(rows)])
    assert len(found.position) == found.counts.packets <= len(rows)
    assert found.sequence == sorted(set(found.sequence))
    assert found.counts.packets + found.counts.duplicates <= len(rows)
    assert min([found.counts.lost, found.counts.late, found.counts.restarts]) >= 0


@pytest.mark.parametrize("back", [1, 10, MAX_MISORDER])
def test_a_packet_that_is_overtaken_by_some_is_put_back_in_its_place(back: int) -> None:
    rows = steady(400)
    moved = [*rows[:200], *rows[201 : 200 + back + 1], rows[200]._replace(at=rows[200 + back].at), *rows[200 + back + 1 :]]
    found = run(moved)
    assert found.position == expected(400)
    assert found.counts == Counts(packets=400, late=1)
