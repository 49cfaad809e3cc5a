"""A short gap sounds like its surroundings, joins them without a click, and is never louder than they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.conceal import CONTEXT_S, MOST_S, conceal
from tests import needs
from tests.bed.sound import spoken


def voiced(rate: int, hertz: float, seconds: float = 0.5) -> np.ndarray:
    place = np.arange(round(seconds * rate)) / rate
    return np.rint(sum(4000 / n * np.sin(2 * np.pi * hertz * n * place + n) for n in range(1, 6))).astype(np.int16)


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("hertz", [80, 123, 210, 390])
@pytest.mark.parametrize("lost", [0.01, 0.02, 0.04, 0.06])
def test_a_voice_goes_on_at_its_pitch(rate: int, hertz: float, lost: float) -> None:
    sound, begin, length = voiced(rate, hertz), rate // 5, round(lost * rate)
    context = round(CONTEXT_S * rate)
    made = conceal(sound[begin - context : begin], sound[begin + length :], length, rate)
    missing = sound[begin : begin + length].astype(float)
    silence = np.mean(missing**2)
    assert np.mean((made - missing) ** 2) < 0.35 * silence
    joined = np.concatenate([sound[:begin], made, sound[begin + length :]]).astype(float)
    steepest = np.abs(np.diff(sound.astype(float))).max()
    assert np.abs(np.diff(joined))[[begin - 1, begin + length - 1]].max() < 2.5 * steepest


@needs.program("espeak-ng", "sox")
def test_speech_with_short_losses_is_nearer_to_what_was_said_than_with_holes() -> None:
    sound = np.rint(spoken()[:800000]).astype(np.int16)
    context, better, wrong, holes = 280, 0, 0.0, 0.0
    begins = [begin for begin in range(4000, len(sound) - 4000, 4000) if np.abs(sound[begin - 160 : begin + 320]).max() > 1000]
    for begin in begins:
        said = sound[begin : begin + 160].astype(float)
        made = conceal(sound[begin - context : begin], sound[begin + 160 : begin + 160 + context], 160, 8000)
        error, hole = float(np.sum((made - said) ** 2)), float(np.sum(said**2))
        wrong, holes, better = wrong + error, holes + hole, better + (error < hole)
    assert len(begins) > 100
    assert wrong < 0.7 * holes
    assert better > 0.7 * len(begins)


@given(
    before=st.lists(st.integers(-32768, 32767), max_size=400), after=st.lists(st.integers(-32768, 32767), max_size=400),
    length=st.integers(0, round(MOST_S * 8000)),
)  # fmt: skip
def test_any_surroundings_give_its_length_and_no_more_than_their_level(before: list[int], after: list[int], length: int) -> None:
    made = conceal(np.array(before, np.int16), np.array(after, np.int16), length, 8000)
    assert len(made) == length
    assert np.abs(made.astype(int)).max(initial=0) <= max(map(abs, [*before, *after, 0])) + 1


def test_where_nothing_is_known_there_is_silence() -> None:
    empty, sound = np.empty(0, np.int16), voiced(8000, 120)
    assert not conceal(empty, empty, 160, 8000).any()
    fading = np.abs(conceal(sound[:280], empty, 480, 8000).astype(int))
    assert fading[:100].max() > 3 * fading[-100:].max()
