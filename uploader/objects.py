"""Names of objects in the store (design §3). Pure.

    v1/CONTRACT/EPOCH/YYYY/MM/DD/ID-SHA16.flac.age     a recording; SHA16 are the first 16 digits of the sealed file's SHA-256
    v1/CONTRACT/EPOCH/YYYY/MM/DD/ID-SHA16.json.age     its manifest
    v1/CONTRACT/EPOCH/checkpoints/SIZE-SHA16.json      a signed checkpoint of the chain, and .tsr its time stamp; nothing personal
    v1/CONTRACT/EPOCH/heartbeat/YYYY/MM/DD/HH-SHA16.json   a signed sign of life, every hour: figures, nothing personal
    v1/CONTRACT/EPOCH/backups/MOMENT-SHA16.tar.age     the box without its recordings, sealed, every night
    v1/CONTRACT/EPOCH/erasures/TIME-SHA16.json         the proof of an erasure: number and chain value of what is gone, no name

    ….flac.age.payload, ….flac.age.header-0001         the same in two, where a key must be rotated or shredded under an Object Lock

The content is in the name, so a name is written once and never means anything else. No telephone number is ever part of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from appliance.moments import to_datetime

LAYOUT = "v1"
MANIFEST = ".json.age"

_KEY = re.compile(
    r"v1/(?P<contract>[A-Za-z0-9_-]+)/(?P<epoch>[1-9]\d*)/(?P<day>\d{4}/\d\d/\d\d)/(?P<id>[a-z2-7]{16})-(?P<sha>[0-9a-f]{16})"
    r"\.(?P<kind>[a-z0-9]+)\.age(?P<part>\.payload|\.header-\d{4})?\Z",
    re.ASCII,
)


class ObjectName(NamedTuple):
    """A key taken apart."""

    contract: str
    epoch: int
    day: str
    recording: str
    sha16: str
    kind: str
    """`flac`, `opus` or `json`."""
    part: str = ""
    """`payload` or `header-0001` where the two lie apart."""


def prefix(contract: str) -> str:
    """Where everything of a contract lies."""
    return f"{LAYOUT}/{contract}/"


def box_prefix(contract: str, epoch: int) -> str:
    """Where everything that this box writes lies."""
    return f"{LAYOUT}/{contract}/{epoch}/"


def recording_key(contract: str, epoch: int, started_at: int, recording: str, sealed_sha256: str, extension: str) -> str:
    """The key of a recording that began at `started_at` (ns)."""
    return f"{LAYOUT}/{contract}/{epoch}/{to_datetime(started_at):%Y/%m/%d}/{recording}-{sealed_sha256[:16]}.{extension}.age"


def manifest_key(key: str) -> str:
    """The key of the manifest beside this recording."""
    return key.rsplit(".", 2)[0] + MANIFEST


def all_of_recording(contract: str, epoch: int, started_at: int, recording: str) -> str:
    """What the key of everything that belongs to a recording begins with: all contents, manifests, headers."""
    return f"{LAYOUT}/{contract}/{epoch}/{to_datetime(started_at):%Y/%m/%d}/{recording}-"


def checkpoint_key(contract: str, epoch: int, file: str) -> str:
    """The key of a checkpoint's file, or of its time stamp."""
    return f"{LAYOUT}/{contract}/{epoch}/checkpoints/{file}"


def heartbeats(contract: str, epoch: int) -> str:
    """What the keys of a box's signs of life begin with."""
    return f"{LAYOUT}/{contract}/{epoch}/heartbeat/"


def heartbeat_key(contract: str, epoch: int, at: int, sha256: str) -> str:
    """The key of a sign of life of this moment (ns)."""
    return f"{LAYOUT}/{contract}/{epoch}/heartbeat/{to_datetime(at):%Y/%m/%d/%H}-{sha256[:16]}.json"


def backup_key(contract: str, epoch: int, made: str, sha256: str) -> str:
    """The key of the box's backup of this moment (`20260921T141320`)."""
    return f"{LAYOUT}/{contract}/{epoch}/backups/{made}-{sha256[:16]}.tar.age"


def is_backup(key: str) -> bool:
    """Whether this is the key of a backup."""
    return "/backups/" in key and key.endswith(".tar.age")


def is_checkpoint(key: str) -> bool:
    """Whether this is the key of a checkpoint."""
    return "/checkpoints/" in key and key.endswith(".json")


def is_erasure(key: str) -> bool:
    """Whether this is the key of a proof of erasure."""
    return "/erasures/" in key and key.endswith(".json")


def payload_key(key: str) -> str:
    """The key of an object's payload, where its header lies apart."""
    return f"{key}.payload"


def header_key(key: str, number: int) -> str:
    """The key of an object's header: 1 is the one that it was sealed with, the highest is the newest."""
    return f"{key}.header-{number:04}"


def whole_key(key: str) -> str:
    """The key of the whole object to which this one belongs."""
    return re.sub(r"\.(payload|header-\d{4})\Z", "", key)


def read_key(key: str) -> ObjectName | None:
    """The parts of a key; None where it is none of ours."""
    found = _KEY.match(key)
    if found is None:
        return None
    part = (found["part"] or ".")[1:]
    return ObjectName(found["contract"], int(found["epoch"]), found["day"], found["id"], found["sha"], found["kind"], part)
