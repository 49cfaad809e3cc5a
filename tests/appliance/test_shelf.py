"""Files that survive: a name holds the old content or the new one, whole; and nothing is removed but what was named."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import shelf
from appliance.shelf import ShelfError
from tests import needs
from tests.fakes.processes import at_once, killed_before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def fill(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            return


# Writing


def test_a_file_appears_whole_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "2026" / "09" / "recording"
    with shelf.create(path) as file:
        file.write(b"first ")
        file.write(b"second")
        assert not path.exists()
        file.seek(0)
        assert file.read() == b"first second"
    assert path.read_bytes() == b"first second"
    assert names(path.parent) == {"recording"}


@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt(), SystemExit(1)])
@pytest.mark.parametrize("old", [None, b"old"])
def test_after_an_error_the_name_is_as_it_was_and_no_part_lies_about(
    tmp_path: Path, error: BaseException, old: bytes | None
) -> None:
    path = tmp_path / "recording"
    if old is not None:
        path.write_bytes(old)
    with pytest.raises(type(error)), shelf.create(path) as file:
        file.write(b"new")
        raise error
    assert (path.read_bytes() if path.exists() else None) == old
    assert names(tmp_path) == (set() if old is None else {"recording"})


def test_writing_again_replaces_the_whole_file(tmp_path: Path) -> None:
    shelf.write(tmp_path / "file", b"a long first content")
    shelf.write(tmp_path / "file", b"short")
    assert (tmp_path / "file").read_bytes() == b"short"


def test_a_new_file_has_its_mode_whatever_the_old_one_had(tmp_path: Path) -> None:
    for mode in (0o640, 0o600, 0o644):
        shelf.write(tmp_path / "file", b"", mode=mode)
        assert (tmp_path / "file").stat().st_mode & 0o777 == mode & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_whoever_dies_at_any_step_leaves_the_old_content_or_the_new(tmp_path: Path) -> None:
    seen = []
    for count in range(40):
        path = tmp_path / str(count) / "file"
        path.parent.mkdir()
        path.write_bytes(b"old" * 50_000)
        killed = killed_before(
            count,
            lambda path=path: shelf.write(path, b"new" * 50_000),  # type: ignore[misc]
            calls={"open", "mkdir", "write", "flush", "fsync", "rename", "close"},
        )
        seen.append(path.read_bytes())
        shelf.write(path, b"again")
        assert path.read_bytes() == b"again"
        if not killed:
            break
    assert set(seen) == {b"old" * 50_000, b"new" * 50_000}
    assert seen == sorted(seen, reverse=True)  # never the old one back after the new one


def test_processes_that_write_one_name_at_once_leave_one_of_their_contents(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for _ in range(20):
            shelf.write(tmp_path / "file", bytes([number]) * 100_000)

    at_once(4, work)
    content = (tmp_path / "file").read_bytes()
    assert (len(content), len(set(content))) == (100_000, 1)
    assert names(tmp_path) == {"file"}


def test_a_parent_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "x", tmp_path / "file" / "deep" / "x"):
        with pytest.raises(ShelfError, match=r"cannot be (written|made) \(Not a directory\); is the disk full or read-only\?"):
            shelf.write(path, b"")
    with pytest.raises(ShelfError):
        shelf.make_folder(tmp_path / "file" / "deep")


def test_a_name_that_is_a_folder_stays_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ShelfError, match="folder: cannot be written"):
        shelf.write(tmp_path / "folder", b"x")
    assert names(tmp_path) == {"folder"}


def test_a_name_too_long_for_the_disk_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ShelfError, match="File name too long"):
        shelf.write(tmp_path / ("x" * 300), b"")
    assert names(tmp_path) == set()


@needs.root
def test_a_full_disk_leaves_the_old_file_and_no_part(small_disk: Path) -> None:
    shelf.write(small_disk / "file", b"old")
    fill(small_disk)
    with pytest.raises(ShelfError, match=r"file: cannot be written \(No space left on device\); is the disk full or read-only\?"):
        shelf.write(small_disk / "file", b"new" * 50_000)
    assert (small_disk / "file").read_bytes() == b"old"
    assert names(small_disk) == {"file", "ballast"}
    (small_disk / "ballast").unlink()
    shelf.write(small_disk / "file", b"new")
    assert (small_disk / "file").read_bytes() == b"new"


@needs.root
def test_a_disk_that_turned_read_only_leaves_the_old_file(small_disk: Path) -> None:
    shelf.write(small_disk / "file", b"old")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for path in (small_disk / "file", small_disk / "new" / "file"):
        with pytest.raises(ShelfError, match="Read-only file system"):
            shelf.write(path, b"new")
    assert (small_disk / "file").read_bytes() == b"old"


# Folders


def test_folders_are_made_with_all_their_parents_and_twice_is_once(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        for _ in range(2):
            shelf.make_folder(tmp_path / "a" / "b" / "c", 0o700)
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_processes_that_make_one_folder_at_once_all_have_it(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for turn in range(50):
            shelf.make_folder(tmp_path / str(turn) / "deep" / "er")

    at_once(4, work)
    assert len(names(tmp_path)) == 150


def test_a_folder_that_is_there_can_be_synced_and_one_that_is_not_is_loud(tmp_path: Path) -> None:
    shelf.sync_folder(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        shelf.sync_folder(tmp_path / "nowhere")


# Removing


def test_removing_a_file_twice_is_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "other").write_text("")
    shelf.remove(tmp_path / "file")
    shelf.remove(tmp_path / "file")
    shelf.remove(tmp_path / "nowhere" / "file")
    assert names(tmp_path) == {"other"}


def test_removing_a_link_leaves_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to("file")
    shelf.remove(tmp_path / "link")
    assert names(tmp_path) == {"file"}


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A spool with one call in it, and things beside it that must stay."""
    for place in ("spool/tap/call", "spool/tap/other", "spool2/call", "recordings"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "file").write_text("x")
    return tmp_path / "spool"


def test_a_folder_goes_with_all_in_it_and_twice_is_once(spool: Path) -> None:
    shelf.remove_tree(spool / "tap" / "call", spool)
    shelf.remove_tree(spool / "tap" / "call", spool)
    assert names(spool) == {"tap", "tap/other", "tap/other/file"}


@pytest.mark.parametrize("outside", ["", ".", "..", "tap/..", "../recordings", "../spool2/call", "tap/../../recordings", "/"])
def test_what_does_not_lie_below_is_never_removed(spool: Path, outside: str) -> None:
    before = names(spool.parent)
    with pytest.raises(ShelfError, match="not removed"):
        shelf.remove_tree(spool / outside, spool)
    assert names(spool.parent) == before


@pytest.mark.parametrize("target", ["../../recordings", "other", "/", ".", "nowhere"])
def test_a_link_is_never_followed(spool: Path, target: str) -> None:
    (spool / "tap" / "link").symlink_to(target)
    before = names(spool.parent)
    with pytest.raises(ShelfError, match="not removed"):
        shelf.remove_tree(spool / "tap" / "link", spool)
    assert names(spool.parent) == before


def test_a_link_on_the_way_does_not_lead_outside(spool: Path) -> None:
    (spool / "away").symlink_to(spool.parent / "recordings")
    (spool.parent / "recordings" / "deep").mkdir()
    with pytest.raises(ShelfError, match="not removed"):
        shelf.remove_tree(spool / "away" / "deep", spool)
    assert (spool.parent / "recordings" / "deep").is_dir()


def test_links_inside_go_and_what_they_point_to_stays(spool: Path) -> None:
    (spool / "tap" / "call" / "link").symlink_to(spool.parent / "recordings")
    shelf.remove_tree(spool / "tap" / "call", spool)
    assert (spool.parent / "recordings" / "file").exists()


def test_a_spool_that_is_itself_reached_by_a_link_can_be_emptied(spool: Path) -> None:
    (spool.parent / "var").symlink_to(spool)
    shelf.remove_tree(spool.parent / "var" / "tap" / "call", spool.parent / "var")
    assert not (spool / "tap" / "call").exists()


def test_a_file_is_no_tree(spool: Path) -> None:
    with pytest.raises(ShelfError, match="cannot be removed"):
        shelf.remove_tree(spool / "tap" / "call" / "file", spool)
    assert (spool / "tap" / "call" / "file").exists()


# Reading


def test_half_written_files_that_nobody_touched_are_found(tmp_path: Path) -> None:
    for name, touched in (("a/.old.7.part", 100), ("a/b/.new.7.part", 300), ("a/old.flac", 100), ("a/visible.part", 100)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (touched, touched))
    assert shelf.stale_parts(tmp_path, 200) == [tmp_path / "a" / ".old.7.part"]
    assert shelf.stale_parts(tmp_path / "nowhere", 200) == []


def test_what_a_killed_writer_left_is_found_as_a_part(tmp_path: Path) -> None:
    assert killed_before(0, lambda: shelf.write(tmp_path / "file", b"x"), calls={"rename"})
    (part,) = shelf.stale_parts(tmp_path, 4e9)
    assert names(tmp_path) == {part.name}


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_the_hash_is_the_files(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "file").write_bytes(data)
    assert shelf.sha256_of(tmp_path / "file") == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(ShelfError, match=r"cannot be read \("):
        shelf.sha256_of(tmp_path / name)


@needs.root
def test_free_space_is_what_is_left_on_that_disk(small_disk: Path) -> None:
    before = shelf.free_bytes(small_disk / "not" / "yet" / "there")
    (small_disk / "file").write_bytes(bytes(512 * 1024))
    assert shelf.free_bytes(small_disk) == before - 512 * 1024
    fill(small_disk)
    assert shelf.free_bytes(small_disk) == 0


def test_free_space_of_a_relative_name_is_that_of_the_present_folder() -> None:
    assert shelf.free_bytes(Path("not-there-yet")) > 0
