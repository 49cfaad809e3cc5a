"""A decoder of a codec without frames takes any run of octets, and an empty one is not the end."""

from __future__ import annotations

import numpy as np
import pytest

from capture.codecs import CodecError
from capture.codecs._stream import StreamDecoder


def test_runs_of_any_length_are_one_stream() -> None:
    data = bytes(range(256)) * 3
    one, many = StreamDecoder("g722", 16000), StreamDecoder("g722", 16000)
    pieces = [many.decode(data[begin : begin + 100]) for begin in range(0, len(data), 100)]
    assert np.array_equal(np.concatenate(pieces), one.decode(data))


def test_nothing_is_not_the_end_of_the_stream() -> None:
    decoder = StreamDecoder("g722", 16000)
    assert len(decoder.decode(b"")) == 0
    assert len(decoder.decode(b"x" * 80)) == 160


def test_what_ffmpeg_refuses_is_a_codec_error() -> None:
    decoder = StreamDecoder("g729", 8000)
    with pytest.raises(CodecError, match="g729: "):
        decoder.decode(b"x")
