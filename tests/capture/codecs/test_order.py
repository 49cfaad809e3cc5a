"""Of two decodings of the same octets the one that is speech is told from the one that is noise, and nothing is told in a hurry."""

from __future__ import annotations

import numpy as np
import pytest

from capture.codecs._order import FRAME, LEAST, MOST, Order

RANDOM = np.random.default_rng(1)
NOISE = RANDOM.normal(0, 2000, FRAME * MOST).astype(np.int16)
BUZZ = np.sum([3000 * np.sin(2 * np.pi * 120 * k * np.arange(len(NOISE)) / 8000) / k for k in range(1, 20)], 0).astype(np.int16)
SILENCE = np.zeros_like(NOISE)


def heard(
    told: np.ndarray[tuple[int], np.dtype[np.int16]], other: np.ndarray[tuple[int], np.dtype[np.int16]], frames: int
) -> Order:
    order = Order(0.5)
    for place in range(0, frames * FRAME, 10 * FRAME):
        order.hear(told[place : place + 10 * FRAME], other[place : place + 10 * FRAME])
    return order


def test_the_other_order_is_speech_where_the_announced_one_is_noise() -> None:
    assert not heard(NOISE, BUZZ, LEAST - 10).other_is_speech, "not in a hurry"
    assert heard(NOISE, BUZZ, LEAST).other_is_speech


@pytest.mark.parametrize(
    ("told", "other"), [(BUZZ, NOISE), (NOISE, NOISE[::-1]), (BUZZ, BUZZ), (SILENCE, SILENCE), (BUZZ, SILENCE)]
)
def test_in_doubt_the_announcement_is_believed(
    told: np.ndarray[tuple[int], np.dtype[np.int16]], other: np.ndarray[tuple[int], np.dtype[np.int16]]
) -> None:
    assert not heard(told, other, MOST).other_is_speech


def test_what_is_loud_counts() -> None:
    """Long pauses before and between say nothing."""
    pauses = np.tile(np.repeat([0, 1], 40 * FRAME), 20)[: len(NOISE)].astype(np.int16)
    assert heard(NOISE * pauses, BUZZ * pauses, LEAST * 2).other_is_speech


def test_after_half_a_minute_it_is_over() -> None:
    assert not heard(BUZZ, NOISE, MOST - 10).is_over
    assert heard(BUZZ, NOISE, MOST).is_over


def test_runs_shorter_than_a_frame_say_nothing() -> None:
    order = Order(0.5)
    for _ in range(1000):
        order.hear(NOISE[: FRAME - 1], BUZZ[: FRAME - 1])
    assert not order.other_is_speech
