"""Every key is heard as ITU-T Q.23 and Q.24 demand it, through codecs and noise; speech, music and the exchange's own tones are no keys."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from capture.codecs import Payloads, by_encoding
from capture.payloads import Encoding
from capture.tones import GRID, HIGH, LOW, Tone, Tones
from tests import needs
from tests.bed.coders import CODERS
from tests.bed.sound import pressed, spoken, whole
from tests.bed.speech import say

ALL = GRID * 2
HARSH = {"GSM", "G729"}
"""Which blur keys of 50 ms so much that one in twenty is not heard."""


def heard(sound: NDArray[np.floating], rate: int = 8000, chunk: int = 32000) -> list[Tone]:
    samples, ear = whole(sound), Tones(rate)
    for begin in range(0, len(samples), chunk):
        ear.hear(samples[begin : begin + chunk])
    return ear.finish()


def keys(sound: NDArray[np.floating], rate: int = 8000) -> str:
    return "".join(tone.key for tone in heard(sound, rate))


def noisy(sound: NDArray[np.floating], decibels: float) -> NDArray[np.floating]:
    power = np.mean(sound[sound != 0] ** 2) / 10 ** (decibels / 10)
    return sound + np.random.default_rng(1).normal(0, np.sqrt(power), len(sound))


@pytest.mark.parametrize("rate", [8000, 12000, 16000, 24000, 48000])
@pytest.mark.parametrize("off", [(0, 0), (0.015, 0.015), (-0.015, 0.015), (0.015, -0.015), (-0.015, -0.015)])
def test_every_key_is_heard_at_the_edges_of_what_is_allowed(rate: int, off: tuple[float, float]) -> None:
    for level, twist in ((-4, 0), (-10, 4), (-10, -8), (-25, 0), (-25, 4), (-17, -8)):
        sound = pressed(ALL, 0.04, 0.04, rate, level=level, twist=twist, off=off)
        assert keys(sound, rate) == ALL, (level, twist)
        assert keys(noisy(sound, 15), rate) == ALL, (level, twist, "noise")


@pytest.mark.parametrize("off", [0.035, -0.035, 0.045, -0.06])
def test_what_is_off_in_either_tone_is_no_key(off: float) -> None:
    for both in ((off, 0.0), (0.0, off), (off, off)):
        assert keys(pressed(ALL, 0.1, 0.05, off=both)) == ""


def test_a_tone_of_20_ms_is_no_key_and_a_break_of_10_ms_ends_none() -> None:
    assert keys(pressed("5" * 20, 0.02, 0.05)) == ""
    sound = pressed("5", 0.5, 0.1)
    sound[len(sound) // 2 : len(sound) // 2 + 80] = 0
    assert keys(sound) == "5"
    assert keys(pressed("5555", 0.04, 0.04)) == "5555"


@pytest.mark.parametrize("twist", [11, -14])
def test_a_twist_beyond_all_sense_is_no_key(twist: float) -> None:
    assert keys(pressed(ALL, 0.1, 0.1, level=-20, twist=twist)) == ""


def test_a_key_lies_where_it_sounds() -> None:
    (tone,) = heard(np.concatenate([np.zeros(8123), pressed("7", 0.2, 0.3)]), chunk=1000)
    assert abs(tone.begin - (8123 + 800)) <= 80  # pressed() leads with 100 ms of silence
    assert abs(tone.end - (8123 + 800 + 1600)) <= 80


@pytest.mark.parametrize("encoding", [one for one in CODERS if one.name not in ("G723", "L16")], ids=str)
def test_keys_are_heard_through_every_codec(encoding: Encoding) -> None:
    rate, coder = CODERS[encoding]
    for length in (0.1,) if encoding.name in HARSH else (0.05, 0.1):
        payloads = coder(whole(pressed(ALL, length, length, rate, level=-15, twist=-2)))
        size = np.array([len(payload) for payload in payloads])
        coded = Payloads(np.frombuffer(b"".join(payloads), np.uint8), np.cumsum(size) - size, size)
        samples = by_encoding()[encoding.name].Decoder(encoding).decode(coded)
        assert keys(samples.astype(float), rate) == ALL


@pytest.mark.parametrize("pitch", [1.0, 1.04, 1.15])
@needs.program("espeak-ng")
def test_ten_minutes_of_speech_hold_no_key(pitch: float) -> None:
    sound = spoken()
    assert len(sound) > 600 * 8000
    places = np.arange(int(len(sound) / pitch)) * pitch
    assert heard(np.interp(places, np.arange(len(sound)), sound)) == []


def test_japanese_speech_holds_no_key() -> None:
    text = "お電話ありがとうございます。本日はどのようなご用件でしょうか。請求書の件で確認したいことがございます。ああ、うん、ええ、おお。"
    for high in (False, True):
        assert heard(say(text * 4, high=high).astype(float), 16000) == []


EXCHANGE = {
    "dial": (350, 440), "ringback": (440, 480), "busy": (480, 620), "Japan": (400,), "Japan ringback": (400, 416, 384),
    "CNG": (1100,), "CED": (2100,), "V.21": (980, 1180), "information": (950, 1400, 1800), "milliwatt": (1004,), "low alone": (697,),
    "high alone": (1336,), "two low": (697, 770), "two high": (1209, 1336), "a third tone": (770, 1336, 2000),
}  # fmt: skip


@pytest.mark.parametrize("tones", EXCHANGE.values(), ids=EXCHANGE)
def test_the_exchanges_own_tones_are_no_keys(tones: tuple[int, ...]) -> None:
    place = np.arange(40000) / 8000
    sound = sum((6000 * np.sin(2 * np.pi * hertz * place) for hertz in tones), np.zeros(len(place)))
    assert heard(sound) == []
    assert heard(sound * (np.arange(40000) // 4000 % 2)) == []


def test_music_holds_no_key() -> None:
    chance, place = np.random.default_rng(2), np.arange(8000 * 300) / 8000
    sound = np.zeros(len(place))
    for begin in range(0, len(place), 2000):
        part = slice(begin, begin + 2000)
        for note in 440 * 2 ** (chance.integers(-24, 25, 3) / 12):
            for overtone in range(1, 5):
                if note * overtone < 4000:
                    sound[part] += 4000 / overtone * np.sin(2 * np.pi * note * overtone * place[part])
    assert heard(sound) == []


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(1, 3000), min_size=1, max_size=8), rate=st.sampled_from([8000, 16000, 48000]))
def test_it_does_not_matter_how_the_sound_is_cut(cuts: list[int], rate: int) -> None:
    samples = whole(noisy(pressed("159D", 0.06, 0.05, rate), 20))
    ear, place, turn = Tones(rate), 0, 0
    while place < len(samples):
        ear.hear(samples[place : place + cuts[turn % len(cuts)]])
        place, turn = place + cuts[turn % len(cuts)], turn + 1
    assert ear.finish() == heard(samples.astype(float), rate)


@given(st.binary(max_size=20000))
def test_any_sound_is_listened_to(data: bytes) -> None:
    samples = np.frombuffer(data[: len(data) // 2 * 2], np.int16)
    found = heard(samples.astype(float), chunk=777)
    assert all(0 <= tone.begin < tone.end and tone.key in GRID for tone in found)


def test_the_memory_is_bounded() -> None:
    ear, silence, loud = Tones(8000), np.zeros(32000, np.int16), whole(pressed("5", 4.0, 0.0))
    for chunk in [silence] * 20 + [loud] * 20:
        ear.hear(chunk)
        assert len(ear._held) < 8000
        assert ear._run is None or len(ear._run.drifts) <= 64


def test_the_table_is_that_of_the_recommendation() -> None:
    assert {(LOW[place // 4], HIGH[place % 4]): key for place, key in enumerate(GRID)}[852, 1633] == "C"
    assert sorted(GRID) == sorted("0123456789*#ABCD")
