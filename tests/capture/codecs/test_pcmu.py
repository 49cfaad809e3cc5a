"""µ-law is decoded exactly as ITU-T G.711 says, and as FFmpeg does."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from capture.codecs import pcmu
from capture.payloads import Encoding
from tests.bed.payloads import payloads_of

ALL = np.arange(256, dtype=np.uint8).tobytes()


def by_ffmpeg(data: bytes) -> NDArray[np.int16]:
    decoder = av.AudioCodecContext.create("pcm_mulaw", "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"
    return np.concatenate([frame.to_ndarray().ravel() for frame in decoder.decode(av.Packet(data))])


def test_every_code_is_what_ffmpeg_makes_of_it() -> None:
    assert pcmu.Decoder(Encoding("PCMU", 8000)).decode(payloads_of([ALL])).tolist() == by_ffmpeg(ALL).tolist()


def test_the_corner_values_are_those_of_the_standard() -> None:
    """G.711 table 2, times four: 14 bits in 16."""
    corners = {0x00: -32124, 0x80: 32124, 0x7F: 0, 0xFF: 0, 0x7E: -8, 0xFE: 8, 0xF0: 120, 0xEF: 132}
    assert {code: int(pcmu.TABLE[code]) for code in corners} == corners


def test_the_two_signs_mirror_one_another_and_louder_codes_are_louder() -> None:
    assert np.array_equal(pcmu.TABLE[:128], -pcmu.TABLE[128:])
    assert (np.diff(pcmu.TABLE[128:].astype(int)) < 0).all()
