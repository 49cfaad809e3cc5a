"""The vault: sealing beside the age tool, sending beside rclone with crypt (Debian's) to one server in one run, a backlog of 500,000."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import boto3

from appliance.folders import Folders
from appliance.jobs import NewJob, enqueue
from appliance.keys import Identity, save_identity
from appliance.ledger import Ledger, append
from benchmarks.measure import Cost, run
from tests.bed.deliveries import name_of, ready
from tests.bed.swift import REGION, Server, UnavailableError, running
from tests.bed.unpacked import UnavailableError as UnpackedError
from tests.bed.unpacked import unpacked
from tests.fakes.clock import START

SEAL_MB, BACKLOG = 512, 500_000


class Load(NamedTuple):
    """Files of one size."""

    name: str
    files: int
    size: int


LOADS = (Load("small", 200, 200_000), Load("large", 6, 50_000_000))

SEAL = """
import sys
from pathlib import Path
from appliance.keys import Recipient
from appliance.sealed import SealingFile
with open(sys.argv[2], "rb") as clear, open(sys.argv[3], "w+b") as file, SealingFile(file, [Recipient.parse("me", sys.argv[1])]) as sealing:
    while piece := clear.read(1 << 20):
        sealing.write(piece)
"""
START_UP = """
import sys, time
begun = time.monotonic()
from pathlib import Path
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.service import resident_megabytes
from uploader.crew import Crew
from uploader.worker import Worker
box = Box.at(Path(sys.argv[1]))
with Ledger.open(box.folders.ledger) as ledger:
    worker = Worker(box, ledger, SystemClock())
    worker.hurry()
    assert worker.one()
    first = time.monotonic() - begun
    for _ in range(50):
        worker.one()
    print(f"{first:.2f} {(time.monotonic() - begun - first) / 50 * 1000:.1f} {resident_megabytes():.0f}")
"""


def lines(scale: float = 1.0) -> Iterator[str]:
    """The tables; `scale` below 1 makes everything smaller, to see that it runs."""
    with tempfile.TemporaryDirectory() as folder:
        yield from sealing(Path(folder), max(1, round(SEAL_MB * scale)))
        yield ""
        yield from sending(Path(folder), scale)
        yield ""
        yield from backlog(Path(folder), max(100, round(BACKLOG * scale)))


def sealing(folder: Path, megabytes: int) -> Iterator[str]:
    """MB per CPU second of sealing to one recipient."""
    clear, identity = folder / "clear", Identity.new("me")
    with clear.open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(1 << 20))
    yield f"Sealing {megabytes} MiB to one recipient"
    yield ""
    yield "| program | CPU s | MB per CPU s | peak MB |"
    yield "| --- | --- | --- | --- |"
    programs = {"ours (streaming)": [sys.executable, "-c", SEAL, str(identity.recipient), str(clear), str(folder / "ours.age")]}
    if shutil.which("age"):
        programs["age"] = ["age", "-r", str(identity.recipient), "-o", str(folder / "age.age"), str(clear)]
    for name, command in programs.items():
        cost = run(command)
        yield f"| {name} | {cost.cpu:.2f} | {megabytes * 1.048576 / cost.cpu:,.0f} | {cost.peak_mb:.0f} |"
    clear.unlink()


def sending(folder: Path, scale: float) -> Iterator[str]:
    """Upload beside rclone, to one Swift in one run."""
    yield "Sending to OpenStack Swift on this machine (its CPU is counted for neither), a manifest of 2 kB with each; checksums are proven"
    yield ""
    yield "| files | program | MB/s | wall s | CPU s | MB per CPU s | peak MB |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    (folder / "swift").mkdir()
    try:
        with running(folder / "swift") as server:
            for load in LOADS:
                smaller = load._replace(
                    files=max(1, round(load.files * scale)), size=max(20_000, round(load.size * min(1, scale * 4)))
                )
                yield from _one_load(folder / load.name, smaller, server)
    except UnavailableError as error:
        yield f"| – | {error} | | | | | |"


def _one_load(folder: Path, load: Load, server: Server) -> Iterator[str]:
    (folder / "files").mkdir(parents=True)
    ours = _ours(folder, [os.urandom(load.size) for _ in range(load.files)], server)
    programs = {"ours": ours}
    with suppress(UnpackedError):
        rclone = shutil.which("rclone") or str(unpacked("rclone", "rclone") / "usr/bin/rclone")
        words = _rclone(folder, rclone, server)
        programs["rclone copy, crypt"] = [*words, "copy", str(folder / "files"), "crypt:"]
        programs["rclone cryptcheck after it"] = [*words, "cryptcheck", str(folder / "files"), "crypt:"]
    programs["ours, everything read back"] = _read_back(folder, ours, server)
    total = load.files * load.size / 1e6
    for name, command in programs.items():
        cost = _cost(command)
        yield (
            f"| {load.files} × {load.size / 1e6:g} MB | {name} | {total / cost.wall:.1f} | {cost.wall:.1f} | {cost.cpu:.2f} | "
            f"{total / cost.cpu:.0f} | {cost.peak_mb:.0f} |"
        )


def _cost(command: list[str]) -> Cost:
    try:
        return run(command)
    except subprocess.CalledProcessError as error:
        said = subprocess.run(command, capture_output=True, text=True)
        raise RuntimeError(f"{command[0]} failed: {said.stderr[-1000:]}") from error


def _bucket(name: str, server: Server) -> str:
    client = boto3.client(
        "s3", region_name=REGION, endpoint_url=server.endpoint, aws_access_key_id=server.access, aws_secret_access_key=server.secret
    )  # fmt: skip
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    client.close()
    return name


def _ours(folder: Path, bodies: list[bytes], server: Server) -> list[str]:
    """A box on which these files wait to be stored; the command that stores them."""
    data = folder / "var"
    folders = Folders.below(data)
    folders.keys.mkdir(parents=True)
    credentials = folders.keys / "s3.credentials"
    credentials.touch(mode=0o600)
    credentials.write_text(f"[default]\naws_access_key_id = {server.access}\naws_secret_access_key = {server.secret}\n")
    bucket = _bucket(f"ours-{folder.name}", server)
    (data / "appliance.toml").write_text(
        f'[store]\nkind = "s3"\n[store.options]\nendpoint = "{server.endpoint}"\nbucket = "{bucket}"\n[sending]\nparallel = 4\n'
    )
    with Ledger.open(folders.ledger) as ledger, ledger.transaction() as connection:
        for number, body in enumerate(bodies):
            record = ready(folders, number, body)
            for path in (record.file, record.manifest):
                shutil.copy(folders.recordings / path, folder / "files")
            append(connection, [record])
            enqueue(connection, [NewJob(kind="upload", subject=name_of(number), body={})], number)
    program = [sys.executable, "-m", "appliance", "uploader"]
    subprocess.run([*program, "canary", "--data", str(data)], check=True, capture_output=True)
    return [*program, "run", "--once", "--data", str(data)]


def _read_back(folder: Path, ours: list[str], server: Server) -> list[str]:
    """The same box again, with a bucket of its own, told to read back whatever it sent."""
    data, again = folder / "var", folder / "again"
    shutil.copytree(data, again)
    text = (again / "appliance.toml").read_text().replace(f"ours-{folder.name}", _bucket(f"again-{folder.name}", server))
    (again / "appliance.toml").write_text(f'{text}read_back = "always"\n')
    return [*ours[:-1], str(again)]


def _rclone(folder: Path, program: str, server: Server) -> list[str]:
    """rclone's words for an encrypted remote on the same server."""
    bucket = _bucket(f"rclone-{folder.name}", server)
    secret = subprocess.run([program, "obscure", "secret"], capture_output=True, text=True, check=True).stdout.strip()
    settings = folder / "rclone.conf"
    settings.write_text(
        f"[swift]\ntype = s3\nprovider = Other\nendpoint = {server.endpoint}\nregion = {REGION}\n"
        f"access_key_id = {server.access}\nsecret_access_key = {server.secret}\nforce_path_style = true\n"
        f"[crypt]\ntype = crypt\nremote = swift:{bucket}\npassword = {secret}\n"
    )
    return ["env", "-u", "AWS_CA_BUNDLE", program, "--config", str(settings), "--transfers", "4", "--quiet"]


def backlog(folder: Path, count: int) -> Iterator[str]:
    """Start-up and memory of a worker in front of a backlog; what is queued is about nothing, so that the queue alone is measured."""
    data = folder / "backlog"
    folders = Folders.below(data)
    save_identity(folders.keys / "playback.key", Identity.new("playback"), START)
    with Ledger.open(folders.ledger) as ledger:
        for begin in range(0, count, 50_000):
            with ledger.transaction() as connection:
                many = range(begin, min(count, begin + 50_000))
                enqueue(connection, (NewJob(kind="upload", subject=name_of(number), body={}) for number in many), begin)
    said = subprocess.run([sys.executable, "-c", START_UP, str(data)], capture_output=True, text=True, check=True).stdout.split()
    yield f"A backlog of {count:,} uploads"
    yield ""
    yield "| first upload claimed after s | each further one, ms | resident MB |"
    yield "| --- | --- | --- |"
    yield f"| {said[0]} | {said[1]} | {said[2]} |"
