"""Small signed documents that leave the box in clear, beside the recordings: proofs of erasure.

Nothing personal is in them, so that whoever looks after the store can read them without a key. Here they are only queued; the uploader
brings them out (`uploader/errands.py`).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3

from appliance import manifest
from appliance.jobs import NewJob, enqueue
from appliance.moments import to_datetime

JOB = "paper"
"""Kind of the job that brings one to the store."""
ERASURES = "erasures"
"""Where proofs of erasure lie below the box's prefix."""


def name(folder: str, at: int, document: bytes) -> str:
    """Where a paper of this moment lies below the box's prefix: the newest is the last by name."""
    return f"{folder}/{to_datetime(at):%Y%m%dT%H%M%SZ}-{hashlib.sha256(document).hexdigest()[:16]}.json"


def queue(connection: sqlite3.Connection, subject: str, file: str, document: bytes, now: int) -> None:
    """Have it brought out, inside an open transaction. One that still waits about the same subject is replaced: the newest counts."""
    body = {"file": file, "document": document.decode("ascii")}
    job = NewJob(kind=JOB, subject=subject, body=body)
    connection.execute("DELETE FROM job WHERE id = ? AND state = 'done'", (job.id,))
    enqueue(connection, [job], now)
    text = json.dumps(body, sort_keys=True)
    connection.execute("UPDATE job SET body = ? WHERE id = ? AND state IN ('ready', 'parked')", (text, job.id))


def read(document: bytes, kind: str, public_key: str = "") -> manifest.Manifest:
    """The signed facts of a paper; signed by this key where one is named, else by the one it names. Raises ManifestError."""
    signed = manifest.decode(document)
    manifest.check_signature(signed.chain, signed.signature, public_key or signed.public_key, kind)
    return signed
