"""Every format keeps the contract of capture/formats: a new file in that folder is proved here without a new test."""

from __future__ import annotations

import io
import random
from types import ModuleType
from typing import IO, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance import registry
from appliance.keys import Identity
from appliance.sealed import CHUNK, SealedError, SealedReader, SealingFile
from capture.formats import FormatError, Stereo

MEMBERS = registry.members("capture.formats")
CUSTOMER = Identity.new("customer")
KILOBITS = 24

every = pytest.mark.parametrize("form", MEMBERS.values(), ids=list(MEMBERS))
rates = pytest.mark.parametrize("rate", [8000, 16000])


def talk(rate: int, seconds: float = 2.0) -> Stereo:
    """Left and right differ, so that swapped channels show."""
    moments = np.arange(round(seconds * rate)) / rate
    left = 9000 * np.sin(2 * np.pi * 440 * moments)
    right = 6000 * np.sin(2 * np.pi * 900 * moments) * (moments % 1 < 0.5)
    return np.stack([left, right], axis=1).astype(np.int16)


def written(form: ModuleType, samples: Stereo, rate: int, sizes: list[int] | None = None) -> bytes:
    """A sealed recording, written in pieces of these sizes and what is left."""
    sealed = io.BytesIO()
    file = SealingFile(sealed, [CUSTOMER.recipient])
    encoder = form.encoder(cast(IO[bytes], file), rate, KILOBITS)
    place = 0
    for size in sizes or []:
        encoder.write(samples[place : place + size])
        place += size
    encoder.write(samples[place:])
    encoder.close()
    file.close()
    file.check()
    return sealed.getvalue()


def clear(sealed: bytes) -> bytes:
    return SealedReader(io.BytesIO(sealed), [CUSTOMER]).readall() or b""


def read(form: ModuleType, file: IO[bytes]) -> tuple[int, Stereo]:
    rate, pieces = form.decode(file)
    held = list(pieces)
    assert all(piece.dtype == np.int16 and piece.ndim == 2 and piece.shape[1] == 2 for piece in held)
    return rate, np.concatenate(held) if held else np.zeros((0, 2), np.int16)


def heard(form: ModuleType, sealed: bytes) -> tuple[int, Stereo]:
    return read(form, cast(IO[bytes], SealedReader(io.BytesIO(sealed), [CUSTOMER])))


@every
def test_a_format_says_what_its_files_are(form: ModuleType) -> None:
    assert form.EXTENSION.isalnum()
    assert form.MEDIA_TYPE.startswith("audio/")
    assert form.__name__.endswith(f".{form.EXTENSION}")


@every
@rates
@pytest.mark.parametrize("count", [1, 100, 4007, 16_000])
def test_a_recording_comes_back_in_its_length(form: ModuleType, rate: int, count: int) -> None:
    told, samples = heard(form, written(form, talk(rate)[:count], rate))
    assert len(samples) == -(-count * told // rate)


@every
@rates
def test_a_recording_sounds_as_it_was_and_on_its_own_side(form: ModuleType, rate: int) -> None:
    samples = talk(rate)
    told, found = heard(form, written(form, samples, rate))
    same = found[:: told // rate][: len(samples)]
    for side in (0, 1):
        assert np.corrcoef(same[:, side], samples[:, side])[0, 1] > 0.95
        assert abs(np.corrcoef(same[:, side], samples[:, 1 - side])[0, 1]) < 0.25


@every
def test_pieces_of_any_size_make_the_same_recording(form: ModuleType) -> None:
    samples = talk(8000)
    whole, pieces = (heard(form, written(form, samples, 8000, sizes))[1] for sizes in ([], [1, 0, 159, 160, 7000, 3]))
    assert np.array_equal(whole, pieces)


@every
def test_a_long_recording_is_sealed_while_it_is_written(form: ModuleType) -> None:
    """Beyond the 64 KiB in which an encoder may write again."""
    dice = np.random.default_rng(3)
    samples = np.cumsum(dice.integers(-400, 400, (8000 * 30, 2)), axis=0).astype(np.int16)
    sealed = written(form, samples, 8000, [8000] * 29)
    assert len(sealed) > CHUNK
    rate, found = heard(form, sealed)
    assert len(found) == len(samples) * rate // 8000


@every
def test_the_sealed_file_opens_with_any_age_tool(form: ModuleType) -> None:
    pyrage = pytest.importorskip("pyrage")
    sealed = written(form, talk(8000), 8000)
    identity = pyrage.x25519.Identity.from_str(CUSTOMER.secret())
    plain = pyrage.decrypt(sealed, [identity])
    assert plain == clear(sealed)
    assert len(read(form, io.BytesIO(plain))[1]) == len(heard(form, sealed)[1])


@every
def test_silence_is_a_recording_too(form: ModuleType) -> None:
    rate, found = heard(form, written(form, np.zeros((24_000, 2), np.int16), 8000))
    assert len(found) == 3 * rate
    assert np.abs(found).max() <= 1


@every
def test_nothing_written_is_no_samples_or_said(form: ModuleType) -> None:
    sealed = written(form, np.zeros((0, 2), np.int16), 8000)
    try:
        assert len(heard(form, sealed)[1]) == 0
    except FormatError as error:
        assert str(error)


@every
@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 40))
def test_any_bytes_give_samples_or_a_format_error(form: ModuleType, rest: bytes, kept: int) -> None:
    head = clear(SAMPLES[form.__name__])[:kept]
    try:
        read(form, io.BytesIO(head + rest))
    except FormatError as error:
        assert str(error)


SAMPLES = {form.__name__: written(form, talk(8000), 8000) for form in MEMBERS.values()}


@every
def test_a_damaged_or_cut_recording_gives_samples_or_a_format_error(form: ModuleType) -> None:
    dice, whole = random.Random(7), clear(SAMPLES[form.__name__])
    for number in range(80):
        damaged = bytearray(whole[: dice.randrange(len(whole))] if number % 2 else whole)
        for _ in range(dice.choice([0, 1, 20])):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256) if damaged else 0
        try:
            rate, found = read(form, io.BytesIO(bytes(damaged)))
        except FormatError:
            continue
        assert len(found) <= 10 * rate


@every
def test_a_sealed_recording_that_was_changed_is_not_played_to_its_end(form: ModuleType) -> None:
    dice = np.random.default_rng(3)
    sealed = bytearray(written(form, dice.integers(-9000, 9000, (8000 * 60, 2), dtype=np.int16), 8000))
    assert len(sealed) > 2 * CHUNK
    sealed[-2 * CHUNK] ^= 1
    with pytest.raises(SealedError):
        heard(form, bytes(sealed))
