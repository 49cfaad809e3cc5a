"""Faults between the box and a real server (OpenStack Swift), each by its number in `storage-facts.md`: the object arrives once, whole.

Which test proves which fault is listed in `tests/uploader/FAULTS.md`.
"""

from __future__ import annotations

import hashlib
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from appliance.clock import SystemClock
from appliance.folders import Folders
from appliance.ledger import Ledger
from tests.bed.between import Fault, Relay, relay
from tests.bed.swift import Server, swift
from tests.contracts.test_stores import credentials, make_bucket, s3_store
from tests.fakes.store import FakeStore, Trouble
from uploader import objects
from uploader.delivery import Parcel, deliver
from uploader.multipart import Progress
from uploader.retry import Retrying
from uploader.source import Source
from uploader.store import Store, StoreAgainError, Stored, StoreError
from uploader.stores import s3
from uploader.throttle import Meter, Throttled

__all__ = ["swift"]

KEY = "v1/local/1/2026/09/21/aaaaaaaaaaaaaaaa-0123456789abcdef.flac.age"
MARK = b"MARKED"
PART = 5 << 20
TRIES = 12


class Line:
    """The way to a bucket of this test's own: a relay that can be told to fail, and the store at its end."""

    def __init__(self, folder: Path, server: Server, between: Relay, bucket: str) -> None:
        self.between = between
        self.folders = Folders.below(folder / "var")
        credentials(self.folders, server.access, server.secret)
        self.endpoint = f"http://127.0.0.1:{between.port}"
        self.bucket = bucket
        self.store = s3.open_store(self.options, self.folders)
        self.straight = s3_store(Folders.below(folder / "straight"), server.endpoint, server.access, server.secret, bucket)

    @property
    def options(self) -> s3.Options:
        return s3.Options(endpoint=self.endpoint, bucket=self.bucket, connect_seconds=3, read_seconds=3, part_megabytes=5)


@pytest.fixture
def line(request: pytest.FixtureRequest, tmp_path: Path, swift: Server) -> Iterator[Line]:
    bucket = "faults-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]
    make_bucket(bucket, swift.endpoint, swift.access, swift.secret)
    with relay(("127.0.0.1", urlsplit(swift.endpoint).port or 0), MARK) as between:
        yield Line(tmp_path, swift, between, bucket)


@pytest.fixture
def progress(line: Line) -> Iterator[Progress]:
    with Ledger.open(line.folders.ledger) as ledger:
        yield Progress(ledger, SystemClock())


def parcel(folder: Path, size: int, key: str = KEY) -> Parcel:
    """A file with the marker in its first kilobyte and in each part."""
    body = bytearray(random.Random(size).randbytes(size))
    for at in range(100, size - len(MARK), PART):
        body[at : at + len(MARK)] = MARK
    path = folder / f"parcel{size}"
    path.write_bytes(body)
    return Parcel(key, path, hashlib.sha256(body).hexdigest())


def persist(store: Store, sent: Parcel, progress: Progress | None = None) -> int:
    """Deliver as the queue would: again and again; returns how many tries it took."""
    for number in range(1, TRIES):
        try:
            deliver(store, sent, progress)
        except StoreAgainError:
            continue
        return number
    raise AssertionError("never arrived")


def whole(line: Line, sent: Parcel) -> bool:
    """Exactly this object is there, and no unfinished part."""
    there = list(line.straight.list("")) == [Stored(sent.key, sent.path.stat().st_size)]
    return there and b"".join(line.straight.read(sent.key)) == sent.path.read_bytes() and not list(line.straight.unfinished(""))


FAULTS = {
    "f09_a_bit_that_flips": Fault.FLIP,
    "f10_a_request_that_is_cut": Fault.CUT,
    "f11_an_answer_that_is_lost": Fault.LOSE_ANSWER,
    "f13_a_line_that_swallows": Fault.SWALLOW,
    "f15_a_server_that_is_busy": Fault.BUSY,
    "f29_an_error_in_a_200": Fault.ERROR_IN_200,
    "f30_a_sign_in_page": Fault.PORTAL,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_small_object_survives(line: Line, tmp_path: Path, fault: Fault) -> None:
    sent = parcel(tmp_path, 40_000)
    line.between.let(fault)
    persist(line.store, sent)
    assert line.between.happened == [fault]
    assert whole(line, sent)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_large_object_survives_and_sends_little_twice(line: Line, tmp_path: Path, progress: Progress, fault: Fault) -> None:
    sent = parcel(tmp_path, 2 * PART + 1000)
    line.between.let(fault)
    persist(line.store, sent, progress)
    assert line.between.happened == [fault]
    assert whole(line, sent)


def test_f10_an_answer_that_is_cut_goes_on_where_it_was(line: Line, tmp_path: Path) -> None:
    sent = parcel(tmp_path, 3_000_000)
    line.straight.put(sent.key, sent.source)
    line.between._marker = b"GET /"  # the question itself is marked
    line.between.let(Fault.CUT_ANSWER)
    read = b"".join(Retrying(line.store, lambda _: None).read(sent.key))
    assert line.between.happened == [Fault.CUT_ANSWER]
    assert read == sent.path.read_bytes()


def test_f14_a_slow_line_is_no_dead_line(line: Line, tmp_path: Path) -> None:
    sent = parcel(tmp_path, 1_500_000)
    line.between.rate = 250_000.0  # six seconds, twice the time-out
    began = time.monotonic()
    line.store.put(sent.key, sent.source)
    assert time.monotonic() - began > 3, "the rate was kept"
    assert whole(line, sent)


def test_f32_the_limit_holds_on_the_wire(line: Line, tmp_path: Path) -> None:
    sent = parcel(tmp_path, 400_000)
    left: list[int] = []
    naps: list[float] = []
    meter = Meter(100_000, (), sleep=naps.append, monotonic=lambda: sum(naps))
    Throttled(line.store, meter).put(sent.key, Source(sent.path, sent.sha256, leaving=left.append))
    assert sum(left) == 400_000, "what is read to be signed is not counted"
    assert 3.0 <= sum(naps) <= 4.2
    assert whole(line, sent)


def test_f33_a_flapping_line_gets_every_part_there_in_the_end(line: Line, tmp_path: Path, progress: Progress) -> None:
    sent = parcel(tmp_path, 3 * PART)
    faults = [Fault.CUT, Fault.LOSE_ANSWER, Fault.BUSY, Fault.CUT]
    tries = 0
    for fault in faults:
        line.between.let(fault)
        tries += 1
        try:
            deliver(line.store, sent, progress)
        except StoreAgainError:
            continue
    persist(line.store, sent, progress)
    assert whole(line, sent)


def test_f17_what_the_server_refuses_is_no_reason_to_try_for_ever(line: Line, tmp_path: Path) -> None:
    sent = parcel(tmp_path, 1000, key="k" * 2000)
    with pytest.raises(StoreError) as raised:
        deliver(line.store, sent)
    assert not isinstance(raised.value, StoreAgainError)


SENDER = """
import sys
from pathlib import Path
from appliance.clock import SystemClock
from appliance.folders import Folders
from appliance.ledger import Ledger
from uploader.delivery import Parcel, deliver
from uploader.multipart import Progress
from uploader.stores import s3
data, endpoint, bucket, key, path, sha256 = sys.argv[1:]
folders = Folders.below(Path(data))
store = s3.open_store(s3.Options(endpoint=endpoint, bucket=bucket, connect_seconds=10, read_seconds=30, part_megabytes=5), folders)
with Ledger.open(folders.ledger) as ledger:
    deliver(store, Parcel(key, Path(path), sha256), Progress(ledger, SystemClock()))
"""


def test_f05_killed_in_every_part_the_next_life_sends_what_is_missing(line: Line, tmp_path: Path) -> None:
    sent = parcel(tmp_path, 4 * PART)
    Ledger.open(line.folders.ledger).close()
    command = [
        sys.executable, "-c", SENDER, str(line.folders.data), line.endpoint, line.bucket, sent.key, str(sent.path), sent.sha256,
    ]  # fmt: skip
    arrived = []
    line.between.rate = 8e6
    for _ in range(3):
        arrived.append(killed_after_a_part(line, command))
    assert arrived == sorted(arrived)
    assert arrived[-1] >= 3, "no life began anew"
    line.between.rate = 0.0
    subprocess.run(command, check=True, timeout=60)
    assert whole(line, sent)
    assert parts(line) == 0


def killed_after_a_part(line: Line, command: list[str]) -> int:
    """Let it send one part more and kill it; returns how many parts the ledger knows."""
    before = parts(line)
    process = subprocess.Popen(command)
    wait(lambda: parts(line) > before or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return parts(line)


def parts(line: Line) -> int:
    """How many parts the ledger knows."""
    with Ledger.open(line.folders.ledger, readonly=True) as ledger:
        return int(ledger.connection.execute("SELECT count(*) FROM part").fetchone()[0])


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_f12_an_object_that_appears_late_is_found_at_the_next_try(tmp_path: Path) -> None:
    sent, store = parcel(tmp_path, 1000), FakeStore()
    store.on("read", Trouble.MISSING)
    with pytest.raises(StoreError):
        deliver(store, sent)
    deliver(store, sent)
    assert [what for what, _ in store.asked].count("put") == 1


def test_f24_two_boxes_of_one_contract_never_share_a_key(tmp_path: Path) -> None:
    keys = {objects.recording_key("c", epoch, 0, "a" * 16, "b" * 64, "flac") for epoch in (1, 2)}
    assert len(keys) == 2
    assert objects.box_prefix("c", 1) != objects.box_prefix("c", 2)


def test_every_fault_is_in_the_list() -> None:
    text = Path(__file__).with_name("FAULTS.md").read_text("utf-8")
    assert all(f"| F{number} |" in text for number in range(1, 41))


def test_every_test_that_the_list_names_exists() -> None:
    root = Path(__file__).parents[2]
    text = Path(__file__).with_name("FAULTS.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert named
    for file, test in named:
        assert f"def {test}" in (root / file).read_text("utf-8"), f"{file}::{test}"
