"""A delivery succeeds once and only with the right bytes: it looks first, reads back, never overwrites, and asks a person where either
copy is damaged.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.fakes.store import FakeStore, Trouble
from uploader.delivery import DamagedCopyError, Parcel, deliver, digest, fingerprint, hand_in
from uploader.source import Source
from uploader.store import AlreadyThereError, MissingObjectError, StoreAgainError, StoreRefusedError

KEY = "v1/local/1/2026/09/21/aaaaaaaaaaaaaaaa-0123456789abcdef.flac.age"
BODY = b"sealed bytes of a recording" * 1000


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    path = tmp_path / "recording.flac.age"
    path.write_bytes(BODY)
    return Parcel(KEY, path, hashlib.sha256(BODY).hexdigest())


def puts(store: FakeStore) -> int:
    return sum(1 for what, _ in store.asked if what == "put")


def test_the_parcel_is_stored_and_read_back(store: FakeStore, parcel: Parcel) -> None:
    assert deliver(store, parcel) == len(BODY)
    assert store.objects == {KEY: BODY}
    assert [what for what, _ in store.asked] == ["look", "put", "read"]


def test_where_the_store_is_proven_what_it_takes_is_not_read_back(store: FakeStore, parcel: Parcel) -> None:
    assert deliver(store, parcel, proven=True) == len(BODY)
    assert [what for what, _ in store.asked] == ["look", "put"]


class Raced(FakeStore):
    """Somebody else puts other bytes there between our look and our put, and the store says that there is something."""

    def put(self, key: str, source: Source) -> None:
        self.objects[key] = b"!" * len(BODY)
        raise AlreadyThereError(key)


def test_what_lay_there_already_is_read_however_the_store_was_proven(store: FakeStore, parcel: Parcel) -> None:
    store.objects[KEY] = BODY[:-1] + b"!"
    with pytest.raises(DamagedCopyError, match=KEY):
        deliver(store, parcel, proven=True)
    with pytest.raises(DamagedCopyError, match=KEY):
        deliver(Raced(), parcel, proven=True)


def test_an_equal_object_that_is_there_already_is_a_success(store: FakeStore, parcel: Parcel) -> None:
    store.objects[KEY] = BODY
    assert deliver(store, parcel) == len(BODY)
    assert puts(store) == 0


def test_an_answer_that_was_lost_costs_no_second_object(store: FakeStore, parcel: Parcel) -> None:
    store.on("put", Trouble.ANSWER_LOST)
    with pytest.raises(StoreAgainError):
        deliver(store, parcel)
    assert deliver(store, parcel) == len(BODY)
    assert puts(store) == 1
    assert store.objects == {KEY: BODY}


@pytest.mark.parametrize("there", [BODY[:-1], BODY + b"x", b"", BODY[:-1] + b"!"], ids=["shorter", "longer", "empty", "changed"])
def test_other_bytes_are_never_overwritten(store: FakeStore, parcel: Parcel, there: bytes) -> None:
    store.objects[KEY] = there
    with pytest.raises(DamagedCopyError, match=KEY):
        deliver(store, parcel)
    assert store.objects == {KEY: there}
    assert puts(store) == 0


def test_what_was_changed_on_its_way_is_found_when_it_is_read_back(store: FakeStore, parcel: Parcel) -> None:
    store.on("put", Trouble.WRONG_BYTES)
    with pytest.raises(DamagedCopyError, match="gives back is not what was sent"):
        deliver(store, parcel)


@pytest.mark.parametrize("trouble", [Trouble.MISSING, Trouble.LATER, Trouble.ANSWER_LOST])
def test_what_cannot_be_read_back_is_not_stored(store: FakeStore, parcel: Parcel, trouble: Trouble) -> None:
    store.on("read", trouble)
    with pytest.raises((MissingObjectError, StoreAgainError)):
        deliver(store, parcel)
    assert deliver(store, parcel) == len(BODY)


@pytest.mark.parametrize("what", ["look", "put", "read"])
@pytest.mark.parametrize(("trouble", "error"), [(Trouble.LATER, StoreAgainError), (Trouble.REFUSED, StoreRefusedError)])
def test_the_stores_own_word_is_passed_on(
    store: FakeStore, parcel: Parcel, what: str, trouble: Trouble, error: type[Exception]
) -> None:
    store.on(what, trouble)
    with pytest.raises(error):
        deliver(store, parcel)


def test_a_local_file_that_changed_is_not_sent(store: FakeStore, parcel: Parcel) -> None:
    parcel.path.write_bytes(BODY[:-1] + b"!")
    with pytest.raises(DamagedCopyError, match="changed since it was sealed"):
        deliver(store, parcel)
    assert store.asked == []


def test_a_local_file_that_is_gone_is_said_so(store: FakeStore, parcel: Parcel) -> None:
    parcel.path.unlink()
    with pytest.raises(DamagedCopyError, match="is gone before it was stored"):
        deliver(store, parcel)
    assert store.asked == []


def test_a_local_file_that_cannot_be_read_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DamagedCopyError, match="cannot be read"):
        fingerprint(tmp_path / "folder")


def test_the_fingerprint_and_the_digest_of_one_content_are_one(store: FakeStore, parcel: Parcel) -> None:
    deliver(store, parcel)
    assert digest(store, KEY) == fingerprint(parcel.path) == parcel.sha256


def test_handed_in_is_sent_without_looking_and_only_if_it_is_intact(store: FakeStore, parcel: Parcel) -> None:
    assert hand_in(store, parcel) == len(BODY)
    assert [what for what, _ in store.asked] == ["put"]
    assert store.objects == {KEY: BODY}
    parcel.path.write_bytes(BODY[:-1] + b"!")
    with pytest.raises(DamagedCopyError, match="changed since it was sealed"):
        hand_in(store, parcel)


def test_a_stretch_of_a_file_is_delivered_as_an_object_of_its_own(store: FakeStore, parcel: Parcel) -> None:
    piece = BODY[100:250]
    stretch = Parcel(KEY, parcel.path, hashlib.sha256(piece).hexdigest(), 100, 150)
    assert deliver(store, stretch) == 150
    assert store.objects == {KEY: piece}


class Keeping(FakeStore):
    """It leaves what is there when it is asked to write only what is new."""

    def put(self, key: str, source: Source) -> None:
        if key in self.objects:
            self._ask("put", key)
            raise AlreadyThereError("is there")
        super().put(key, source)


def test_a_store_that_keeps_what_is_there_is_not_looked_at_first(parcel: Parcel) -> None:
    store = Keeping()
    assert deliver(store, parcel, proven=True, kept=True) == len(BODY)
    assert [what for what, _ in store.asked] == ["put"]


def test_what_lay_there_already_is_read_although_the_store_is_proven(parcel: Parcel) -> None:
    store = Keeping()
    store.objects[KEY] = BODY
    deliver(store, parcel, proven=True, kept=True)
    assert [what for what, _ in store.asked] == ["put", "read"]
    store.objects[KEY] = BODY[:-1] + b"!"
    with pytest.raises(DamagedCopyError):
        deliver(store, parcel, proven=True, kept=True)
    assert store.objects[KEY] == BODY[:-1] + b"!", "it is left as it is"
