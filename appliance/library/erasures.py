"""The report of what was erased, in Japanese and English, with counts and proofs, for whoever asked for it. No name is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple

from appliance import erasure, manifest
from appliance.ledger import Ledger
from appliance.lookup import get_recording
from appliance.moments import isoformat
from appliance.records import ErasureAsked, RecordingErased

LANGUAGES = ("ja", "en")
_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("消去報告書", "Report of erasures"),
    "none": ("この期間に消去されたものはありません。", "Nothing was erased in this time."),
    "erased": ("消去日時", "Erased at"),
    "asked": ("依頼", "Asked for"),
    "by": ("%(at)s、%(who)s (%(why)s)", "%(at)s by %(who)s (%(why)s)"),
    "recording": ("録音", "Recording"),
    "place": ("連鎖の番号", "Number in the chain"),
    "store": ("保存先から消去", "Gone from the store"),
    "count": (
        "%(objects)s 件 (版・未完了分を含め %(removed)s 個)",
        "%(objects)s objects (%(removed)s with versions and unfinished parts)",
    ),
    "box": ("装置から消去", "Gone from the box"),
    "files": ("%(files)s ファイル", "%(files)s files"),
    "proof": ("署名による証明", "Signed proof"),
    "holds": ("有効", "holds"),
    "fails": ("無効: %(why)s", "DOES NOT HOLD: %(why)s"),
    "waiting": ("消去待ち: %(count)s 件", "asked for and not erased yet: %(count)s"),
    "total": ("合計: 消去 %(count)s 件", "In all: %(count)s erased"),
}


class Erased(NamedTuple):
    """One erasure and whether its proof holds."""

    record: RecordingErased
    asked_at: int
    sequence: int
    removed: int
    files: int
    problem: str
    """What is wrong with the proof; "" where it holds."""


class Report(NamedTuple):
    """What was erased in a time, and what waits."""

    erased: list[Erased]
    waiting: int


def report(ledger: Ledger, public_key: str | None, begin: int | None, end: int | None) -> Report:
    """The erasures of this time (ns), oldest first."""
    found = []
    row = 0
    while rows := ledger.since(row, (RecordingErased,)):
        row = rows[-1].id
        for one in rows:
            if isinstance(one.record, RecordingErased) and (begin or 0) <= one.record.at < (end or 1 << 63):
                found.append(_one(ledger, one.record, public_key))
    waiting = ledger.connection.execute(
        "SELECT count(DISTINCT subject) FROM job WHERE kind IN (?, ?) AND state != 'done'", (erasure.ERASE, erasure.UNLINK)
    ).fetchone()
    return Report(found, int(waiting[0]))


def _one(ledger: Ledger, record: RecordingErased, public_key: str | None) -> Erased:
    recording = get_recording(ledger.connection, record.recording)
    problem, told = "", {}
    try:
        told = dict(manifest.decode(record.proof.encode("utf-8", "replace")).facts)
        if recording is None or public_key is None:
            raise manifest.ManifestError("neither its row nor the box's public key may be missing")
        erasure.check_proof(record, recording, public_key)
    except manifest.ManifestError as error:
        problem = str(error)
    asked = [row.record.at for row in ledger.of(str(told.get("call", ""))) if isinstance(row.record, ErasureAsked)]
    return Erased(
        record, max((at for at in asked if at <= record.at), default=record.at), int(told.get("sequence", 0)),
        int(told.get("removed", 0)), int(told.get("files", 0)), problem,
    )  # fmt: skip


def lines(found: Report, zone: tzinfo) -> Iterator[str]:
    """The report as it is printed, Japanese first."""
    for place in range(len(LANGUAGES)):
        yield from _in(place, found, zone)
        yield ""


def _in(place: int, found: Report, zone: tzinfo) -> Iterator[str]:
    def say(word: str, **values: object) -> str:
        return _WORDS[word][place] % values

    yield f"# {say('title')}"
    if not found.erased:
        yield say("none")
    for one in found.erased:
        record = one.record
        yield f"{say('recording')}: {record.recording} ({say('place')} {one.sequence})"
        yield f"  {say('asked')}: {say('by', at=isoformat(one.asked_at, zone)[:19], who=record.who or '-', why=record.why or '-')}"
        yield f"  {say('erased')}: {isoformat(record.at, zone)[:19]}"
        yield f"  {say('store')}: {say('count', objects=record.objects, removed=one.removed)}"
        yield f"  {say('box')}: {say('files', files=one.files)}"
        yield f"  {say('proof')}: {say('fails', why=one.problem) if one.problem else say('holds')}"
    yield say("total", count=len(found.erased))
    if found.waiting:
        yield say("waiting", count=found.waiting)


def as_json(found: Report, zone: tzinfo) -> dict[str, Any]:
    """The report for `--json`."""
    return {
        "waiting": found.waiting,
        "erased": [
            {
                "recording": one.record.recording, "sequence": one.sequence, "asked_at": isoformat(one.asked_at, zone),
                "erased_at": isoformat(one.record.at, zone), "who": one.record.who, "why": one.record.why, "objects": one.record.objects,
                "removed": one.removed, "files": one.files, "problem": one.problem,
            }
            for one in found.erased
        ],
    }  # fmt: skip
