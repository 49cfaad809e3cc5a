"""Every codec keeps the contract of capture/codecs: a new file in that folder is proved here as soon as tests/bed/coders.py encodes it."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance import registry
from capture import codecs
from capture.codecs import CodecError
from capture.payloads import NO_AUDIO, STATIC, Encoding
from tests import needs
from tests.bed import speech
from tests.bed.coders import CODERS, GAPS, kept
from tests.bed.encode import spoken
from tests.bed.payloads import payloads_of

MEMBERS = registry.members("capture.codecs")
KEPT = kept()
"""What was encoded elsewhere, once."""
ENCODINGS = [*CODERS, *KEPT]
RATES = {encoding: made[0] for encoding, made in (CODERS | KEPT).items()}
HOSTILE = st.lists(st.one_of(st.binary(max_size=70), st.binary(min_size=160, max_size=240)), max_size=8)

every_file = pytest.mark.parametrize("codec", MEMBERS.values(), ids=list(MEMBERS))
every = pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda encoding: "-".join(map(str, encoding)))
pytestmark = needs.program("espeak-ng", "sox", "ffmpeg")


@cache
def said() -> NDArray[np.int16]:
    """Some seconds of speech, 16 kHz."""
    return speech.say("Good morning, this is Sakura trading. May I help you?")


@cache
def coded(encoding: Encoding) -> tuple[NDArray[np.int16], tuple[bytes, ...]]:
    """The speech at the codec's rate, and as payloads."""
    if encoding in KEPT:
        _, samples, payloads = KEPT[encoding]
        return samples, tuple(payloads)
    rate, coder = CODERS[encoding]
    samples = spoken(said(), speech.RATE, rate)
    return samples, tuple(coder(samples))


def decode(encoding: Encoding, payloads: tuple[bytes, ...] | list[bytes]) -> NDArray[np.int16]:
    found: NDArray[np.int16] = codecs.by_encoding()[encoding.name].Decoder(encoding).decode(payloads_of(payloads))
    return found


def lasting(encoding: Encoding, payloads: tuple[bytes, ...] | list[bytes]) -> int:
    """How many samples these payloads are."""
    codec = codecs.by_encoding()[encoding.name]
    return int(codec.units(payloads_of(payloads), encoding).sum()) * int(codec.sample_rate(encoding)) // encoding.clock


def outline(samples: NDArray[np.int16], rate: int) -> NDArray[np.float64]:
    """Loudness in eight bands below 3.8 kHz, every 10 ms: what an ear compares."""
    step = rate // 100
    table = samples[: len(samples) // step * step].astype(float).reshape(-1, step)
    bands = np.abs(np.fft.rfft(table * np.hanning(step), axis=1))
    edges = np.linspace(0, 3800 / (rate / 2) * bands.shape[1], 9).astype(int)
    found: NDArray[np.float64] = np.log10(1 + np.stack([bands[:, begin:end].mean(1) for begin, end in pairwise(edges)], 1))
    return found


@every_file
def test_a_codec_is_found_by_the_names_of_sdp(codec: ModuleType) -> None:
    word = codec.__name__.rpartition(".")[2].upper()
    assert codec.ENCODINGS
    for name in codec.ENCODINGS:
        assert word in name
        assert name == name.upper()
        assert name not in NO_AUDIO
        assert codecs.by_encoding()[name] is codec


def test_no_two_codecs_claim_one_encoding_and_each_is_proved_here() -> None:
    claimed = [name for module in MEMBERS.values() for name in module.ENCODINGS]
    assert len(claimed) == len(set(claimed)) == len(codecs.by_encoding())
    assert {encoding.name for encoding in ENCODINGS} == set(claimed)


@every
def test_units_are_counted_for_each_payload(encoding: Encoding) -> None:
    codec = codecs.by_encoding()[encoding.name]
    told = payloads_of([bytes(size) for size in (0, 1, 2, 10, 33, 80, 160, 240, 1400)])
    units = codec.units(told, encoding)
    assert units.shape == (9,)
    assert np.issubdtype(units.dtype, np.integer)
    assert units[0] == 0
    assert (units >= 0).all()
    assert codec.units(payloads_of([]), encoding).tolist() == []
    assert codec.sample_rate(encoding) in (8000, 16000, 32000, 44100, 48000)


@every
@settings(max_examples=40)
@given(HOSTILE)
def test_any_bytes_give_samples_of_their_length_or_a_codec_error(encoding: Encoding, payloads: list[bytes]) -> None:
    decoder = codecs.by_encoding()[encoding.name].Decoder(encoding)
    for part in (payloads, payloads[:1], payloads[::-1]):
        try:
            samples = decoder.decode(payloads_of(part))
        except CodecError as error:
            assert str(error)
            continue
        assert samples.dtype == np.int16
        assert samples.shape == (lasting(encoding, part),)


@every
def test_nothing_is_no_samples(encoding: Encoding) -> None:
    assert len(decode(encoding, [])) == 0
    assert len(decode(encoding, [b""])) == 0


@every
def test_what_somebody_else_encoded_is_heard_again(encoding: Encoding) -> None:
    """At the same length (but for what the coder cuts or adds at the end), level and outline, and delayed by no more than 20 ms."""
    rate = RATES[encoding]
    samples, payloads = coded(encoding)
    found = decode(encoding, payloads)
    assert codecs.by_encoding()[encoding.name].sample_rate(encoding) == rate
    assert len(found) == lasting(encoding, payloads)
    if encoding in GAPS:  # its silence is not sent, and gaps are the clock's business
        found = decode_with_gaps(encoding, payloads)
    assert -rate * 0.05 <= len(found) - len(samples) <= rate * 0.5
    whole = outline(samples, rate)
    likeness = []
    for delay in range(0, rate // 50, rate // 1000):
        heard = outline(found[delay:], rate)
        common = min(len(whole), len(heard))
        likeness.append(np.corrcoef(whole[:common].ravel(), heard[:common].ravel())[0, 1])
    assert max(likeness) > 0.9
    common = min(len(found), len(samples))
    assert np.std(found[:common].astype(float)) == pytest.approx(np.std(samples[:common].astype(float)), rel=0.15)


def decode_with_gaps(encoding: Encoding, payloads: tuple[bytes, ...]) -> NDArray[np.int16]:
    """Payload by payload, with 20 ms of silence where nothing was sent."""
    codec = codecs.by_encoding()[encoding.name]
    decoder, pieces = codec.Decoder(encoding), []
    for payload in payloads:
        piece = decoder.decode(payloads_of([payload]))
        pieces.append(np.pad(piece, (0, RATES[encoding] // 50 - len(piece))))
    return np.concatenate(pieces)


@every
def test_payloads_one_by_one_give_what_they_give_together(encoding: Encoding) -> None:
    _, payloads = coded(encoding)
    decoder = codecs.by_encoding()[encoding.name].Decoder(encoding)
    apart = [decoder.decode(payloads_of([payload])) for payload in payloads]
    assert np.array_equal(np.concatenate(apart), decode(encoding, payloads))


@every
def test_payloads_lying_anywhere_decode_alike(encoding: Encoding) -> None:
    """On the spool other packets lie between them."""
    _, payloads = coded(encoding)
    decoder = codecs.by_encoding()[encoding.name].Decoder(encoding)
    assert np.array_equal(decoder.decode(payloads_of(payloads, between=b"\xff" * 7)), decode(encoding, payloads))


@every
def test_streams_do_not_disturb_one_another(encoding: Encoding) -> None:
    _, payloads = coded(encoding)
    codec = codecs.by_encoding()[encoding.name]
    one, other, found = codec.Decoder(encoding), codec.Decoder(encoding), []
    for payload in payloads:
        found.append(one.decode(payloads_of([payload])))
        other.decode(payloads_of([payloads[0]]))
    assert np.array_equal(np.concatenate(found), decode(encoding, payloads))


@every
def test_speech_is_heard_again_after_hostile_bytes(encoding: Encoding) -> None:
    _, payloads = coded(encoding)
    decoder, dice = codecs.by_encoding()[encoding.name].Decoder(encoding), np.random.default_rng(5)
    for size in (160, 1, 0, 33, 1400):
        try:
            decoder.decode(payloads_of([dice.integers(0, 256, size, dtype=np.uint8).tobytes()]))
        except CodecError:
            continue
    found, clean, rate = decoder.decode(payloads_of(payloads)), decode(encoding, payloads), RATES[encoding]
    half = len(clean) // 2
    assert np.corrcoef(outline(found[half:], rate).ravel(), outline(clean[half:], rate).ravel())[0, 1] > 0.95


@every
def test_a_lost_payload_costs_little_more_than_itself(encoding: Encoding) -> None:
    _, payloads = coded(encoding)
    rate, middle = RATES[encoding], len(payloads) // 2
    found, clean = decode(encoding, [*payloads[:middle], *payloads[middle + 1 :]]), decode(encoding, payloads)
    lost = lasting(encoding, [payloads[middle]])
    assert len(found) == len(clean) - lost
    tail = rate  # the last second
    assert np.corrcoef(outline(found[-tail:], rate).ravel(), outline(clean[-tail:], rate).ravel())[0, 1] > 0.9


def test_the_static_table_names_what_rfc_3551_names() -> None:
    assert {number for number, encoding in STATIC.items() if encoding.name in codecs.by_encoding()} == {
        0,
        2,
        3,
        4,
        8,
        9,
        10,
        11,
        18,
    }
