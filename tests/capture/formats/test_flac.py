"""FLAC keeps every sample, for evidence, and is what other tools take for FLAC."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, cast

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.keys import Identity
from appliance.sealed import SealedReader, SealingFile
from capture.formats import FormatError, Stereo, flac

KEY = Identity.new("k")


def recorded(samples: Stereo, rate: int, sizes: list[int]) -> bytes:
    """The clear bytes of a recording that was sealed while it was written."""
    sealed = io.BytesIO()
    file = SealingFile(sealed, [KEY.recipient])
    encoder = flac.encoder(cast(IO[bytes], file), rate, 24)
    for begin, end in zip(np.cumsum([0, *sizes]).tolist(), [*np.cumsum(sizes).tolist(), len(samples)], strict=True):
        encoder.write(samples[begin:end])
    encoder.close()
    file.close()
    return SealedReader(io.BytesIO(sealed.getvalue()), [KEY]).readall() or b""


def decoded(data: bytes) -> tuple[int, Stereo]:
    rate, pieces = flac.decode(io.BytesIO(data))
    return rate, np.concatenate(list(pieces))


@settings(max_examples=30)
@given(
    st.sampled_from([8000, 16000, 48000]), st.integers(1, 20_000), st.lists(st.integers(0, 4000), max_size=5), st.integers(0, 99)
)
def test_every_sample_comes_back_through_the_seal(rate: int, count: int, sizes: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).integers(-32768, 32767, (count, 2), dtype=np.int16, endpoint=True)
    sizes = [size for place, size in enumerate(sizes) if sum(sizes[: place + 1]) <= count]
    told, found = decoded(recorded(samples, rate, sizes))
    assert told == rate
    assert np.array_equal(found, samples)


def test_ffmpeg_reads_the_same_samples_and_length(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).integers(-9000, 9000, (8000 * 20 + 13, 2), dtype=np.int16)
    file = tmp_path / "x.flac"
    file.write_bytes(recorded(samples, 8000, [32_000, 32_000]))
    with av.open(str(file)) as container:
        stream = container.streams.audio[0]
        assert (stream.rate, stream.channels, stream.codec_context.name) == (8000, 2, "flac")
        assert stream.duration == len(samples)
        found = np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in container.decode(audio=0)])
    assert np.array_equal(found, samples)


def test_speech_takes_less_room_than_it_would_uncompressed() -> None:
    moments = np.arange(8000 * 10) / 8000
    one = (8000 * np.sin(2 * np.pi * 300 * moments) * (moments % 2 < 1)).astype(np.int16)
    data = recorded(np.stack([one, np.zeros_like(one)], axis=1), 8000, [])
    assert len(data) < len(one) * 4 // 3


def test_it_is_read_in_pieces() -> None:
    data = recorded(np.zeros((200_000, 2), np.int16), 8000, [])
    _, pieces = flac.decode(io.BytesIO(data))
    sizes = [len(piece) for piece in pieces]
    assert sum(sizes) == 200_000
    assert max(sizes) <= 1 << 16


@pytest.mark.parametrize("data", [b"", b"fLaC", b"RIFF" + bytes(40), b"\x00" * 500])
def test_what_is_no_flac_is_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        flac.decode(io.BytesIO(data))
