"""Opus keeps the exact length and the sound, at the bit rate that was asked for, and is what other tools take for Opus."""

from __future__ import annotations

import io
from typing import IO, cast

import av
import numpy as np
import pytest

from appliance.keys import Identity
from appliance.sealed import SealedReader, SealingFile
from capture.formats import FormatError, Stereo, opus

KEY = Identity.new("k")
RATES = [8000, 16000]


def recorded(samples: Stereo, rate: int, kilobits: int = 24, piece: int = 32_000, complexity: int = 10) -> bytes:
    """The clear bytes of a recording that was sealed while it was written."""
    sealed = io.BytesIO()
    file = SealingFile(sealed, [KEY.recipient])
    encoder = opus.encoder(cast(IO[bytes], file), rate, kilobits, complexity)
    for place in range(0, len(samples), piece):
        encoder.write(samples[place : place + piece])
    encoder.close()
    file.close()
    return SealedReader(io.BytesIO(sealed.getvalue()), [KEY]).readall() or b""


def decoded(data: bytes) -> Stereo:
    rate, pieces = opus.decode(io.BytesIO(data))
    assert rate == 48_000
    return np.concatenate(list(pieces))


def voice(rate: int, seconds: float, seed: int = 1) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A buzz through two resonances that comes and goes: near enough to speech for a speech codec."""
    moments = np.arange(round(seconds * rate)) / rate
    pitch = 110 + 15 * np.sin(2 * np.pi * 0.7 * moments + seed)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    buzz = sum(np.sin(k * phase) / k * (1 + 2 * np.exp(-(((110 * k - 500) / 200) ** 2))) for k in range(1, 25))
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = 3000 * buzz * (0.55 + 0.45 * np.sin(2 * np.pi * 2.2 * moments + seed))
    return found


def talk(rate: int, seconds: float) -> Stereo:
    return np.stack([voice(rate, seconds), voice(rate, seconds, 2) * 0.5], axis=1).astype(np.int16)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("count", [1, 159, 160, 4007, 8000 * 3 + 1])
def test_the_length_is_exact_to_the_sample(rate: int, count: int) -> None:
    assert len(decoded(recorded(talk(rate, 4)[:count], rate))) == count * 48_000 // rate


@pytest.mark.parametrize("rate", RATES)
def test_what_was_said_is_heard_at_its_place(rate: int) -> None:
    samples = talk(rate, 6)
    found = decoded(recorded(samples, rate))[:: 48_000 // rate].astype(float)
    for side in (0, 1):
        best: dict[int, float] = {
            shift: np.corrcoef(np.roll(found[:, side], shift)[rate:-rate], samples[rate:-rate, side])[0, 1]
            for shift in range(-8, 9)
        }
        assert max(best.values()) > 0.95
        assert abs(max(best.items(), key=lambda pair: pair[1])[0]) <= 1
        assert np.sqrt((found[:, side] ** 2).mean()) == pytest.approx(
            np.sqrt((samples[:, side].astype(float) ** 2).mean()), rel=0.1
        )


def test_pieces_of_any_size_make_the_same_file_length_and_sound() -> None:
    samples = talk(8000, 3)
    assert np.array_equal(decoded(recorded(samples, 8000, piece=777)), decoded(recorded(samples, 8000)))


def test_the_bit_rate_follows_what_was_asked_for() -> None:
    samples, seconds = talk(16_000, 10), 10
    rates = {kilobits: len(recorded(samples, 16_000, kilobits)) * 8 / 1000 / seconds for kilobits in (12, 24, 48)}
    assert rates[12] < rates[24] < rates[48]
    assert all(0.4 * asked < found < 2 * asked for asked, found in rates.items())


@pytest.mark.parametrize("rate", RATES)
def test_every_effort_gives_the_same_length_and_the_sound(rate: int) -> None:
    samples, sounds = talk(rate, 3), set()
    for complexity in (0, 5, 10):
        found = decoded(recorded(samples, rate, complexity=complexity))
        sounds.add(found.tobytes())
        assert len(found) == len(samples) * 48_000 // rate
        assert np.corrcoef(found[:: 48_000 // rate, 0], samples[:, 0])[0, 1] > 0.9
    assert len(sounds) == 3, "the effort reaches the encoder"


def test_ffmpeg_takes_it_for_opus_in_ogg() -> None:
    with av.open(io.BytesIO(recorded(talk(8000, 2), 8000))) as container:
        stream = container.streams.audio[0]
        assert container.format.name == "ogg"
        assert (stream.codec_context.name, stream.channels, stream.rate) == ("opus", 2, 48_000)
        assert stream.duration is not None


@pytest.mark.parametrize("data", [b"", b"OggS", b"OggS" + bytes(200), b"fLaC" + bytes(60)])
def test_what_is_no_ogg_is_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        opus.decode(io.BytesIO(data))


def test_ogg_without_audio_is_a_format_error() -> None:
    data = bytearray(recorded(talk(8000, 1), 8000))
    place = data.index(b"OpusHead")
    data[place : place + 8] = b"Nonsense"
    with pytest.raises(FormatError):
        list(opus.decode(io.BytesIO(bytes(data)))[1])
