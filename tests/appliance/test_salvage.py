"""A sealed file cut anywhere gives its genuine beginning, marked cut; a damaged one gives what lies before the damage. Fault F1."""

from __future__ import annotations

import io
import os

import pytest

from appliance.keys import Identity
from appliance.salvage import Salvaged, salvage
from appliance.sealed import CHUNK, TAG, SealedError, WrongKeyError, read_header, seal

ME = Identity.new("me")
CLEAR = os.urandom(3 * CHUNK + 100)
SEALED = seal(CLEAR, [ME.recipient])
START = len(read_header(io.BytesIO(SEALED)).raw) + 16


def saved(data: bytes, identity: Identity = ME) -> tuple[Salvaged, bytes]:
    out = io.BytesIO()
    return salvage(io.BytesIO(data), [identity], out), out.getvalue()


def test_a_whole_file_is_saved_whole() -> None:
    assert saved(SEALED) == (Salvaged(len(CLEAR), False), CLEAR)
    for size in (0, 1, CHUNK, CHUNK + 1, 2 * CHUNK):
        assert saved(seal(CLEAR[:size], [ME.recipient])) == (Salvaged(size, False), CLEAR[:size])


def test_f01_cut_anywhere_it_gives_the_chunks_before_the_cut_and_says_so() -> None:
    ends = [START + index * (CHUNK + TAG) + more for index in range(4) for more in (-1, 0, 1, 5000) if more >= 0 or index]
    for end in [*(end for end in ends if end < len(SEALED)), START, START + 1, len(SEALED) - 1]:
        found, clear = saved(SEALED[:end])
        whole = max(0, end - START) // (CHUNK + TAG) * CHUNK
        assert (found, clear) == (Salvaged(whole, True), CLEAR[:whole]), end


@pytest.mark.parametrize("chunk", [0, 1, 2, 3])
def test_what_lies_behind_a_flipped_bit_is_not_given_out(chunk: int) -> None:
    damaged = bytearray(SEALED)
    damaged[START + chunk * (CHUNK + TAG) + 7] ^= 1
    assert saved(bytes(damaged)) == (Salvaged(chunk * CHUNK, True), CLEAR[: chunk * CHUNK])


def test_what_follows_the_last_chunk_is_no_part_of_it() -> None:
    found, clear = saved(seal(CLEAR[:CHUNK], [ME.recipient]) + b"more")
    assert (found, clear) == (Salvaged(CHUNK, True), CLEAR[:CHUNK])


@pytest.mark.parametrize("end", [0, 10, START - 17])
def test_without_its_header_nothing_can_be_saved(end: int) -> None:
    with pytest.raises(SealedError):
        saved(SEALED[:end])


def test_a_cut_in_the_nonce_leaves_nothing() -> None:
    assert saved(SEALED[: START - 1]) == (Salvaged(0, True), b"")


def test_another_key_opens_nothing() -> None:
    with pytest.raises(WrongKeyError):
        saved(SEALED, Identity.new("other"))
