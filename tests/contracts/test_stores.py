"""What every store promises, proven for each: what was put is read back, what is missing is said so, what failed is put into one of
three classes. S3 is proven against OpenStack Swift (a real server, which refuses), and against
Ceph's gateway (a real server, which ignores x-amz-checksum-sha256 and checks the signed hash alone).
"""

from __future__ import annotations

import hashlib
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from appliance import registry
from appliance.clock import SystemClock
from appliance.folders import Folders
from appliance.ledger import Ledger
from tests.bed import ceph as rados
from tests.bed import sshd as ssh
from tests.bed.between import Fault, relay
from tests.bed.ceph import ceph
from tests.bed.sshd import sshd
from tests.bed.swift import REGION, Server, swift
from uploader.delivery import DamagedCopyError, Parcel, deliver
from uploader.multipart import Progress
from uploader.source import Source
from uploader.store import MissingObjectError, Store, StoreAgainError, Stored, StoreError, StoreRefusedError
from uploader.stores import folder, s3, sftp

__all__ = ["ceph", "sshd", "swift"]

KEY = "v1/local/1/2026/09/21/aaaaaaaaaaaaaaaa-0123456789abcdef.flac.age"
BUCKET = "recordings"
KINDS = {"folder": "folder", "swift": "s3", "ceph": "s3", "sftp": "sftp"}
BODIES = {"one byte": b"x", "a megabyte and a byte": bytes(1 << 20) + b"y", "some pieces": bytes(range(256)) * 12_000}


def credentials(folders: Folders, access: str, secret: str) -> None:
    folders.keys.mkdir(parents=True, exist_ok=True)
    path = folders.keys / s3.CREDENTIALS
    path.touch(mode=0o600)
    path.write_text(f"[default]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n")


def s3_store(folders: Folders, endpoint: str, access: str = "bed", secret: str = "bed", bucket: str = BUCKET) -> s3.S3Store:
    credentials(folders, access, secret)
    return s3.open_store(s3.Options(endpoint=endpoint, bucket=bucket, connect_seconds=5, read_seconds=20), folders)


def sftp_store(folders: Folders, server: ssh.Server, name: str) -> sftp.SftpStore:
    """An empty folder of the server's."""
    folders.keys.mkdir(parents=True, exist_ok=True)
    shutil.copy(server.key, folders.keys / sftp.KEY_FILE)
    (folders.keys / sftp.KNOWN_HOSTS).write_text(server.known_hosts)
    root = server.folder / sha256(name.encode())[:20]
    root.mkdir()
    return sftp.open_store(sftp.Options(host=server.host, port=server.port, user=server.user, path=str(root)), folders)


def make_bucket(name: str, endpoint: str | None = None, access: str = "bed", secret: str = "bed", place: str = REGION) -> None:
    client = boto3.client(
        "s3", region_name=REGION, endpoint_url=endpoint, aws_access_key_id=access, aws_secret_access_key=secret
    )  # fmt: skip
    where: Any = {"CreateBucketConfiguration": {"LocationConstraint": place}} if place else {}
    client.create_bucket(Bucket=name, **where)
    client.close()


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def parcel(tmp_path: Path, body: bytes, key: str = KEY) -> Parcel:
    path = tmp_path / "parcel"
    path.write_bytes(body)
    return Parcel(key, path, sha256(body))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders.below(tmp_path / "var")


@pytest.fixture
def bucket(request: pytest.FixtureRequest, swift: Server) -> str:
    """A bucket of this test's own on Swift."""
    name = "bed-" + sha256(request.node.nodeid.encode())[:20]
    make_bucket(name, swift.endpoint, swift.access, swift.secret)
    return name


@pytest.fixture
def on_swift(folders: Folders, swift: Server, bucket: str) -> s3.S3Store:
    return s3_store(folders, swift.endpoint, swift.access, swift.secret, bucket)


@pytest.fixture
def on_ceph(request: pytest.FixtureRequest, folders: Folders, ceph: rados.Server) -> s3.S3Store:
    """A bucket of this test's own on Ceph."""
    name = "bed-" + sha256(request.node.nodeid.encode())[:20]
    make_bucket(name, ceph.endpoint, ceph.access, ceph.secret, place="")
    return s3_store(folders, ceph.endpoint, ceph.access, ceph.secret, name)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path, folders: Folders) -> Iterator[Store]:
    """An empty store of every kind."""
    if request.param == "folder":
        yield folder.open_store(folder.Options(path=str(tmp_path / "nas")), folders)
    elif request.param == "sftp":
        made = sftp_store(folders, request.getfixturevalue("sshd"), request.node.nodeid)
        yield made
        made.close()
    else:
        yield request.getfixturevalue(f"on_{request.param}")


@pytest.fixture(params=["folder", "s3", "sftp"])
def unreachable(request: pytest.FixtureRequest, tmp_path: Path, folders: Folders) -> Store:
    """A store of every kind that is not there today."""
    if request.param == "folder":
        return folder.open_store(folder.Options(path=str(tmp_path / "unplugged"), must_exist=True), folders)
    if request.param == "sftp":
        folders.keys.mkdir(parents=True)
        for name in (sftp.KEY_FILE, sftp.KNOWN_HOSTS):
            (folders.keys / name).touch(mode=0o600)
        return sftp.open_store(sftp.Options(host="127.0.0.1", port=closed_port(), user="box", path="/store"), folders)
    return s3_store(folders, f"http://127.0.0.1:{closed_port()}")


def test_every_registered_store_is_proven_here() -> None:
    assert set(registry.names("uploader.stores")) == set(KINDS.values())


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_was_put_is_looked_at_and_read_back_equal(store: Store, tmp_path: Path, body: bytes) -> None:
    store.put(KEY, parcel(tmp_path, body).source)
    assert store.look(KEY) == Stored(KEY, len(body))
    assert b"".join(store.read(KEY)) == body


def test_a_missing_object_is_told_from_trouble(store: Store) -> None:
    assert store.look(KEY) is None
    with pytest.raises(MissingObjectError, match=KEY):
        list(store.read(KEY))


def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert list(store.list("v1/local/")) == []


def test_the_list_is_by_key_and_holds_what_begins_with_the_prefix(store: Store, tmp_path: Path) -> None:
    wanted = [f"v1/local/1/2026/09/{day:02}/object" for day in range(1, 13)]
    for key in [*reversed(wanted), "v1/local2/1/other", "v1/loca", "v2/local/1/other"]:
        store.put(key, parcel(tmp_path, key.encode(), key).source)
    assert list(store.list("v1/local/")) == [Stored(key, len(key)) for key in wanted]
    assert [stored.key for stored in store.list("v1/local/1/2026/09/1")] == wanted[9:]


def test_a_file_that_cannot_be_read_leaves_nothing_under_its_key(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="gone"):
        store.put(KEY, Source(tmp_path / "gone", sha256(b"")))
    assert store.look(KEY) is None


def test_a_parcel_is_delivered_once_and_found_the_next_time(store: Store, tmp_path: Path) -> None:
    sent = parcel(tmp_path, BODIES["some pieces"])
    assert deliver(store, sent) == deliver(store, sent) == len(BODIES["some pieces"])
    assert list(store.list("v1/")) == [Stored(KEY, len(BODIES["some pieces"]))]


def test_other_bytes_under_the_key_are_never_overwritten(store: Store, tmp_path: Path) -> None:
    store.put(KEY, parcel(tmp_path, b"what was there").source)
    for other in (b"other length", b"what was HERE!"):
        with pytest.raises(DamagedCopyError, match=KEY):
            deliver(store, parcel(tmp_path, other))
    assert b"".join(store.read(KEY)) == b"what was there"


def test_a_store_that_is_not_reached_says_later_to_every_question(unreachable: Store, tmp_path: Path) -> None:
    sent = parcel(tmp_path, b"x")
    for ask in (
        lambda: unreachable.put(sent.key, sent.source),
        lambda: unreachable.look(KEY),
        lambda: list(unreachable.read(KEY)),
        lambda: list(unreachable.list("v1/")),
    ):
        with pytest.raises(StoreAgainError):
            ask()


def test_the_real_server_refuses_a_wrong_checksum(on_swift: s3.S3Store, tmp_path: Path) -> None:
    sent = parcel(tmp_path, b"what was meant")
    with pytest.raises(StoreAgainError, match="SHA256Mismatch"):
        on_swift.put(KEY, Source(sent.path, sha256(b"something else")))
    assert on_swift.look(KEY) is None


def test_a_real_server_that_ignores_checksums_refuses_what_does_not_match_the_signed_hash(
    on_ceph: s3.S3Store, tmp_path: Path
) -> None:
    sent = parcel(tmp_path, b"what was meant")
    with pytest.raises(StoreAgainError, match="SHA256Mismatch"):
        on_ceph.put(KEY, Source(sent.path, sha256(b"something else")))
    assert on_ceph.look(KEY) is None
    assert not on_ceph.dare_wrong_checksum(KEY, sent.source)


def test_a_large_object_goes_in_parts_to_each_real_server(
    on_swift: s3.S3Store, on_ceph: s3.S3Store, folders: Folders, tmp_path: Path
) -> None:
    sent = parcel(tmp_path, bytes(range(256)) * (80 << 10))
    for store in (on_swift, on_ceph):
        with Ledger.open(folders.ledger) as ledger:
            assert deliver(store, sent, Progress(ledger, SystemClock())) == sent.path.stat().st_size
        assert b"".join(store.read(KEY)) == sent.path.read_bytes()
        assert not list(store.unfinished(""))


def test_a_bit_that_flips_on_the_way_is_refused_by_the_real_server(
    folders: Folders, swift: Server, bucket: str, tmp_path: Path
) -> None:
    sent = parcel(tmp_path, b"0123456789 what was meant 0123456789")
    target = urlsplit(swift.endpoint)
    with relay(("127.0.0.1", target.port or 0), b"what was meant") as between:
        store = s3_store(folders, f"http://127.0.0.1:{between.port}", swift.access, swift.secret, bucket)
        between.let(Fault.FLIP)
        with pytest.raises(StoreAgainError, match="asks to try again"):
            deliver(store, sent)
        assert between.happened == [Fault.FLIP]
        assert store.look(KEY) is None
        assert deliver(store, sent) == len(sent.path.read_bytes())


def test_an_answer_lost_after_success_costs_nothing(folders: Folders, swift: Server, bucket: str, tmp_path: Path) -> None:
    sent = parcel(tmp_path, b"0123456789 what was meant 0123456789")
    target = urlsplit(swift.endpoint)
    with relay(("127.0.0.1", target.port or 0), b"what was meant") as between:
        store = s3_store(folders, f"http://127.0.0.1:{between.port}", swift.access, swift.secret, bucket)
        between.let(Fault.LOSE_ANSWER)
        with pytest.raises(StoreAgainError, match="not reached"):
            deliver(store, sent)
        assert between.happened == [Fault.LOSE_ANSWER]
        assert deliver(store, sent) == len(sent.path.read_bytes())
        assert list(store.list("")) == [Stored(KEY, len(sent.path.read_bytes()))]


@pytest.mark.parametrize(("access", "secret"), [("bed:tester", "wrong"), ("bed:nobody", "testing"), ("no:one", "testing")])
def test_wrong_credentials_need_a_person(
    folders: Folders, swift: Server, bucket: str, tmp_path: Path, access: str, secret: str
) -> None:
    store = s3_store(folders, swift.endpoint, access, secret, bucket)
    sent = parcel(tmp_path, b"x")
    for ask in (
        lambda: store.put(sent.key, sent.source),
        lambda: store.look(KEY),
        lambda: list(store.read(KEY)),
        lambda: list(store.list("v1/")),
    ):
        with pytest.raises(StoreRefusedError, match=s3.CREDENTIALS):
            ask()


def test_a_bucket_that_is_not_there_needs_a_person(folders: Folders, swift: Server, tmp_path: Path) -> None:
    store = s3_store(folders, swift.endpoint, swift.access, swift.secret, "nobody-made-it")
    with pytest.raises(StoreRefusedError, match="nobody-made-it"):
        deliver(store, parcel(tmp_path, b"x"))
    with pytest.raises(StoreRefusedError, match="NoSuchBucket"):
        list(store.list("v1/"))


def test_a_credentials_file_open_to_others_is_refused(folders: Folders, swift: Server) -> None:
    credentials(folders, swift.access, swift.secret)
    (folders.keys / s3.CREDENTIALS).chmod(0o640)
    with pytest.raises(StoreRefusedError, match="chmod 600"):
        s3.open_store(s3.Options(endpoint=swift.endpoint, bucket=BUCKET), folders)
