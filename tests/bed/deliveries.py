"""Many recordings sent over a line on which everything happens at random, by a process that is killed again and again; what arrives."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.folders import Folders
from appliance.jobs import NewJob, enqueue
from appliance.ledger import Ledger, append
from appliance.moments import SECOND
from appliance.records import RecordingReady
from tests.bed import ceph
from tests.bed.between import Storm
from tests.bed.program import appliance
from tests.contracts.test_stores import credentials, make_bucket, s3_store
from tests.fakes import facts
from tests.fakes.clock import START
from uploader import objects
from uploader.multipart import Progress, sweep
from uploader.stores.s3 import S3Store

SMALL, LARGE = 20_000, 6_000_000
LARGE_EVERY = 400
LIFE_S = (2.0, 8.0)
CHILD = """
import sys, time
from pathlib import Path
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from uploader.crew import Crew
from uploader.worker import Worker
box, clock = Box.at(Path(sys.argv[1])), SystemClock()
with Ledger.open(box.folders.ledger) as ledger:
    worker = Worker(box, ledger, clock)
    worker.hurry()
    worker.close()
    crew = Crew(box, clock)
    while True:
        crew.step(ledger)
        time.sleep(0.2)
"""
"""The service without its random start, so that it does something before it is killed."""


@dataclass(slots=True)
class Arrived:
    """What came of it."""

    recordings: int = 0
    megabytes: float = 0.0
    kills: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    wall_s: float = 0.0
    orphans: int = 0
    """Uploads in parts that nobody remembered, before the sweep."""
    problems: list[str] = field(default_factory=list)


def name_of(number: int) -> str:
    """An id as recordings have them."""
    digits = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(digits[number >> shift & 31] for shift in range(75, -1, -5))


def ready(folders: Folders, number: int, body: bytes) -> RecordingReady:
    """A recording of these (sealed) bytes and a small manifest, on the disk and as a record."""
    name, manifest = name_of(number), os.urandom(2000)
    day = folders.recordings / "2026/09/21"
    day.mkdir(parents=True, exist_ok=True)
    (day / f"{name}.flac.age").write_bytes(body)
    (day / f"{name}.json.age").write_bytes(manifest)
    return replace(
        facts.ready(), recording=name, call=name, file=f"2026/09/21/{name}.flac.age", manifest=f"2026/09/21/{name}.json.age",
        bytes=len(body), sealed_sha256=hashlib.sha256(body).hexdigest(), manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        sequence=number + 1,
    )  # fmt: skip


def send(folder: Path, count: int, *, chance: float, deadline_s: float, seed: int = 0) -> Arrived:
    """So many recordings to Ceph; `chance` is that of a fault for each request. Raises UnavailableError."""
    (folder / "ceph").mkdir()
    with ceph.running(folder / "ceph") as server:
        storm = Storm(("127.0.0.1", urlsplit(server.endpoint).port or 0), seed)
        try:
            return _send(folder, count, server, storm, chance, deadline_s, Random(seed))
        finally:
            storm.close()


def _send(folder: Path, count: int, server: ceph.Server, storm: Storm, chance: float, deadline_s: float, random: Random) -> Arrived:
    make_bucket("soak", server.endpoint, server.access, server.secret, place="")
    folders = Folders.below(folder / "var")
    credentials(folders, server.access, server.secret)
    (folders.data / "appliance.toml").write_text(
        f'[store]\nkind = "s3"\n[store.options]\nendpoint = "http://127.0.0.1:{storm.port}"\nbucket = "soak"\n'
        f"connect_seconds = 3\nread_seconds = 3\npart_megabytes = 5\n[sending]\nparallel = 4\n"
    )
    sent = list(_prepare(folders, count, random))
    appliance("uploader", "canary", "--data", folders.data)
    arrived, begun = Arrived(recordings=count, megabytes=sum(one.bytes for one in sent) / 1e6), time.monotonic()
    storm.chance = chance
    while _left(folders) and time.monotonic() - begun < deadline_s:
        _live(folder, folders, random.uniform(*LIFE_S))
        arrived.kills += 1
    arrived.wall_s, storm.chance = time.monotonic() - begun, 0.0
    arrived.faults = Counter(fault.name.lower() for fault in storm.happened)
    straight = s3_store(Folders.below(folder / "straight"), server.endpoint, server.access, server.secret, "soak")
    arrived.problems = list(_compare(folders, sent, straight))
    arrived.orphans = len(list(straight.unfinished("")))
    with Ledger.open(folders.ledger) as ledger:
        sweep(straight, Progress(ledger, SystemClock()), "", time.time_ns() + 7200 * SECOND)
    arrived.problems += [f"{one.key}: an unfinished upload is left" for one in straight.unfinished("")]
    return arrived


def _prepare(folders: Folders, count: int, random: Random) -> Iterator[RecordingReady]:
    with Ledger.open(folders.ledger) as ledger, ledger.transaction() as connection:
        for number in range(count):
            record = ready(folders, number, random.randbytes(LARGE if number % LARGE_EVERY == LARGE_EVERY - 1 else SMALL))
            append(connection, [record])
            enqueue(connection, [NewJob(kind="upload", subject=record.recording, body={})], START + number)
            yield record


def _live(folder: Path, folders: Folders, seconds: float) -> None:
    """One life, ended by SIGKILL, or sooner where nothing is left to do."""
    with (folder / "said").open("ab") as log:
        life = subprocess.Popen([sys.executable, "-c", CHILD, str(folders.data)], stdout=log, stderr=log)
    end = time.monotonic() + seconds
    while time.monotonic() < end and life.poll() is None and _left(folders):
        time.sleep(0.5)
    life.send_signal(signal.SIGKILL)
    if life.wait() != -signal.SIGKILL:
        raise AssertionError(f"the uploader ended by itself: {(folder / 'said').read_text('utf-8', 'replace')[-2000:]}")


def _left(folders: Folders) -> int:
    with Ledger.open(folders.ledger, readonly=True) as ledger:
        return int(ledger.connection.execute("SELECT count(*) FROM job WHERE kind = 'upload' AND state != 'done'").fetchone()[0])


def _compare(folders: Folders, sent: list[RecordingReady], store: S3Store) -> Iterator[str]:
    """Objects and recordings, byte for byte, once each."""
    site = Box.at(folders.data).config.site
    wanted: dict[str, str] = {}
    for one in sent:
        key = objects.recording_key(site.contract, one.epoch, one.started_at, one.recording, one.sealed_sha256, "flac")
        wanted |= {key: one.sealed_sha256, objects.manifest_key(key): one.manifest_sha256}
    there = {stored.key for stored in store.list("") if "/canary/" not in stored.key}
    yield from (f"{key}: is not there" for key in sorted(wanted.keys() - there))
    yield from (f"{key}: belongs to no recording" for key in sorted(there - wanted.keys()))
    for key in sorted(wanted.keys() & there):
        if hashlib.sha256(b"".join(store.read(key))).hexdigest() != wanted[key]:
            yield f"{key}: is not what was sent"
    with Ledger.open(folders.ledger) as ledger:
        rows = ledger.connection.execute("SELECT count(*), count(stored_at), count(parked) FROM recording").fetchone()
    if tuple(rows) != (len(sent), len(sent), 0):
        yield f"the ledger knows {rows[0]} recordings, {rows[1]} stored, {rows[2]} parked, of {len(sent)}"
