"""A folder behind SFTP: whole objects or none, what an earlier try left is used where it is equal, a server with another key is refused.

What every store promises is in `tests/contracts/test_stores.py`. Faults F1, F8, F9, F33.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.folders import Folders
from tests import needs
from tests.bed.sshd import Server, sshd
from uploader.source import Source
from uploader.store import MissingObjectError, StoreAgainError, Stored, StoreRefusedError
from uploader.stores import sftp

__all__ = ["sshd"]

KEY = "v1/local/1/2026/09/21/one.flac.age"
BODY = os.urandom(300_000)


@pytest.fixture
def folders(tmp_path: Path, sshd: Server) -> Folders:
    found = Folders.below(tmp_path / "var with a space")
    found.keys.mkdir(parents=True)
    shutil.copy(sshd.key, found.keys / sftp.KEY_FILE)
    (found.keys / sftp.KNOWN_HOSTS).write_text(sshd.known_hosts)
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "nas"
    made.mkdir()
    return made


def options(sshd: Server, root: Path) -> sftp.Options:
    return sftp.Options(host=sshd.host, port=sshd.port, user=sshd.user, path=str(root), read_seconds=10)


@pytest.fixture
def store(folders: Folders, sshd: Server, root: Path) -> Iterator[sftp.SftpStore]:
    made = sftp.open_store(options(sshd, root), folders)
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one"
    path.write_bytes(BODY)
    return path


def part(root: Path) -> Path:
    found = root / KEY
    return found.with_name(f".{found.name}{sftp.PART}")


@pytest.mark.parametrize("left", [BODY[:100_000], BODY, b"", BODY[:1000] + b"damaged" + BODY[1007:200_000], BODY + b"more"])
def test_f01_what_an_earlier_try_left_is_used_as_far_as_it_is_equal(
    store: sftp.SftpStore, root: Path, file: Path, left: bytes
) -> None:
    part(root).parent.mkdir(parents=True)
    part(root).write_bytes(left)
    sent: list[int] = []
    store.put(KEY, Source(file, leaving=sent.append))
    assert (root / KEY).read_bytes() == BODY
    assert not part(root).exists()
    if BODY.startswith(left):
        assert sum(sent) == len(BODY) - len(left)


def test_f33_a_line_that_breaks_goes_on_where_it_was(store: sftp.SftpStore, root: Path, file: Path) -> None:
    sent: list[int] = []

    def breaks(count: int) -> None:
        sent.append(count)
        if sum(sent) > 200_000:
            store.close()
            raise StoreAgainError("the line broke")

    with pytest.raises(StoreAgainError):
        store.put(KEY, Source(file, leaving=breaks))
    assert not (root / KEY).exists()
    again: list[int] = []
    store.put(KEY, Source(file, leaving=again.append))
    assert (root / KEY).read_bytes() == BODY
    assert sum(again) < len(BODY)


def test_what_is_there_is_not_overwritten(store: sftp.SftpStore, root: Path, file: Path) -> None:
    (root / KEY).parent.mkdir(parents=True)
    (root / KEY).write_bytes(b"other")
    store.put(KEY, Source(file))
    assert (root / KEY).read_bytes() == b"other"
    assert not part(root).exists()


def test_half_written_objects_are_not_listed(store: sftp.SftpStore, root: Path, file: Path) -> None:
    store.put(KEY, Source(file))
    part(root).write_bytes(b"half")
    assert list(store.list("v1/")) == [Stored(KEY, len(BODY))]


def test_a_stretch_is_read_and_a_reading_may_be_left(store: sftp.SftpStore, file: Path) -> None:
    store.put(KEY, Source(file))
    assert b"".join(store.read(KEY, 70_000, 140_001)) == BODY[70_000:140_001]
    assert b"".join(store.read(KEY, len(BODY) + 5)) == b""
    for _ in range(3):
        begun = store.read(KEY)
        next(begun)
        del begun
    assert b"".join(store.read(KEY)) == BODY


def test_erasing_takes_the_object_and_what_was_half_written(store: sftp.SftpStore, root: Path, file: Path) -> None:
    store.put(KEY, Source(file))
    part(root).write_bytes(b"half")
    assert store.remove(KEY) == 2
    assert store.remove(KEY) == 0
    assert store.look(KEY) is None


def test_a_folder_that_is_not_there_needs_a_person(folders: Folders, sshd: Server, root: Path, file: Path) -> None:
    store = sftp.open_store(options(sshd, root / "unmounted"), folders)
    with pytest.raises(StoreRefusedError, match="is not there; make it"):
        store.put(KEY, Source(file))
    with pytest.raises(StoreRefusedError, match="is not there; make it"):
        list(store.list("v1/"))
    assert not (root / "unmounted").exists()
    store.close()


def test_f30_a_server_that_shows_another_key_is_refused(folders: Folders, sshd: Server, root: Path, file: Path) -> None:
    other = folders.keys / "other"
    os.system(f"ssh-keygen -q -t ed25519 -N '' -f '{other}'")
    kind, key = other.with_suffix(".pub").read_text().split()[:2]
    (folders.keys / sftp.KNOWN_HOSTS).write_text(f"[127.0.0.1]:{sshd.port} {kind} {key}\n")
    store = sftp.open_store(options(sshd, root), folders)
    with pytest.raises(StoreRefusedError, match=r"sftp\.known_hosts"):
        store.put(KEY, Source(file))


def test_f19_a_key_that_the_server_does_not_know_needs_a_person(folders: Folders, sshd: Server, root: Path) -> None:
    (folders.keys / sftp.KEY_FILE).unlink()
    os.system(f"ssh-keygen -q -t ed25519 -N '' -f '{folders.keys / sftp.KEY_FILE}'")
    store = sftp.open_store(options(sshd, root), folders)
    with pytest.raises(StoreRefusedError, match="Permission denied"):
        store.look(KEY)


@pytest.mark.parametrize("name", [sftp.KEY_FILE, sftp.KNOWN_HOSTS])
def test_a_missing_key_is_named_with_its_mend(folders: Folders, sshd: Server, root: Path, name: str) -> None:
    (folders.keys / name).unlink()
    with pytest.raises(StoreRefusedError, match=rf"{name}: is missing; .*ssh-key"):
        sftp.open_store(options(sshd, root), folders)


@needs.root
def test_f21_a_full_disk_there_says_later(folders: Folders, sshd: Server, root: Path, file: Path) -> None:
    def there(*command: str) -> None:
        subprocess.run(["nsenter", "--target", str(sshd.pid), "--mount", *command, str(root)], check=True)

    there("mount", "-t", "tmpfs", "-o", "size=256k", "none")
    try:
        store = sftp.open_store(options(sshd, root), folders)
        with pytest.raises(StoreAgainError, match="is its disk full"):
            store.put(KEY, Source(file))
        assert store.look(KEY) is None
        there("mount", "-o", "remount,size=2m")
        store.put(KEY, Source(file))
        assert b"".join(store.read(KEY)) == BODY
        store.close()
    finally:
        there("umount", "-l")


@pytest.mark.parametrize("key", ["../outside", "v1/../../outside", "/outside", ""])
def test_a_key_that_leads_outside_is_refused(store: sftp.SftpStore, file: Path, key: str) -> None:
    for ask in (lambda: store.put(key, Source(file)), lambda: list(store.read(key)), lambda: store.look(key)):
        with pytest.raises(StoreRefusedError, match="no key of ours"):
            ask()


def test_a_missing_object_is_told_from_trouble(store: sftp.SftpStore) -> None:
    with pytest.raises(MissingObjectError, match=KEY):
        list(store.read(KEY))
