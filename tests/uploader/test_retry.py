"""A question is asked again a few times and never blindly: a put looks first, a reading goes on where it broke. Faults F11, F15, F33."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeParts, FakeStore, Trouble
from uploader.patience import TRIES
from uploader.retry import SILENT_S, Retrying
from uploader.source import Source
from uploader.store import StoreAgainError, Stored, StoreRefusedError

KEY, BODY = "v1/key", b"0123456789"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "file").write_bytes(BODY)
    return Source(tmp_path / "file")


@pytest.fixture
def below() -> FakeStore:
    return FakeStore()


@pytest.fixture
def naps() -> list[float]:
    return []


@pytest.fixture
def store(below: FakeStore, naps: list[float]) -> Retrying:
    return Retrying(below, naps.append, lambda: 0.5, lambda: 0.0)


def test_what_works_the_second_time_is_no_failure(store: Retrying, below: FakeStore, source: Source, naps: list[float]) -> None:
    for what in ("put", "look", "read", "list"):
        below.on(what, Trouble.LATER)
    store.put(KEY, source)
    assert store.look(KEY) == Stored(KEY, len(BODY))
    assert b"".join(store.read(KEY)) == BODY
    assert list(store.list("")) == [Stored(KEY, len(BODY))]
    assert len(naps) == 4


def test_f11_after_a_lost_answer_nothing_is_sent_twice(store: Retrying, below: FakeStore, source: Source) -> None:
    below.on("put", Trouble.ANSWER_LOST)
    store.put(KEY, source)
    assert [what for what, _ in below.asked] == ["put", "look"]
    assert below.objects == {KEY: BODY}


def test_a_reading_goes_on_where_it_broke(store: Retrying, below: FakeStore, source: Source) -> None:
    store.put(KEY, source)
    below.on("read", Trouble.ANSWER_LOST, times=2)
    assert b"".join(store.read(KEY)) == BODY


@pytest.mark.parametrize("what", ["look", "put", "read", "list"])
def test_after_the_last_try_the_store_has_its_word(store: Retrying, below: FakeStore, source: Source, what: str) -> None:
    below.on("look", None)
    below.on(what, Trouble.LATER, times=100)
    questions: dict[str, Callable[[], object]] = {
        "look": lambda: store.look(KEY),
        "put": lambda: store.put(KEY, source),
        "read": lambda: list(store.read(KEY)),
        "list": lambda: list(store.list("")),
    }
    with pytest.raises(StoreAgainError):
        questions[what]()
        questions[what]()
    assert sum(1 for asked, _ in below.asked if asked == what) <= 2 * TRIES


def test_a_refusal_is_not_argued_with(store: Retrying, below: FakeStore, source: Source) -> None:
    below.on("put", Trouble.REFUSED)
    with pytest.raises(StoreRefusedError):
        store.put(KEY, source)
    assert len(below.asked) == 1


def test_f15_the_pause_asked_for_is_slept_or_left_to_the_queue(
    store: Retrying, below: FakeStore, source: Source, naps: list[float]
) -> None:
    below.wait = 7.0
    below.on("put", Trouble.LATER)
    store.put(KEY, source)
    assert naps == [7.0]
    below.wait = 3600.0
    below.on("look", Trouble.LATER)
    with pytest.raises(StoreAgainError):
        store.look(KEY)
    assert naps == [7.0]


def test_f13_a_store_that_kept_us_waiting_is_not_asked_again_at_once(source: Source) -> None:
    clock = FakeClock()
    below = FakeStore(clock, seconds=SILENT_S + 1)
    below.on("look", Trouble.LATER)
    store = Retrying(below, lambda _: None, lambda: 0.5, lambda: clock.monotonic() / 1e9)
    with pytest.raises(StoreAgainError):
        store.look(KEY)
    assert len(below.asked) == 1


def test_a_part_is_sent_again_and_the_end_of_an_upload_is_not(source: Source) -> None:
    below = FakeParts()
    store = Retrying(below, lambda _: None, lambda: 0.5, lambda: 0.0)
    upload = store.begin(KEY)
    below.on("part", Trouble.ANSWER_LOST)
    tag = store.put_part(KEY, upload, 1, source)
    below.on("complete", Trouble.ANSWER_LOST)
    with pytest.raises(StoreAgainError):
        store.complete(KEY, upload, [(tag, "")])
    assert [what for what, _ in below.asked] == ["begin", "part", "part", "complete"]
