"""Files are appended to whole and in order, however few of them may be open at once."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from capture.handles import MOST, Handles


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def open_files(below: Path) -> set[str]:
    return {
        str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink() and below in link.readlink().parents
    }


def test_pieces_are_appended_to_the_file_of_their_call(tmp_path: Path) -> None:
    files = Handles(tmp_path)
    files.append("a", "one", [b"1", b"", b"2"])
    files.append("b", "one", [b"3"])
    files.append("a", "one", [b"4"])
    files.close()
    assert content(tmp_path) == {"a/one": b"124", "b/one": b"3"}
    assert not open_files(tmp_path)


def test_more_files_than_may_be_open_lose_nothing(tmp_path: Path) -> None:
    files = Handles(tmp_path, most=10)
    for part in (b"x", b"y"):
        for number in range(40):
            files.append(f"call{number % 7}", f"{number}", [part])
            assert len(files) == len(open_files(tmp_path)) <= 10
    files.close()
    assert set(content(tmp_path).values()) == {b"xy"}
    assert len(content(tmp_path)) == 40


def test_the_file_least_written_to_is_the_one_that_is_closed(tmp_path: Path) -> None:
    files = Handles(tmp_path, most=5)
    for number in range(20):
        files.append("busy", "file", [b"x"])
        files.append("other", str(number), [b"x"])
    assert str(tmp_path / "busy/file") in open_files(tmp_path)
    assert str(tmp_path / "other/0") not in open_files(tmp_path)
    files.close()


def test_a_closed_call_holds_no_file_open_and_can_be_written_again(tmp_path: Path) -> None:
    files = Handles(tmp_path)
    files.append("a", "one", [b"1"])
    files.append("a", "two", [b"2"])
    files.append("b", "one", [b"3"])
    files.close_call("a")
    files.close_call("never seen")
    assert open_files(tmp_path) == {str(tmp_path / "b/one")}
    files.append("a", "one", [b"4"])
    files.close()
    assert content(tmp_path)["a/one"] == b"14"


def test_what_a_full_disk_refuses_is_said_and_the_file_is_opened_anew(tmp_path: Path) -> None:
    files = Handles(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").symlink_to("/dev/full")
    with pytest.raises(OSError) as refused:
        files.append("full", "file", [b"x"])
    assert refused.value.errno == errno.ENOSPC
    assert len(files) == 0
    files.append("full", "other", [b"y"])
    files.close()


def test_nearly_all_that_the_system_allows_may_be_open(tmp_path: Path) -> None:
    assert 16 <= Handles(tmp_path)._most <= MOST
