"""A folder as a store: whole files or none, nothing outside the folder, and a NAS that is not mounted is never mistaken for an empty one.

What every store promises is in `tests/contracts/test_stores.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.folders import Folders
from tests import needs
from tests.bed import disks
from uploader.source import Source
from uploader.store import StoreAgainError, Stored, StoreRefusedError
from uploader.stores.folder import FolderStore, Options, open_store

KEY = "v1/local/1/2026/09/21/one.flac.age"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "nas"


@pytest.fixture
def store(root: Path) -> FolderStore:
    return FolderStore(root, must_exist=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one"
    path.write_bytes(b"sealed" * 100_000)
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    with disks.disk(tmp_path / "small", 256) as place:
        yield place


def test_the_default_lies_beside_the_ledger(tmp_path: Path, file: Path) -> None:
    folders = Folders.below(tmp_path / "var")
    open_store(Options(), folders).put(KEY, Source(file))
    assert (folders.store / KEY).read_bytes() == file.read_bytes()


def test_a_named_folder_is_used(tmp_path: Path, root: Path, file: Path) -> None:
    open_store(Options(path=str(root)), Folders.below(tmp_path / "var")).put(KEY, Source(file))
    assert (root / KEY).read_bytes() == file.read_bytes()


def test_a_folder_that_must_be_there_is_not_made(root: Path, file: Path) -> None:
    with pytest.raises(StoreAgainError, match="mount it"):
        FolderStore(root, must_exist=True).put(KEY, Source(file))
    assert not root.exists()


def test_a_folder_that_must_be_there_is_used_when_it_is(root: Path, file: Path) -> None:
    root.mkdir()
    store = FolderStore(root, must_exist=True)
    store.put(KEY, Source(file))
    assert list(store.list("v1/")) == [Stored(KEY, 600_000)]


@pytest.mark.parametrize("key", ["../outside", "v1/../../outside", "/outside", "v1/local/.."])
def test_a_key_that_leads_outside_is_refused(store: FolderStore, root: Path, tmp_path: Path, file: Path, key: str) -> None:
    root.mkdir()
    before = set(tmp_path.rglob("*"))
    for ask in (lambda: store.put(key, Source(file)), lambda: list(store.read(key)), lambda: store.look(key)):
        with pytest.raises(StoreRefusedError):
            ask()
    assert set(tmp_path.rglob("*")) == before
    assert not Path("/outside").exists()


def test_half_written_files_and_folders_are_no_objects(store: FolderStore, root: Path, file: Path) -> None:
    store.put(KEY, Source(file))
    (root / "v1/local/1/2026/09/21/.two.flac.age.77.part").write_bytes(b"half")
    (root / "v1/local/empty").mkdir()
    assert [stored.key for stored in store.list("v1/")] == [KEY]


@needs.root
def test_a_full_disk_says_later_and_leaves_nothing_half_written(small_disk: Path, file: Path) -> None:
    store = FolderStore(small_disk / "nas", must_exist=False)
    with pytest.raises(StoreAgainError, match="No space left"):
        store.put(KEY, Source(file))
    assert [path for path in small_disk.rglob("*") if path.is_file()] == []
    assert store.look(KEY) is None


def test_a_file_where_the_folder_should_be_says_later(root: Path, file: Path) -> None:
    root.write_text("a file")
    store = FolderStore(root, must_exist=False)
    for ask in (lambda: store.put(KEY, Source(file)), lambda: list(store.read(KEY)), lambda: store.look(KEY)):
        with pytest.raises(StoreAgainError, match="Not a directory"):
            ask()


def test_an_object_that_is_a_folder_says_later(store: FolderStore, root: Path) -> None:
    (root / KEY).mkdir(parents=True)
    with pytest.raises(StoreAgainError, match="cannot be read"):
        list(store.read(KEY))
