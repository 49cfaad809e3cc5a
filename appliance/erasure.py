"""Erasing a call everywhere, and what stays: who asked, how much went, the box's signed word, and the chain without a gap.

    asked (row, then job) ─► uploader: the store ─► janitor: local copy, spool, quarantine, numbers and names ─► RecordingErased

The one place where a row of the ledger is ever changed: numbers, names and raw header lines in it become empty, its identity stays, so
that a replay brings nothing back. The chain value and the signature of a recording's manifest hold no personal data and stay; the
manifest itself goes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from appliance import manifest, papers
from appliance.calls import Call, Recording
from appliance.errors import CouldNotError
from appliance.jobs import NewJob, enqueue
from appliance.keys import SigningKey
from appliance.ledger import Ledger, append
from appliance.records import ErasureAsked, RecordingErased, RecordingHeld, RecordingReady

ERASE, UNLINK = "erase", "unlink"
"""Kinds of jobs: the uploader's and the janitor's part of an erasure."""
HELD = "it is held for a case"
"""What a job of either kind says while it waits for a release."""
ERASED = "erased"
"""What the call says instead of a number."""
_EMPTY: Mapping[str, Mapping[str, Any]] = {
    "CallRinging": {
        "caller": "", "caller_raw": "", "caller_e164": None, "caller_name": "", "caller_reason": ERASED, "called": "",
        "called_raw": "", "called_e164": None, "sip_call_id": "", "headers": [],
    },
    "CallPlaced": {"sip_call_id": ""},
    "AnswersKept": {"values": {}},
    "SegmentClosed": {"source": "", "destination": ""},
    "CallNotRecorded": {"detail": ""},
    "RecordingFailed": {"reason": ""},
}  # fmt: skip
"""Fields that may hold something personal, and what they become."""


class Order(NamedTuple):
    """One call that is to be erased."""

    call: Call
    recording: Recording | None
    line_too: bool = False


def ask(ledger: Ledger, orders: Iterable[Order], who: str, why: str, now: int, *, facts_too: bool = True) -> int:
    """Write down that these calls are to go, and queue the work; what is held is passed over. Returns how many were asked for."""
    count = 0
    for call, recording, line_too in orders:
        if recording is not None and recording.held:
            continue
        name = recording.facts.recording if recording else None
        asked = ErasureAsked(at=now, call=call.id, recording=name, who=who, why=why, facts_too=facts_too, line_too=line_too)
        body = {"recording": name, "who": who, "why": why, "facts_too": facts_too, "line_too": line_too, "asked_at": now}
        away = recording is not None and recording.erased_at is None
        with ledger.transaction() as connection:
            connection.execute("DELETE FROM job WHERE subject = ? AND kind IN (?, ?) AND state = 'done'", (call.id, ERASE, UNLINK))
            append(connection, [asked])
            enqueue(connection, [NewJob(kind=ERASE if away else UNLINK, subject=call.id, body=body)], now)
        count += 1
    return count


def ask_contract(ledger: Ledger, contract: str, now: int) -> None:
    """Queue the end: whatever is still in the store under this contract once all its recordings are erased."""
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM job WHERE subject = ? AND kind = ? AND state = 'done'", (f"contract {contract}", ERASE))
        enqueue(connection, [NewJob(kind=ERASE, subject=f"contract {contract}", body={"contract": contract})], now)


def hold(ledger: Ledger, found: Iterable[Recording], who: str, why: str, now: int, *, held: bool) -> int:
    """Keep these for a case, or release them; an erasure that waits for the release goes on at once. Returns how many changed.

    Raises CouldNotError where an erasure is at work on one this very moment: whoever works looked for a hold after taking the job.
    """
    count = 0
    for recording in found:
        if recording.held == held or recording.erased_at is not None:
            continue
        facts = recording.facts
        with ledger.transaction() as connection:
            if held and waiting(connection, facts.call) == "leased":
                raise CouldNotError(f"recording {facts.recording}: is being erased at this moment and can no longer be held")
            append(connection, [RecordingHeld(at=now, recording=facts.recording, held=held, who=who, why=why)])
            connection.execute(
                "UPDATE job SET not_before = ? WHERE subject = ? AND kind IN (?, ?) AND state = 'ready' AND not_before > ?",
                (now, facts.call, ERASE, UNLINK, now),
            )
        count += 1
    return count


def waiting(connection: sqlite3.Connection, call: str) -> str:
    """The state of this call's erasure where one is asked for and not done yet, else ""."""
    query = "SELECT state FROM job WHERE subject = ? AND kind IN (?, ?) AND state != 'done'"
    row = connection.execute(query, (call, ERASE, UNLINK)).fetchone()
    return "" if row is None else str(row[0])


def redact(connection: sqlite3.Connection, call: str, *, line_too: bool) -> None:
    """Make everything personal in this call's rows empty, inside an open transaction; deleted bytes are overwritten."""
    for kind, empty in _EMPTY.items():
        fields = {**empty, **({"line": None} if line_too and kind == "CallRinging" else {})}
        rows = connection.execute("SELECT id, body FROM record WHERE kind = ? AND subject = ?", (kind, call)).fetchall()
        for row in rows:
            body = {**json.loads(row["body"]), **fields}
            text = json.dumps(body, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
            connection.execute("UPDATE record SET body = ? WHERE id = ?", (text, row["id"]))


def forget_samples(connection: sqlite3.Connection, needles: Iterable[str]) -> int:
    """Empty the samples of surprises on the wire in which one of these numbers stands. Returns how many there were."""
    digits = [needle.encode("utf-8", "surrogateescape").hex() for needle in needles if len(needle) >= 3]
    rows = connection.execute("SELECT id, body FROM record WHERE kind = 'WeirdSeen'").fetchall()
    found = [row for row in rows if any(digit in json.loads(row["body"])["sample"] for digit in digits)]
    for row in found:
        connection.execute("UPDATE record SET body = json_set(body, '$.sample', '') WHERE id = ?", (row["id"],))
    return len(found)


def prove(
    recording: Recording, objects: int, removed: int, files: int, who: str, why: str, now: int, key: SigningKey
) -> RecordingErased:
    """The record of a finished erasure with the box's signed word."""
    facts = recording.facts
    told = {
        "recording": facts.recording, "call": facts.call, "epoch": facts.epoch, "sequence": facts.sequence, "chain": facts.chain,
        "objects": objects, "removed": removed, "files": files, "who": who, "why": why, "erased_at": now,
        "previous": facts.previous, "signature": facts.signature,
    }  # fmt: skip
    proof = manifest.sign(told, key, manifest.ERASURE).encode().decode("ascii")
    return RecordingErased(at=now, recording=facts.recording, who=who, why=why, objects=objects, proof=proof)


def paper(record: RecordingErased, key: SigningKey) -> bytes:
    """The proof as it leaves the box in clear: without the words of whoever asked for it, which may name somebody."""
    told = {name: value for name, value in manifest.decode(record.proof.encode()).facts.items() if name not in ("who", "why")}
    return manifest.sign(told, key, manifest.ERASURE).encode()


def retell(document: bytes, public_key: str = "") -> tuple[RecordingReady, RecordingErased]:
    """The rows that a proof of erasure stands for when nothing else is left: its place in the chain, and that it was erased.

    Raises ManifestError. What the recording was is gone for good: no call, no time, no length.
    """
    signed = papers.read(document, manifest.ERASURE, public_key)
    told = signed.facts
    try:
        name, at = str(told["recording"]), int(told["erased_at"])
        place = RecordingReady(
            at=at, recording=name, call=str(told["call"]), file="", manifest="", manifest_sha256="", format="", channels=0, sample_rate=0,
            seconds=0.0, started_at=at, bytes=0, sealed_sha256="", plain_sha256="", codecs=(), packets=0, lost=0, late=0,
            one_sided=False, cut=False, quality={}, recipients=(), epoch=int(told["epoch"]), sequence=int(told["sequence"]),
            previous=str(told["previous"]), chain=str(told["chain"]), signature=str(told["signature"]),
        )  # fmt: skip
        manifest.check_signature(place.chain, place.signature, signed.public_key)
        gone = RecordingErased(
            at=at, recording=name, who="", why="", objects=int(told["objects"]), proof=document.decode("ascii"),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise manifest.ManifestError(f"is no proof of an erasure ({error!r})") from error
    return place, gone


def check_proof(record: RecordingErased, recording: Recording, public_key: str) -> None:
    """Raises ManifestError unless the box signed that it erased this very recording."""
    signed = manifest.decode(record.proof.encode("utf-8", "replace"))
    manifest.check_signature(signed.chain, signed.signature, public_key, manifest.ERASURE)
    told = (record.recording, record.at, record.objects, recording.facts.chain)
    if told != tuple(signed.facts.get(name) for name in ("recording", "erased_at", "objects", "chain")):
        raise manifest.ManifestError("its proof of erasure is that of another recording")
