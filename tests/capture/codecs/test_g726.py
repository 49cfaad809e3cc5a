"""G.726 in both packings and four rates: the first sample lies in the lowest or the highest bits of an octet."""

from __future__ import annotations

from functools import cache

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from capture.codecs import g726
from capture.codecs._stream import StreamDecoder
from capture.payloads import Encoding
from tests import needs
from tests.bed import speech
from tests.bed.coders import CODERS
from tests.bed.encode import spoken
from tests.bed.payloads import payloads_of

RATES = (16, 24, 32, 40)
SAID = (
    "I would like to order twelve boxes of the green tea, please.",
    "はい、来週の火曜日の午後三時でお願いします。ありがとうございました。",
)
MOMENTS = np.arange(10 * 8000) / 8000
OTHER_SOUNDS = {
    "a tone": 8000 * np.sin(2 * np.pi * 440 * MOMENTS),
    "a tone in step with the groups": 8000 * np.sin(2 * np.pi * 1000 * MOMENTS + 0.3),
    "a tone in step with the pairs": 8000 * np.sin(2 * np.pi * 2000 * MOMENTS + 0.3),
    "a whistle": 8000 * np.sin(2 * np.pi * 3400 * MOMENTS),
    "keys": (5000 * np.sin(2 * np.pi * 941 * MOMENTS) + 5000 * np.sin(2 * np.pi * 1336 * MOMENTS)) * (MOMENTS % 0.2 < 0.1),
    "music": sum(2500 * np.sin(2 * np.pi * hz * MOMENTS) * (1 + np.sin(hz * MOMENTS / 40)) for hz in (262, 330, 392, 523)),
    "noise": np.random.default_rng(1).normal(0, 3000, len(MOMENTS)),
    "the line": np.random.default_rng(2).normal(0, 20, len(MOMENTS)),
    "silence": 0 * MOMENTS,
}
TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype(np.int16)


@pytest.mark.parametrize(("rate", "sizes", "units"), [(16, [1, 40], [4, 160]), (24, [3, 60, 61, 2], [8, 160, 160, 0]),
    (32, [1, 80], [2, 160]), (40, [5, 100, 104, 4], [8, 160, 160, 0])])  # fmt: skip
@pytest.mark.parametrize("packing", ["", "AAL2-"])
def test_only_whole_groups_of_samples_count(packing: str, rate: int, sizes: list[int], units: list[int]) -> None:
    encoding = Encoding(f"{packing}G726-{rate}", 8000)
    payloads = payloads_of([bytes(size) for size in sizes])
    assert g726.units(payloads, encoding).tolist() == units
    assert len(g726.Decoder(encoding).decode(payloads)) == sum(units)


def swapped(payload: bytes) -> bytes:
    return bytes((octet >> 4) | (octet << 4 & 0xF0) for octet in payload)


def test_the_two_packings_of_32_kilobits_differ_in_the_order_of_half_octets() -> None:
    rfc, aal2 = Encoding("G726-32", 8000), Encoding("AAL2-G726-32", 8000)
    payloads = CODERS[rfc][1](TONE)
    assert [swapped(payload) for payload in payloads] == CODERS[aal2][1](TONE)
    found = g726.Decoder(aal2).decode(payloads_of([swapped(payload) for payload in payloads]))
    assert np.array_equal(found, g726.Decoder(rfc).decode(payloads_of(payloads)))


def by_ffmpeg(aal2: bool, rate: int, payloads: list[bytes]) -> NDArray[np.int16]:
    """The sound of one packing, whatever was announced."""

    def prepare(context: av.AudioCodecContext) -> None:
        context.options = {"bits_per_coded_sample": str(rate // 8)}

    return StreamDecoder("g726" if aal2 else "g726le", 8000, prepare).decode(b"".join(payloads))


def announced(aal2: bool, rate: int) -> Encoding:
    return Encoding(f"{'AAL2-' if aal2 else ''}G726-{rate}", 8000)


def sent(aal2: bool, rate: int, sound: NDArray[np.float64]) -> list[bytes]:
    return CODERS[announced(aal2, rate)][1](np.clip(sound, -32768, 32767).astype(np.int16))


@cache
def talkers() -> list[NDArray[np.float64]]:
    """Ten seconds each of two voices in two languages."""
    found = []
    for text in SAID:
        for high in (False, True):
            said = spoken(speech.say(text, high=high), speech.RATE, 8000).astype(float)
            found.append(np.resize(said, 10 * 8000))
    return found


@needs.program("espeak-ng", "sox")
@pytest.mark.parametrize("aal2", [False, True])
@pytest.mark.parametrize("rate", RATES)
def test_a_packing_that_was_announced_rightly_is_never_changed(aal2: bool, rate: int) -> None:
    noise = np.random.default_rng(3).normal(0, 60, 10 * 8000)
    sounds = [talk * level + hiss for talk in talkers() for level in (1.0, 0.1, 0.01) for hiss in (0 * noise, noise)]
    for sound in [*sounds, *OTHER_SOUNDS.values()]:
        payloads = sent(aal2, rate, sound)
        decoder = g726.Decoder(announced(aal2, rate))
        found = np.concatenate([decoder.decode(payloads_of(payloads[begin : begin + 25])) for begin in range(0, len(payloads), 25)])
        assert np.array_equal(found, by_ffmpeg(aal2, rate, payloads))


@needs.program("espeak-ng", "sox")
@pytest.mark.parametrize("aal2", [False, True])
@pytest.mark.parametrize("rate", RATES)
def test_a_packing_that_was_announced_wrongly_is_found_in_clear_speech(aal2: bool, rate: int) -> None:
    """From the first sample on, where ten seconds come at once, as at rendering."""
    right = 0
    for talk in talkers():
        payloads = sent(aal2, rate, talk)
        found = g726.Decoder(announced(not aal2, rate)).decode(payloads_of(payloads))
        right += np.array_equal(found, by_ffmpeg(aal2, rate, payloads))
    assert right >= 3, "of four"


@needs.program("espeak-ng", "sox")
def test_a_listener_hears_the_right_packing_after_some_seconds_and_to_the_end() -> None:
    payloads = sent(True, 40, np.resize(talkers()[0], 60 * 8000))
    decoder = g726.Decoder(announced(False, 40))
    found = np.concatenate([decoder.decode(payloads_of(payloads[begin : begin + 25])) for begin in range(0, len(payloads), 25)])
    expected = by_ffmpeg(True, 40, payloads)
    assert np.array_equal(found[6 * 8000 :], expected[6 * 8000 :])
    assert np.array_equal(found[: 3 * 8000], by_ffmpeg(False, 40, payloads)[: 3 * 8000]), "nothing is decided in a hurry"
