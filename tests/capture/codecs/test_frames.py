"""Frame by frame: each has its length whatever the decoder makes of it, and a damaged one costs only itself."""

from __future__ import annotations

import av
import numpy as np
import pytest

from capture.codecs import CodecError
from capture.codecs._frames import Frame, FrameDecoder, mono
from capture.payloads import Encoding
from tests.bed.coders import CODERS
from tests.bed.encode import spoken

TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 8000)).astype(np.int16)


def frames() -> list[bytes]:
    return [payload[place : place + 10] for payload in CODERS[Encoding("G729", 8000)][1](TONE) for place in (0, 10)]


def test_a_frame_without_data_is_silence_of_its_length() -> None:
    assert FrameDecoder("g729", 8000).decode([Frame(b"", 80), Frame(b"", 7)]).tolist() == [0] * 87


def test_a_frame_is_cut_or_filled_to_its_length() -> None:
    coded = frames()[0]
    whole = FrameDecoder("g729", 8000).decode([Frame(coded, 80)])
    assert FrameDecoder("g729", 8000).decode([Frame(coded, 50)]).tolist() == whole[:50].tolist()
    assert FrameDecoder("g729", 8000).decode([Frame(coded, 100)]).tolist() == whole.tolist() + [0] * 20


def test_a_frame_that_is_refused_is_silence_and_the_next_is_heard() -> None:
    coded = [Frame(data, 80) for data in frames()]
    found = FrameDecoder("g729", 8000).decode([*coded[:20], Frame(b"x", 80), *coded[20:]])
    assert len(found) == 80 * (len(coded) + 1)
    assert not found[20 * 80 : 21 * 80].any()
    assert found[30 * 80 :].std() > 4000


def test_nothing_but_refused_frames_is_an_error() -> None:
    with pytest.raises(CodecError, match="none of 2 frames could be decoded"):
        FrameDecoder("g729", 8000).decode([Frame(b"x", 80), Frame(b"y", 80), Frame(b"", 80)])


@pytest.mark.parametrize("form", ["s16", "s16p", "flt", "fltp"])
def test_several_channels_are_averaged_in_any_form(form: str) -> None:
    left, right = np.array([1000, -32768, 32767, 0], np.int16), np.array([3000, -32768, 32767, -2], np.int16)
    table = np.stack([left, right])
    if form.startswith("flt"):
        table = (table / 32768).astype(np.float32)
    packed = table if form.endswith("p") else np.ascontiguousarray(table.T).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format=form, layout="stereo")
    assert mono(frame).tolist() == [2000, -32768, 32767, -1]


def test_what_is_no_number_is_silence() -> None:
    frame = av.AudioFrame.from_ndarray(np.array([[np.nan, np.inf, -np.inf, 9.0]], np.float32), format="flt", layout="mono")
    assert mono(frame).tolist() == [0, 32767, -32768, 32767]


def test_resampled_speech_is_what_the_coders_are_given() -> None:
    assert len(spoken(TONE, 8000, 16000)) == pytest.approx(2 * len(TONE), abs=64)
