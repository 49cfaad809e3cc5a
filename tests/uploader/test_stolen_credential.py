"""Somebody has stolen the box's key to the bucket: what it opens, tried against a real server with the policy that a box needs.

Ceph's gateway, a bucket with Object Lock, two accounts: the owner's, and the box's, which may create below its own prefix and nothing else.
The box works with that key all the same: the canary finds that it is blind and that a wrong checksum is refused, so its word counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError

from appliance import keys
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.moments import SECOND
from tests.bed.ceph import BOX, OWNER, REGION, Server, User, ceph
from tests.bed.made import MadeCall
from tests.bed.program import appliance
from tests.bed.recorded import all_recordings, recorded
from tests.contracts.test_stores import credentials
from tests.fakes.clock import START
from uploader import canary
from uploader.delivery import Parcel, hand_in
from uploader.multipart import Progress
from uploader.store import open_store

__all__ = ["ceph"]

BUCKET, PREFIX = "stolen", "v1/local/1/"
OTHERS = "v1/other/1/theirs"
DENIED = (
    "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAcl", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:DeleteObject",
    "s3:DeleteObjectVersion", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutObjectRetention", "s3:PutObjectLegalHold",
    "s3:BypassGovernanceRetention",
)  # fmt: skip
"""Said although nothing of it is allowed: to Ceph the writer of an object is its owner, and an owner may do all of this."""


def policy(bucket: str) -> str:
    """What the box may do with this bucket: create below its prefix."""
    box = {"AWS": [f"arn:aws:iam:::user/{BOX.name}"]}
    create = {"Effect": "Allow", "Principal": box, "Action": ["s3:PutObject"], "Resource": [f"arn:aws:s3:::{bucket}/{PREFIX}*"]}
    deny = {
        "Effect": "Deny", "Principal": box, "Action": list(DENIED),
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [create, deny]})


def client(server: Server, user: User) -> Any:
    return boto3.client(
        "s3", endpoint_url=server.endpoint, region_name=REGION, aws_access_key_id=user.access, aws_secret_access_key=user.secret,
        config=ClientConfig(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )  # fmt: skip


class Site(NamedTuple):
    """A box that has stored its recordings with a key that may only create."""

    box: Box
    server: Server
    owner: Any
    thief: Any
    """A client with the box's key."""
    key: str
    """Of one of its recordings."""
    body: bytes


def settings(server: Server) -> str:
    return (
        f'[store]\nkind = "s3"\nmust_refuse = ["wrong-checksum", "overwrite", "delete", "list-others"]\n[store.options]\n'
        f'endpoint = "{server.endpoint}"\nbucket = "{BUCKET}"\nregion = "{REGION}"\n'
        f'acl = "bucket-owner-full-control"\npart_megabytes = 5\n'
    )


@pytest.fixture(scope="module")
def site(ceph: Server, tmp_path_factory: pytest.TempPathFactory) -> Site:
    owner, thief = client(ceph, OWNER), client(ceph, BOX)
    owner.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    owner.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    owner.put_bucket_policy(Bucket=BUCKET, Policy=policy(BUCKET))
    owner.put_object(Bucket=BUCKET, Key=OTHERS, Body=b"somebody else's")
    box = recorded(
        tmp_path_factory.mktemp("site") / "var",
        *(MadeCall(number=number, begin=START + number * SECOND, talk=0.2) for number in (0, 1)),
    )
    credentials(box.folders, BOX.access, BOX.secret)
    (box.folders.data / "appliance.toml").write_text(settings(ceph))
    data = ("--data", box.folders.data)
    problems = appliance("uploader", "canary", *data, code=4).out
    assert "→ set a lifecycle rule on the bucket" in problems and problems.count("→") == 1, problems
    appliance("uploader", "run", "--once", *data)
    first = all_recordings(box)[0]
    assert first.key is not None
    return Site(Box.at(box.folders.data), ceph, owner, thief, first.key, (box.folders.recordings / first.facts.file).read_bytes())


def test_a_box_whose_key_may_only_create_stores_everything_on_the_word_of_a_store_that_was_proven(site: Site) -> None:
    assert all(recording.stored_at for recording in all_recordings(site.box))
    assert site.owner.get_object(Bucket=BUCKET, Key=site.key)["Body"].read() == site.body
    with Ledger.open(site.box.folders.ledger) as ledger:
        assert canary.trust(ledger, site.box, SystemClock().now()) == canary.Trust(blind=True, checked=True)


def test_a_large_object_goes_in_parts_with_such_a_key_too(site: Site, tmp_path: Path) -> None:
    body = bytes(range(256)) * (50 << 10)
    (tmp_path / "large").write_bytes(body)
    with Ledger.open(site.box.folders.ledger) as ledger:
        sent = Parcel(f"{PREFIX}large", tmp_path / "large", hashlib.sha256(body).hexdigest())
        hand_in(open_store(site.box), sent, Progress(ledger, SystemClock()))
    assert site.owner.get_object(Bucket=BUCKET, Key=sent.key)["Body"].read() == body


TRIED: dict[str, Callable[[Site], Any]] = {
    "read": lambda site: site.thief.get_object(Bucket=BUCKET, Key=site.key),
    "read the head": lambda site: site.thief.head_object(Bucket=BUCKET, Key=site.key),
    "read others'": lambda site: site.thief.get_object(Bucket=BUCKET, Key=OTHERS),
    "read by copying": lambda site: site.thief.copy_object(
        Bucket=BUCKET, Key=f"{PREFIX}copy", CopySource={"Bucket": BUCKET, "Key": site.key}
    ),
    "open its own to everybody": lambda site: site.thief.put_object_acl(Bucket=BUCKET, Key=site.key, ACL="public-read"),
    "list": lambda site: site.thief.list_objects_v2(Bucket=BUCKET),
    "list its own": lambda site: site.thief.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX),
    "list versions": lambda site: site.thief.list_object_versions(Bucket=BUCKET),
    "list what is unfinished": lambda site: site.thief.list_multipart_uploads(Bucket=BUCKET),
    "write beside its prefix": lambda site: site.thief.put_object(Bucket=BUCKET, Key="v1/other/1/new", Body=b"x"),
    "overwrite others'": lambda site: site.thief.put_object(Bucket=BUCKET, Key=OTHERS, Body=b"x"),
    "delete": lambda site: site.thief.delete_object(Bucket=BUCKET, Key=site.key),
    "delete for good": lambda site: site.thief.delete_object(
        Bucket=BUCKET, Key=site.key, VersionId=versions(site)[-1], BypassGovernanceRetention=True
    ),
    "delete others'": lambda site: site.thief.delete_object(Bucket=BUCKET, Key=OTHERS),
    "delete many": lambda site: site.thief.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": site.key}]}),
    "let it expire": lambda site: site.thief.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration={"Rules": [{"ID": "x", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}]}
    ),
    "end the versions": lambda site: site.thief.put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}
    ),
    "shorten the lock": lambda site: site.thief.put_object_lock_configuration(
        Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
    ),
    "give itself rights": lambda site: site.thief.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Statement": []})),
    "take the policy away": lambda site: site.thief.delete_bucket_policy(Bucket=BUCKET),
}


def versions(site: Site) -> list[str]:
    """The versions of the recording, the newest first, as its owner sees them."""
    return [one["VersionId"] for one in site.owner.list_object_versions(Bucket=BUCKET, Prefix=site.key)["Versions"]]


@pytest.mark.parametrize("deed", TRIED.values(), ids=TRIED)
def test_the_stolen_key_may_not(site: Site, deed: Callable[[Site], Any]) -> None:
    with pytest.raises(ClientError) as refused:
        deed(site)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_what_the_stolen_key_lays_on_top_of_a_recording_leaves_the_recording_below(site: Site) -> None:
    before = versions(site)
    site.thief.put_object(Bucket=BUCKET, Key=site.key, Body=b"noise")
    assert versions(site)[1:] == before
    assert site.owner.get_object(Bucket=BUCKET, Key=site.key, VersionId=before[-1])["Body"].read() == site.body


def test_f23_object_lock_holds_against_the_owner_too(site: Site) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        site.owner.delete_object(Bucket=BUCKET, Key=site.key, VersionId=versions(site)[-1], BypassGovernanceRetention=True)


def test_the_owner_brings_back_what_nobody_laid_noise_on_and_is_told_of_the_rest(site: Site, tmp_path: Path) -> None:
    site.thief.put_object(Bucket=BUCKET, Key=site.key, Body=b"noise", ACL="bucket-owner-full-control")
    folders = Box.at(tmp_path / "new").folders
    credentials(folders, OWNER.access, OWNER.secret)
    (folders.data / "appliance.toml").write_text(settings(site.server))
    identity = site.box.folders.keys / f"{keys.PLAYBACK}.key"
    said = appliance("uploader", "restore", "--data", folders.data, "--identity", identity, code=4)
    assert said.out.splitlines()[-1] == "1 recordings brought back, 0 were here already, 1 problems"
    assert site.key in said.sentence
