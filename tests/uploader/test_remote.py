"""A stored recording is read at any place, and only what is needed is fetched; what was changed there is refused."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from appliance.keys import Identity
from appliance.sealed import SealedError, WrongKeyError, seal
from tests.fakes.store import FakeStore, Trouble
from uploader.remote import BLOCK, RemoteFile, open_stored
from uploader.store import MissingObjectError, StoreAgainError

ME = Identity.new("me")
CLEAR = os.urandom(3_000_000)
SEALED = seal(CLEAR, [ME.recipient])


class Counting(FakeStore):
    """Counts the bytes that were fetched."""

    fetched = 0

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        for piece in super().read(key, start, end):
            self.fetched += len(piece)
            yield piece


@pytest.fixture
def store() -> Counting:
    made = Counting()
    made.objects["key"] = SEALED
    return made


def test_any_stretch_is_what_was_sealed(store: Counting) -> None:
    reader = open_stored(store, "key", [ME])
    assert reader.size == len(CLEAR)
    for seed in range(30):
        start = random.Random(seed).randrange(len(CLEAR))
        reader.seek(start)
        piece = reader.read(70_000)
        assert piece
        assert CLEAR[start:].startswith(piece)


def test_whole_it_is_whole(store: Counting) -> None:
    assert open_stored(store, "key", [ME]).readall() == CLEAR


def test_a_seek_fetches_a_block_and_not_the_recording(store: Counting) -> None:
    reader = open_stored(store, "key", [ME])
    reader.seek(1_500_000)
    assert CLEAR[1_500_000:].startswith(reader.read(1000))
    assert store.fetched <= 4 * BLOCK + 2000


def test_what_was_changed_there_is_refused(store: Counting) -> None:
    store.objects["key"] = SEALED[:-1] + bytes([SEALED[-1] ^ 1])
    with pytest.raises(SealedError):
        open_stored(store, "key", [ME])


def test_what_cannot_be_opened_or_reached_is_said(store: Counting) -> None:
    with pytest.raises(WrongKeyError):
        open_stored(store, "key", [Identity.new("other")])
    with pytest.raises(MissingObjectError, match="nothing"):
        RemoteFile(store, "nothing")
    reader = open_stored(store, "key", [ME])
    store.on("read", Trouble.LATER)
    with pytest.raises(StoreAgainError):
        reader.read(10)


def test_behind_the_end_there_is_nothing(store: Counting) -> None:
    file = RemoteFile(store, "key")
    file.seek(0, os.SEEK_END)
    assert (file.tell(), file.read(5)) == (len(SEALED), b"")
