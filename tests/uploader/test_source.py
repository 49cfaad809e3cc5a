"""A stretch of a file leaves as it is asked for, and whoever counts is told before it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uploader.source import PIECE, Source

BODY = bytes(range(256)) * 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(BODY)
    return made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 300_000), size=st.integers(-1, 300_000), wanted=st.integers(1, 200_000))
def test_a_stretch_is_what_the_file_holds_there(path: Path, start: int, size: int, wanted: int) -> None:
    whole = BODY[start:] if size < 0 else BODY[start : start + size]
    with Source(path, start=start, size=size).open() as body:
        assert len(body) == body.size == len(whole)
        found = b"".join(iter(lambda: body.read(wanted) or b"", b""))
    assert found == whole


def test_bytes_are_announced_before_they_leave_and_never_many_at_once(path: Path) -> None:
    told: list[int] = []
    with Source(path, leaving=told.append).open() as body:
        assert b"".join(body.pieces()) == BODY
    assert sum(told) == len(BODY)
    assert max(told) <= PIECE


def test_everyone_who_counts_is_told(path: Path) -> None:
    first: list[int] = []
    second: list[int] = []
    with Source(path, leaving=first.append).metered(second.append).open() as body:
        body.read(10)
    assert first == second == [10]


def test_what_is_read_to_be_signed_does_not_leave(path: Path) -> None:
    told: list[int] = []
    with Source(path, leaving=told.append).open() as body:
        body.hush(True)
        assert body.read(1 << 20) == BODY
        body.seek(0)
        body.hush(False)
        body.read(100)
    assert told == [100]


def test_whoever_counts_can_stop_it(path: Path) -> None:
    def stop(count: int) -> None:
        raise ValueError(count)

    with Source(path, leaving=stop).open() as body, pytest.raises(ValueError, match="100"):
        body.read(100)


def test_a_file_that_shrank_gives_what_is_there(path: Path) -> None:
    with Source(path, start=len(BODY) - 5, size=1000).open() as body:
        assert body.read() == BODY[-5:]
    with Source(path, start=len(BODY) + 5, size=1000).open() as body:
        assert body.read() == b""


def test_a_file_that_is_gone_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Source(tmp_path / "gone").open()
