"""A-law is decoded exactly as ITU-T G.711 says, and as FFmpeg does."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from capture.codecs import pcma
from capture.payloads import Encoding
from tests.bed.payloads import payloads_of

ALL = np.arange(256, dtype=np.uint8).tobytes()


def by_ffmpeg(data: bytes) -> NDArray[np.int16]:
    decoder = av.AudioCodecContext.create("pcm_alaw", "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"
    return np.concatenate([frame.to_ndarray().ravel() for frame in decoder.decode(av.Packet(data))])


def test_every_code_is_what_ffmpeg_makes_of_it() -> None:
    assert pcma.Decoder(Encoding("PCMA", 8000)).decode(payloads_of([ALL])).tolist() == by_ffmpeg(ALL).tolist()


def test_the_corner_values_are_those_of_the_standard() -> None:
    """G.711 table 1, times eight: 13 bits in 16."""
    corners = {0xD5: 8, 0x55: -8, 0xAA: 32256, 0x2A: -32256, 0xD4: 24, 0xC5: 264, 0xDA: 248, 0xF5: 528}
    assert {code: int(pcma.TABLE[code]) for code in corners} == corners


def test_the_two_signs_mirror_one_another_and_louder_codes_are_louder() -> None:
    assert np.array_equal(pcma.TABLE[:128], -pcma.TABLE[128:])
    in_order = pcma.TABLE[np.arange(128, 256) ^ 0x55].astype(int)
    assert (np.diff(in_order) > 0).all()
