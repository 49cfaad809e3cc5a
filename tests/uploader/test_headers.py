"""Header and payload may lie apart: a rotation and a shredding touch headers alone, and one behind the other they are an age file."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from appliance.keys import Identity, save_identity
from appliance.sealed import BESIDE, SealedError, SealedReader, WrongKeyError, newest_header, open_sealed, seal
from tests import needs
from tests.fakes.store import FakeStore
from uploader import objects
from uploader.delivery import DamagedCopyError, Parcel, deliver
from uploader.headers import ShreddedError, Whole, apart, digest_of, remove_older, rotate, rotate_local, shred
from uploader.store import MissingObjectError, Stored, StoreRefusedError
from uploader.stores.folder import FolderStore

KEY = "v1/local/1/2026/09/21/aaaaaaaaaaaaaaaa-0123456789abcdef.flac.age"
OLD, NEW = Identity.new("old"), Identity.new("new")
CLEAR = os.urandom(200_000)
SEALED = seal(CLEAR, [OLD.recipient])


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store", must_exist=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.flac.age"
    path.write_bytes(SEALED)
    return path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(params=["apart", "whole"])
def stored(request: pytest.FixtureRequest, store: FolderStore, file: Path) -> FolderStore:
    """The file in the store, in one object or in two."""
    for parcel in apart(KEY, file, sha256(SEALED)) if request.param == "apart" else [Parcel(KEY, file, sha256(SEALED))]:
        deliver(store, parcel)
    return store


def whole(store: FolderStore) -> bytes:
    return b"".join(Whole(store).read(KEY))


def test_apart_are_the_payload_and_its_header(store: FolderStore, file: Path) -> None:
    for parcel in apart(KEY, file, sha256(SEALED)):
        deliver(store, parcel)
    payload, header = (b"".join(store.read(name)) for name in (objects.payload_key(KEY), objects.header_key(KEY, 1)))
    assert header + payload == SEALED
    assert store.look(KEY) is None
    assert len(header) < 1000


def test_as_one_they_are_looked_at_listed_and_read_at_any_place(stored: FolderStore) -> None:
    assert whole(stored) == SEALED
    assert Whole(stored).look(KEY) == Stored(KEY, len(SEALED))
    assert [found.key for found in Whole(stored).list("v1/")] == [KEY]
    for start, end in ((0, 10), (100, 300), (150, 100_000), (70_000, 70_001), (len(SEALED) - 3, None), (0, 0)):
        assert b"".join(Whole(stored).read(KEY, start, end)) == SEALED[start:end], (start, end)
    assert digest_of(stored, KEY) == sha256(SEALED)


def test_a_rotation_adds_a_header_and_touches_no_payload(stored: FolderStore, tmp_path: Path) -> None:
    before = {found.key: b"".join(stored.read(found.key)) for found in stored.list("v1/")}
    name = rotate(stored, KEY, [OLD], [NEW.recipient], tmp_path)
    assert name == objects.header_key(KEY, 2)
    assert open_sealed(whole(stored), [NEW]) == CLEAR
    with pytest.raises(WrongKeyError):
        open_sealed(whole(stored), [OLD])
    assert {key: b"".join(stored.read(key)) for key in before} == before
    assert digest_of(stored, KEY) == sha256(SEALED), "what was sealed can still be proven"
    assert Whole(stored).look(KEY) == Stored(KEY, len(whole(stored)))
    assert rotate(stored, KEY, [NEW], [OLD.recipient, NEW.recipient], tmp_path) == objects.header_key(KEY, 3)
    for identity in (OLD, NEW):
        assert open_sealed(whole(stored), [identity]) == CLEAR
    assert not list(tmp_path.glob(".header*"))


@needs.program("age")
def test_after_a_rotation_the_age_tool_opens_it_with_the_new_key(stored: FolderStore, tmp_path: Path) -> None:
    rotate(stored, KEY, [OLD], [NEW.recipient], tmp_path)
    save_identity(tmp_path / "new.key", NEW, 0)
    (tmp_path / "joined.age").write_bytes(whole(stored))
    done = subprocess.run(["age", "-d", "-i", tmp_path / "new.key", tmp_path / "joined.age"], capture_output=True, check=True)
    assert done.stdout == CLEAR


def test_a_key_that_opens_nothing_rotates_nothing(stored: FolderStore, tmp_path: Path) -> None:
    with pytest.raises(WrongKeyError):
        rotate(stored, KEY, [NEW], [NEW.recipient], tmp_path)
    assert whole(stored) == SEALED


def test_older_headers_go_where_they_lie_apart(store: FolderStore, file: Path, tmp_path: Path) -> None:
    for parcel in apart(KEY, file, sha256(SEALED)):
        deliver(store, parcel)
    rotate(store, KEY, [OLD], [NEW.recipient], tmp_path)
    assert remove_older(store, KEY) == 1
    assert open_sealed(whole(store), [NEW]) == CLEAR
    with pytest.raises(MissingObjectError, match="sealed with"):
        digest_of(store, KEY)


def test_a_header_within_an_object_cannot_go_alone(store: FolderStore, file: Path, tmp_path: Path) -> None:
    deliver(store, Parcel(KEY, file, sha256(SEALED)))
    rotate(store, KEY, [OLD], [NEW.recipient], tmp_path)
    with pytest.raises(StoreRefusedError, match="detached_headers"):
        remove_older(store, KEY)
    with pytest.raises(StoreRefusedError, match="appliance erase"):
        shred(store, KEY)


def test_shredded_is_every_header_and_nothing_else(store: FolderStore, file: Path, tmp_path: Path) -> None:
    for parcel in apart(KEY, file, sha256(SEALED)):
        deliver(store, parcel)
    rotate(store, KEY, [OLD], [NEW.recipient], tmp_path)
    assert shred(store, KEY) == 2
    assert [found.key for found in store.list("v1/")] == [objects.payload_key(KEY)]
    with pytest.raises(ShreddedError, match="nobody can open it"):
        whole(store)
    assert shred(store, KEY) == 0


def test_a_store_that_cannot_erase_shreds_nothing(file: Path) -> None:
    store = FakeStore()
    for parcel in apart(KEY, file, sha256(SEALED)):
        deliver(store, parcel)
    with pytest.raises(StoreRefusedError, match="by hand"):
        shred(store, KEY)
    assert len(store.objects) == 2


def test_what_is_not_there_is_said_so(store: FolderStore, tmp_path: Path) -> None:
    assert Whole(store).look(KEY) is None
    assert shred(store, KEY) == remove_older(store, KEY) == 0
    for ask in (
        lambda: whole(store), lambda: digest_of(store, KEY), lambda: rotate(store, KEY, [OLD], [NEW.recipient], tmp_path),
        lambda: Whole(store).newest_header(KEY),
    ):  # fmt: skip
        with pytest.raises(MissingObjectError):
            ask()


def test_a_damaged_or_missing_file_is_not_taken_apart(file: Path, tmp_path: Path) -> None:
    for harm in (SEALED[:-1], b"no age file", SEALED[:-1] + b"!"):
        file.write_bytes(harm)
        with pytest.raises(DamagedCopyError):
            apart(KEY, file, sha256(SEALED))
    with pytest.raises(DamagedCopyError, match="gone"):
        apart(KEY, tmp_path / "gone", sha256(SEALED))


def test_a_local_file_gets_its_newer_header_beside_it(file: Path) -> None:
    rotate_local(file, [OLD], [NEW.recipient])
    assert file.read_bytes() == SEALED
    assert file.with_name(file.name + BESIDE).exists()
    with file.open("rb") as opened:
        assert SealedReader(opened, [NEW], newest_header(file)).read(-1) == CLEAR
        with pytest.raises(SealedError):
            SealedReader(opened, [OLD], newest_header(file))
    rotate_local(file, [NEW], [OLD.recipient])
    with file.open("rb") as opened:
        assert SealedReader(opened, [OLD], newest_header(file)).readall() == CLEAR
