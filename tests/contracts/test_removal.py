"""What a store that can erase promises: every version, marker and unfinished part of just this key goes; twice is no error."""

from __future__ import annotations

from pathlib import Path

import boto3

from tests.bed.ceph import Server
from tests.bed.swift import REGION
from tests.contracts.test_stores import (
    KEY,
    bucket,
    ceph,
    folders,
    on_ceph,
    on_swift,
    parcel,
    sshd,
    store,
    swift,
)
from uploader.store import Removing, Store
from uploader.stores.s3 import S3Store

__all__ = ["bucket", "ceph", "folders", "on_ceph", "on_swift", "sshd", "store", "swift"]
NEIGHBOUR = KEY.replace(".flac.age", ".flac.age2")


def test_a_removed_object_is_gone_and_its_neighbours_are_not(store: Store, tmp_path: Path) -> None:
    assert isinstance(store, Removing)
    for key in (KEY, NEIGHBOUR):
        store.put(key, parcel(tmp_path, key.encode(), key).source)
    assert store.remove(KEY) == 1
    assert store.look(KEY) is None and store.look(NEIGHBOUR) is not None
    assert store.remove(KEY) == 0


def test_versions_markers_and_unfinished_parts_go_too(on_ceph: S3Store, ceph: Server) -> None:
    bucket = on_ceph._client.bucket
    client = boto3.client(
        "s3", region_name=REGION, endpoint_url=ceph.endpoint, aws_access_key_id=ceph.access, aws_secret_access_key=ceph.secret
    )  # fmt: skip
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        client.put_object(Bucket=bucket, Key=KEY, Body=body)
    client.delete_object(Bucket=bucket, Key=KEY)
    client.create_multipart_upload(Bucket=bucket, Key=KEY)
    client.put_object(Bucket=bucket, Key=NEIGHBOUR, Body=b"three")
    assert on_ceph.remove(KEY) == 4
    left = client.list_object_versions(Bucket=bucket)
    assert [item["Key"] for item in left.get("Versions", [])] == [NEIGHBOUR] and not left.get("DeleteMarkers")
    assert not client.list_multipart_uploads(Bucket=bucket).get("Uploads")
    client.close()
