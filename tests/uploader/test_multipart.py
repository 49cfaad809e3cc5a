"""A large object survives any death: what arrived is not sent again, nothing is left at the store. Faults F5, F11, F28, F29, F33."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.moments import SECOND
from tests.bed.recorded import TOUCHES
from tests.fakes.clock import FakeClock
from tests.fakes.processes import killed_before
from tests.fakes.store import FakeParts, Trouble
from uploader.delivery import Parcel, deliver
from uploader.hands import MORE, QUICK_S, Hands
from uploader.multipart import GRACE, Progress, sweep
from uploader.source import Source
from uploader.store import StoreAgainError, StoreError
from uploader.stores.folder import FolderStore

KEY = "v1/local/1/2026/09/21/aaaaaaaaaaaaaaaa-0123456789abcdef.flac.age"
PART = 1000
BODY = bytes(range(256)) * 20


@pytest.fixture
def store(clock: FakeClock) -> FakeParts:
    return FakeParts(clock, PART)


@pytest.fixture
def progress(ledger: Ledger, clock: FakeClock) -> Progress:
    return Progress(ledger, clock)


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    return made(tmp_path, BODY)


def made(folder: Path, body: bytes) -> Parcel:
    path = folder / "large"
    path.write_bytes(body)
    return Parcel(KEY, path, hashlib.sha256(body).hexdigest())


def parts_sent(store: FakeParts) -> list[str]:
    return [key.rpartition("#")[2] for what, key in store.asked if what == "part"]


def rows(ledger: Ledger) -> int:
    return int(ledger.connection.execute("SELECT (SELECT count(*) FROM upload) + (SELECT count(*) FROM part)").fetchone()[0])


def test_a_large_object_goes_in_parts_and_a_small_one_whole(
    store: FakeParts, progress: Progress, tmp_path: Path, ledger: Ledger
) -> None:
    assert deliver(store, made(tmp_path, BODY), progress) == len(BODY)
    assert store.objects[KEY] == BODY
    assert parts_sent(store) == [str(number) for number in range(1, 7)]
    assert rows(ledger) == 0
    small = Parcel("small", *made(tmp_path, BODY[:PART])[1:])
    deliver(store, small, progress)
    assert ("put", "small") in store.asked


@pytest.mark.parametrize("part", [1, 3, 6])
def test_f33_a_line_that_breaks_costs_one_part(store: FakeParts, progress: Progress, parcel: Parcel, part: int) -> None:
    store.on("part", None, times=part - 1)
    store.on("part", Trouble.LATER)
    with pytest.raises(StoreAgainError):
        deliver(store, parcel, progress)
    deliver(store, parcel, progress)
    assert sorted(parts_sent(store)) == sorted([*"123456", str(part)])
    assert store.objects[KEY] == BODY
    assert store.uploads == {}


def test_f11_an_end_whose_answer_was_lost_is_found_by_looking(
    store: FakeParts, progress: Progress, parcel: Parcel, ledger: Ledger
) -> None:
    store.on("complete", Trouble.ANSWER_LOST)
    with pytest.raises(StoreAgainError):
        deliver(store, parcel, progress)
    deliver(store, parcel, progress)
    assert parts_sent(store) == list("123456")
    assert (rows(ledger), store.uploads) == (0, {})


def test_f29_an_upload_that_the_store_no_longer_knows_is_begun_anew(
    store: FakeParts, progress: Progress, parcel: Parcel, ledger: Ledger
) -> None:
    store.on("part", None, times=2)
    store.on("part", Trouble.LATER)
    with pytest.raises(StoreAgainError):
        deliver(store, parcel, progress)
    store.uploads.clear()
    with pytest.raises(StoreAgainError, match="gone from the store"):
        deliver(store, parcel, progress)
    deliver(store, parcel, progress)
    assert store.objects[KEY] == BODY
    assert rows(ledger) == 0


def test_f05_what_was_begun_for_other_bytes_is_superseded_and_aborted(store: FakeParts, progress: Progress, tmp_path: Path) -> None:
    store.on("part", None)
    store.on("part", Trouble.LATER)
    with pytest.raises(StoreAgainError):
        deliver(store, made(tmp_path, BODY), progress)
    (old,) = store.uploads
    deliver(store, made(tmp_path, BODY + b"more"), progress)
    assert old not in store.uploads
    assert store.uploads == {}
    assert store.objects[KEY] == BODY + b"more"


def test_f05_an_upload_without_a_row_is_swept_and_one_with_a_row_is_not(
    store: FakeParts, progress: Progress, parcel: Parcel, clock: FakeClock
) -> None:
    store.on("part", Trouble.LATER)
    with pytest.raises(StoreAgainError):
        deliver(store, parcel, progress)
    (ours,) = store.uploads
    orphan = store.begin("v1/local/1/orphan")
    others = store.begin("v1/other/1/orphan")
    assert sweep(store, progress, "v1/local/1/", clock.now()) == 0, "it may be another process's that is about to write its row"
    clock.forward(GRACE / SECOND + 1)
    assert sweep(store, progress, "v1/local/1/", clock.now()) == 1
    assert orphan not in store.uploads
    assert set(store.uploads) == {ours, others}


def test_a_store_that_shows_no_unfinished_uploads_is_left_alone(store: FakeParts, progress: Progress) -> None:
    store.on("unfinished", Trouble.REFUSED)
    assert sweep(store, progress, "v1/", 0) == 0


class FolderOfParts(FolderStore):
    """A store with parts whose state survives the process that sends: a folder with a folder for each upload."""

    def __init__(self, root: Path) -> None:
        super().__init__(root / "objects", must_exist=False)
        self._begun = root / "begun"

    def part_bytes(self, size: int) -> int:
        return PART if size > PART else 0

    def begin(self, key: str) -> str:
        name = str(len(list(self._begun.glob("*"))))
        (self._begun / name).mkdir(parents=True)
        return name

    def put_part(self, key: str, upload: str, number: int, source: Source) -> str:
        with source.open() as body, (self._begun / upload / str(number)).open("wb") as file:
            file.write(body.read())
        with (self._begun / "sent").open("a") as file:
            file.write(f"{number}\n")
        return str(number)

    def complete(self, key: str, upload: str, parts: list[tuple[str, str]]) -> None:
        whole = b"".join((self._begun / upload / tag).read_bytes() for tag, _ in parts)
        (self._begun / "whole").write_bytes(whole)
        super().put(key, Source(self._begun / "whole"))

    def abort(self, key: str, upload: str) -> None:
        (self._begun / upload).rename(self._begun / f"aborted-{upload}")

    def unfinished(self, prefix: str) -> Iterator[object]:
        return iter(())


def test_f05_killed_between_any_two_steps_it_goes_on_from_there(tmp_path: Path) -> None:
    parcel = made(tmp_path, BODY)
    finished = 0
    for touch in range(0, 300, 13):
        root = tmp_path / str(touch)
        box = Box.at(root / "var")
        Ledger.open(box.folders.ledger).close()

        def run(box: Box = box, root: Path = root) -> None:
            with Ledger.open(box.folders.ledger) as ledger:
                deliver(FolderOfParts(root), parcel, Progress(ledger, FakeClock()))

        finished += not killed_before(touch, partial(run), calls=TOUCHES)
        run()
        sent = (root / "begun" / "sent").read_text().split()
        assert b"".join(FolderOfParts(root).read(KEY)) == BODY
        assert len(sent) <= 6 + 6
        assert len([number for number in set(sent) if sent.count(number) > 1]) <= 6
        with Ledger.open(box.folders.ledger) as ledger:
            assert rows(ledger) == 0
    assert finished, "the last ones live to the end"


def test_f28_no_object_has_more_parts_than_a_store_takes(tmp_path: Path) -> None:
    from appliance.folders import Folders
    from uploader.stores import s3

    folders = Folders.below(tmp_path / "var")
    folders.keys.mkdir(parents=True)
    (folders.keys / s3.CREDENTIALS).touch(mode=0o600)
    (folders.keys / s3.CREDENTIALS).write_text("[default]\naws_access_key_id = A\naws_secret_access_key = B\n")
    store = s3.open_store(s3.Options(bucket="bucket"), folders)
    for size in (1, 8 << 20, (8 << 20) + 1, 10_000 * (8 << 20) + 1, 5 << 40):
        part = store.part_bytes(size)
        assert (part == 0) == (size <= 8 << 20)
        assert not part or -(-size // part) <= 10_000
        assert part in (0, 8 << 20) or size > 10_000 * (8 << 20)


@pytest.mark.parametrize("what", ["begin", "part", "complete"])
@pytest.mark.parametrize("trouble", [Trouble.LATER, Trouble.REFUSED, Trouble.ANSWER_LOST])
def test_whatever_goes_wrong_once_the_object_arrives_once(
    store: FakeParts, progress: Progress, parcel: Parcel, clock: FakeClock, what: str, trouble: Trouble
) -> None:
    store.on(what, trouble)
    for _ in range(4):
        try:
            deliver(store, parcel, progress)
        except StoreError:
            continue
    clock.forward(GRACE / SECOND + 1)
    sweep(store, progress, "v1/", clock.now())
    assert store.objects == {KEY: BODY}
    assert store.uploads == {}


class Meeting(FakeParts):
    """Nobody's part is through before this many have come together."""

    def __init__(self, together: int) -> None:
        super().__init__(None, PART)
        self.barrier = threading.Barrier(together)

    def put_part(self, key: str, upload: str, number: int, source: Source) -> str:
        if number <= self.barrier.parties:
            self.barrier.wait(30)
        return super().put_part(key, upload, number, source)


def test_parts_leave_together_as_far_as_hands_are_free(progress: Progress, parcel: Parcel, ledger: Ledger) -> None:
    store, hands = Meeting(3), Hands(3)
    told: list[tuple[int, int]] = []
    with hands.own():
        deliver(store, parcel, progress, lambda count: told.append((threading.get_ident(), count)), hands=hands)
        hands.took(QUICK_S)
        assert hands.lend() and hands.lend() and not hands.lend(), "all of them came back"
    assert store.objects == {KEY: BODY}
    assert {thread for thread, _ in told} == {threading.get_ident()}, "the lease is kept in the ledger's thread"
    assert sum(count for _, count in told) == 2 * len(BODY), "sent, and read back"
    assert rows(ledger) == 0


def test_with_no_hand_free_parts_leave_one_after_the_other(progress: Progress, parcel: Parcel) -> None:
    store, hands = FakeParts(None, PART), Hands(2)
    with hands.own(), hands.own(), hands.own(), hands.own(), hands.own(), hands.own(), hands.own(), hands.own():
        deliver(store, parcel, progress, hands=hands)
    assert [key for what, key in store.asked if what == "part"] == [f"{KEY}#{number}" for number in range(1, 7)]


class OneFails(Meeting):
    """The second part fails once, when the others are under way."""

    failed = False

    def put_part(self, key: str, upload: str, number: int, source: Source) -> str:
        if number == 2 and not self.failed:
            self.failed = True
            self.barrier.wait(30)
            raise StoreAgainError("the line broke")
        return (
            super().put_part(key, upload, number, source)
            if not self.barrier.broken
            else FakeParts.put_part(self, key, upload, number, source)
        )


def test_f33_where_one_part_fails_those_under_way_arrive_and_are_not_sent_again(
    progress: Progress, parcel: Parcel, ledger: Ledger
) -> None:
    store, hands = OneFails(3), Hands(3)
    with pytest.raises(StoreAgainError, match="the line broke"), hands.own():
        deliver(store, parcel, progress, hands=hands)
    noted = set(progress.tags(KEY))
    assert {1, 3} <= noted and 2 not in noted
    store.barrier.abort()
    with hands.own():
        deliver(store, parcel, progress, hands=hands)
        hands.took(QUICK_S)
        assert hands.lend() and hands.lend() and not hands.lend()
    sent = [key for what, key in store.asked if what == "part"]
    assert len(sent) == len(set(sent)) == 6, "no part was sent twice"
    assert store.objects == {KEY: BODY} and store.uploads == {} and rows(ledger) == 0


def test_where_another_process_has_taken_the_job_no_more_parts_leave(progress: Progress, tmp_path: Path) -> None:
    parcel = made(tmp_path, BODY * 10)
    store, hands = FakeParts(None, PART), Hands(2)

    def lost(count: int) -> None:
        raise StoreAgainError("another process sends it now")

    with pytest.raises(StoreAgainError, match="another process"), hands.own():
        deliver(store, parcel, progress, lost, hands=hands)
    assert store.objects == {}
    assert len([key for what, key in store.asked if what == "part"]) <= 2 * MORE, "those that were under way"
