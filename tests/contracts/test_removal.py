"""What a store that can erase promises: every version, marker and unfinished part of just this key goes; twice is no error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import moto
import pytest

from appliance.folders import Folders
from tests.bed.swift import REGION
from tests.contracts.test_stores import (
    BUCKET,
    KEY,
    bucket,
    ceph,
    folders,
    make_bucket,
    on_ceph,
    on_swift,
    parcel,
    s3_store,
    sshd,
    store,
    swift,
)
from uploader.store import Removing, Store

__all__ = ["bucket", "ceph", "folders", "on_ceph", "on_swift", "sshd", "store", "swift"]
NEIGHBOUR = KEY.replace(".flac.age", ".flac.age2")


def test_a_removed_object_is_gone_and_its_neighbours_are_not(store: Store, tmp_path: Path) -> None:
    assert isinstance(store, Removing)
    for key in (KEY, NEIGHBOUR):
        store.put(key, parcel(tmp_path, key.encode(), key).source)
    assert store.remove(KEY) == 1
    assert store.look(KEY) is None and store.look(NEIGHBOUR) is not None
    assert store.remove(KEY) == 0


@pytest.fixture
def versioned() -> Iterator[None]:
    """A bucket that keeps every version."""
    with moto.mock_aws():
        make_bucket(BUCKET)
        client = boto3.client("s3", region_name=REGION, aws_access_key_id="bed", aws_secret_access_key="bed")
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for body in (b"one", b"two"):
            client.put_object(Bucket=BUCKET, Key=KEY, Body=body)
        client.delete_object(Bucket=BUCKET, Key=KEY)
        client.create_multipart_upload(Bucket=BUCKET, Key=KEY)
        client.put_object(Bucket=BUCKET, Key=NEIGHBOUR, Body=b"three")
        yield
        left = client.list_object_versions(Bucket=BUCKET)
        assert [item["Key"] for item in left.get("Versions", [])] == [NEIGHBOUR] and not left.get("DeleteMarkers")
        assert not client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
        client.close()


def test_versions_markers_and_unfinished_parts_go_too(versioned: None, folders: Folders) -> None:
    assert s3_store(folders, "").remove(KEY) == 4
