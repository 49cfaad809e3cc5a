"""Every codec keeps the contract of capture/codecs: a new file in that folder is proved here without a new test."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance import registry
from capture import codecs
from capture.codecs import CodecError
from capture.payloads import NO_AUDIO, STATIC
from tests.bed.encode import CODECS, encode

MEMBERS = registry.members("capture.codecs")
KNOWN_TO_FFMPEG = {name: module for name, module in MEMBERS.items() if module.ENCODING in CODECS}
CLOCKS = {encoding.name: encoding.clock for encoding in STATIC.values()}
PAYLOADS = st.lists(st.one_of(st.binary(max_size=60), st.binary(min_size=160, max_size=240)), max_size=8)

every = pytest.mark.parametrize("codec", MEMBERS.values(), ids=list(MEMBERS))
encoded = pytest.mark.parametrize("codec", KNOWN_TO_FFMPEG.values(), ids=list(KNOWN_TO_FFMPEG))


def sizes(payloads: list[bytes]) -> NDArray[np.int64]:
    return np.array([len(payload) for payload in payloads], dtype=np.int64)


def clock(codec: ModuleType) -> int:
    """Of its RTP timestamps; a codec without a static payload type counts its samples."""
    return CLOCKS.get(codec.ENCODING, int(codec.SAMPLE_RATE))


def speech(rate: int, seconds: float = 2.0) -> NDArray[np.int16]:
    """Something with the rise and fall of speech: two tones, faded in and out three times a second."""
    moments = np.arange(round(seconds * rate)) / rate
    wave = (np.sin(2 * np.pi * 350 * moments) + 0.5 * np.sin(2 * np.pi * 1200 * moments)) * np.sin(2 * np.pi * 1.5 * moments)
    samples: NDArray[np.int16] = (12_000 * wave).astype(np.int16)
    return samples


@every
def test_a_codec_is_named_as_in_sdp_and_found_by_that_name(codec: ModuleType) -> None:
    assert codec.__name__.rpartition(".")[2] == codec.ENCODING.lower().replace("-", "_")
    assert not set(codec.ENCODING) & set("abcdefghijklmnopqrstuvwxyz")
    assert codec.ENCODING not in NO_AUDIO
    assert codecs.by_encoding()[codec.ENCODING] is codec
    assert codec.SAMPLE_RATE in (8000, 12000, 16000, 24000, 32000, 48000)


def test_no_two_codecs_claim_one_encoding() -> None:
    assert len(codecs.by_encoding()) == len(MEMBERS)
    assert set(CODECS) <= set(codecs.by_encoding())


@every
def test_units_are_counted_for_any_sizes(codec: ModuleType) -> None:
    told = np.array([0, 1, 2, 10, 33, 80, 160, 240, 1400], dtype=np.int64)
    units = codec.units(told)
    assert units.shape == told.shape
    assert np.issubdtype(units.dtype, np.integer)
    assert units[0] == 0
    assert (units >= 0).all()
    assert (np.diff(units) >= 0).all()
    assert codec.units(told[:0]).tolist() == []


@every
@settings(max_examples=60, deadline=None)
@given(PAYLOADS)
def test_any_bytes_give_samples_or_a_codec_error(codec: ModuleType, payloads: list[bytes]) -> None:
    decoder = codec.Decoder()
    for part in (payloads, payloads[:1], payloads[::-1]):
        try:
            samples = decoder.decode(b"".join(part), sizes(part))
        except CodecError as error:
            assert str(error)
            continue
        assert samples.dtype == np.int16
        assert samples.ndim == 1
        limit = int(codec.units(sizes(part)).sum()) * codec.SAMPLE_RATE // clock(codec)
        assert len(samples) <= limit


@every
def test_nothing_is_no_samples(codec: ModuleType) -> None:
    decoder = codec.Decoder()
    assert len(decoder.decode(b"", sizes([]))) == 0
    assert len(decoder.decode(b"", sizes([b""]))) == 0


@encoded
def test_what_ffmpeg_encoded_is_heard_again(codec: ModuleType) -> None:
    samples = speech(codec.SAMPLE_RATE)
    data = encode(samples, codec.SAMPLE_RATE, codec.ENCODING)
    payloads = [data[place : place + 160] for place in range(0, len(data), 160)]
    found = codec.Decoder().decode(data, sizes(payloads))
    assert len(found) == int(codec.units(sizes(payloads)).sum()) * codec.SAMPLE_RATE // clock(codec)
    assert abs(len(found) - len(samples)) <= codec.SAMPLE_RATE // 50
    best = max(np.corrcoef(found[delay : delay + 12_000], samples[:12_000])[0, 1] for delay in range(60))
    assert best > 0.99
    assert np.abs(found).max() == pytest.approx(np.abs(samples).max(), rel=0.1)


@encoded
def test_payloads_one_by_one_give_what_they_give_together(codec: ModuleType) -> None:
    data = encode(speech(codec.SAMPLE_RATE), codec.SAMPLE_RATE, codec.ENCODING)
    payloads = [data[place : place + 160] for place in range(0, len(data), 160)]
    decoder = codec.Decoder()
    apart = [decoder.decode(payload, sizes([payload])) for payload in payloads]
    assert np.array_equal(np.concatenate(apart), codec.Decoder().decode(data, sizes(payloads)))


@encoded
def test_streams_do_not_disturb_one_another(codec: ModuleType) -> None:
    data = encode(speech(codec.SAMPLE_RATE), codec.SAMPLE_RATE, codec.ENCODING)
    one, other = codec.Decoder(), codec.Decoder()
    found = []
    for place in range(0, len(data), 160):
        found.append(one.decode(data[place : place + 160], np.array([len(data[place : place + 160])])))
        other.decode(bytes(range(160)), np.array([160]))
    assert np.array_equal(np.concatenate(found), codec.Decoder().decode(data, np.array([len(data)])))


@encoded
def test_speech_is_heard_again_after_hostile_bytes(codec: ModuleType) -> None:
    data = encode(speech(codec.SAMPLE_RATE), codec.SAMPLE_RATE, codec.ENCODING)
    decoder, dice = codec.Decoder(), np.random.default_rng(5)
    for size in (160, 1, 0, 33, 1400):
        hostile = dice.integers(0, 256, size, dtype=np.uint8).tobytes()
        try:
            decoder.decode(hostile, np.array([size]))
        except CodecError:
            continue
    found = decoder.decode(data, np.array([len(data)]))
    clean = codec.Decoder().decode(data, np.array([len(data)]))
    half = len(clean) // 2
    assert np.corrcoef(found[half:], clean[half:])[0, 1] > 0.99
