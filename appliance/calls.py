"""Calls and recordings as people look them up: a reading of the records, kept in the same transaction as they.

Pure: a record in, SQL statements out. Applying all records in order to empty tables gives the same tables again, so
a damaged reading is no loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any

from appliance.moments import SECOND, isoformat
from appliance.records import (
    CallAnswered,
    CallEnded,
    CallErased,
    CallNoted,
    CallNotRecorded,
    CallRinging,
    CallTaken,
    LegTied,
    Record,
    RecordingErased,
    RecordingExpired,
    RecordingFailed,
    RecordingHeld,
    RecordingLabelled,
    RecordingReady,
    TieReason,
    UploadDone,
    UploadParked,
    encode,
)

Statement = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call with what became of it. Moments in nanoseconds; None is "has not happened" or "was not seen"."""

    id: str
    started_at: int
    ringing_at: int | None
    answered_at: int | None
    ended_at: int | None
    end_reason: str | None
    sip_status: int | None
    direction: str
    caller: str
    caller_raw: str
    caller_e164: str | None
    caller_name: str
    caller_reason: str | None
    called: str
    called_raw: str
    called_e164: str | None
    line: str | None
    via: str
    start_seen: bool
    end_seen: bool | None
    recording: str | None
    not_recorded: str | None
    detail: str | None
    main: str | None = None
    """The call whose recording holds this one, where it is a leg of a talk."""
    tied_by: str | None = None

    @property
    def duration(self) -> float:
        """Seconds of talk: from the answer to the end; 0 while it has no end or was never answered."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return max(0, self.ended_at - self.answered_at) / SECOND

    @property
    def settled(self) -> bool:
        """Whether it is decided what became of it: a recording, or the reason why there is none."""
        return self.recording is not None or self.not_recorded is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording and where it is. `facts` is its `RecordingReady`."""

    facts: RecordingReady
    store: str | None
    key: str | None
    stored_at: int | None
    parked: str | None
    expired_at: int | None
    held: bool
    erased_at: int | None


def project(record: Record) -> Iterator[Statement]:
    """The statements that bring `call` and `recording` up to date with this record."""
    match record:
        case CallRinging():
            caller = party(record.caller, record.caller_e164, record.caller_raw, record.caller_name, record.caller_reason)
            called = party(record.called, record.called_e164, record.called_raw)
            for found in (caller, called):
                yield "INSERT OR IGNORE INTO party (number, digits, words) VALUES (?,?,?)", found
            yield (
                """INSERT INTO call (id, started_at, direction, caller, caller_raw, caller_e164, caller_name, caller_reason,
                   called, called_raw, called_e164, line, via, start_seen, caller_party, called_party)
                   VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?, (SELECT id FROM party WHERE words = ?), (SELECT id FROM party WHERE words = ?))
                   ON CONFLICT (id) DO NOTHING""",
                (record.call, record.at, record.direction, record.caller, record.caller_raw, record.caller_e164,
                 record.caller_name, record.caller_reason, record.called, record.called_raw, record.called_e164,
                 record.line, record.via, record.start_seen, caller[2], called[2]),
            )  # fmt: skip
        case CallAnswered():
            yield "UPDATE call SET answered_at = ? WHERE id = ?", (record.at, record.call)
            if record.by:  # the phone system knows; a person's word, before or after, counts more
                yield _TAKEN, (record.by, record.at, record.call)
                yield _TAKEN_OF_MAIN, (record.by, record.at, record.call)
        case CallEnded():
            yield (
                """UPDATE call SET ended_at = ?, end_reason = ?, sip_status = ?, ringing_at = ?, answered_at = ?, end_seen = ?
                   WHERE id = ?""",
                (record.at, record.reason, record.sip_status, record.ringing_at, record.answered_at, record.end_seen,
                 record.call),
            )  # fmt: skip
        case LegTied():
            yield "UPDATE call SET main = ?, tied_by = ? WHERE id = ?", (record.main, record.why, record.call)
            if record.why == TieReason.PBX:
                yield _OUTCOME_OF_MAIN, (record.call,)
                yield _TAKEN_TOLD, (record.main, record.call)
        case CallNotRecorded():
            yield (
                "UPDATE call SET not_recorded = ?, detail = ? WHERE id = ? AND recording IS NULL",
                (record.reason, record.detail, record.call),
            )
            yield _OUTCOME_OF_MAIN, (record.call,)
        case RecordingFailed():
            yield (
                "UPDATE call SET not_recorded = 'damaged', detail = ? WHERE id = ? AND recording IS NULL",
                (record.reason, record.call),
            )
        case RecordingReady():
            yield from _recording(record)
        case UploadDone():
            yield (
                "UPDATE recording SET store = ?, key = ?, stored_at = ?, parked = NULL WHERE id = ?",
                (record.store, record.key, record.at, record.recording),
            )
        case UploadParked():
            yield "UPDATE recording SET parked = ? WHERE id = ?", (record.reason, record.recording)
        case RecordingExpired():
            yield "UPDATE recording SET expired_at = ? WHERE id = ?", (record.at, record.recording)
        case RecordingHeld():
            yield "UPDATE recording SET held = ? WHERE id = ?", (record.held, record.recording)
        case RecordingLabelled():
            change = "INSERT OR IGNORE INTO" if record.labelled else "DELETE FROM"
            columns = "(label, recording) VALUES (?,?)" if record.labelled else "WHERE label = ? AND recording = ?"
            yield f"{change} recording_label {columns}", (record.label, record.recording)
        case RecordingErased():
            yield "DELETE FROM mark WHERE recording = ?", (record.recording,)
            yield "UPDATE recording SET erased_at = ? WHERE id = ?", (record.at, record.recording)
        case CallTaken():
            yield (
                "INSERT INTO note (call, taken_by, taken_at) VALUES (?,?,?) ON CONFLICT (call) DO UPDATE SET "
                "taken_by = excluded.taken_by, taken_at = excluded.taken_at",
                (record.call, record.who, record.at),
            )
        case CallNoted():
            yield (
                "INSERT INTO note (call, follow_up, noted_by, noted_at) VALUES (?,?,?,?) ON CONFLICT (call) DO UPDATE SET "
                "follow_up = excluded.follow_up, noted_by = excluded.noted_by, noted_at = excluded.noted_at",
                (record.call, record.follow_up, record.who, record.at),
            )
        case CallErased():
            yield "UPDATE note SET memo = '' WHERE call = ?", (record.call,)
            yield (
                "DELETE FROM answer WHERE number IN (SELECT caller FROM call WHERE id = ? UNION SELECT called FROM call WHERE id = ?)",
                (
                    record.call,
                    record.call,
                ),
            )
            for side in ("caller", "called"):
                yield _FORGET_PARTY.format(side=side), (record.call, record.call, record.call)
            yield (
                """UPDATE call SET caller = '', caller_raw = '', caller_e164 = NULL, caller_name = '', caller_reason = 'erased',
                   called = '', called_raw = '', called_e164 = NULL, detail = NULL, caller_party = NULL,
                   called_party = NULL, line = CASE WHEN ? THEN NULL ELSE line END
                   WHERE id = ?""",
                (record.line_too, record.call),
            )
        case _:
            return


_IF_NOBODY = """ON CONFLICT (call) DO UPDATE SET taken_by = excluded.taken_by, taken_at = excluded.taken_at
    WHERE note.taken_by = ''"""
_TAKEN = f"INSERT INTO note (taken_by, taken_at, call) VALUES (?,?,?) {_IF_NOBODY}"  # noqa: S608 - our own words
_TAKEN_OF_MAIN = f"""INSERT INTO note (taken_by, taken_at, call)
    SELECT ?, ?, main FROM call WHERE id = ? AND tied_by = '{TieReason.PBX}' {_IF_NOBODY}"""  # noqa: S608 - our own words
_TAKEN_TOLD = f"""INSERT INTO note (taken_by, taken_at, call)
    SELECT taken_by, taken_at, ? FROM note WHERE call = ? AND taken_by != '' {_IF_NOBODY}"""  # noqa: S608 - our own words
_OUTCOME_OF_MAIN = f"""UPDATE call SET not_recorded = 'tied', detail = 'call ' || main
    WHERE id = ? AND tied_by = '{TieReason.PBX}' AND not_recorded IS NOT NULL"""  # noqa: S608 - our own word
"""What became of a call that the telephone system told of too stands with the call that a tap saw."""
PARTY_EDGE = "\x1f"
"""Stands before and behind every form of a party's number and name."""
_TO_SMALL = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_FORGET_PARTY = """DELETE FROM party WHERE NOT EXISTS (SELECT 1 FROM call WHERE caller_party = party.id AND call.id != ?)
    AND NOT EXISTS (SELECT 1 FROM call WHERE called_party = party.id AND call.id != ?)
    AND id = (SELECT {side}_party FROM call WHERE id = ?)"""


def lowered(text: str) -> str:
    """The text as search compares it: Latin capitals are small letters."""
    return text.translate(_TO_SMALL)


def party(number: str, e164: str | None, raw: str, name: str = "", reason: str | None = None) -> tuple[str, str, str]:
    """One side of a call as search looks it up: its number, the number's forms, and those with every word beside them."""
    digits = PARTY_EDGE + PARTY_EDGE.join(filter(None, (number, e164))) + PARTY_EDGE
    words = digits + PARTY_EDGE.join(filter(None, (raw, name, reason))) + PARTY_EDGE
    return number, lowered(digits), lowered(words)


def _recording(record: RecordingReady) -> Iterator[Statement]:
    yield (
        """INSERT INTO recording (id, call, sequence, started_at, file, manifest, format, seconds, bytes, body)
           VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING""",
        (record.recording, record.call, record.sequence, record.started_at, record.file, record.manifest, record.format,
         record.seconds, record.bytes, encode(record)),
    )  # fmt: skip
    yield (
        "UPDATE call SET recording = ?, not_recorded = NULL, detail = NULL WHERE id = ?",
        (record.recording, record.call),
    )


def as_json(call: Call, recording: Recording | None, zone: tzinfo, recordings_folder: str = "") -> dict[str, Any]:
    """The call in the stable form of `--json` output: snake_case keys, ISO 8601 times with offset, durations in seconds."""

    def moment(value: int | None) -> str | None:
        return None if value is None else isoformat(value, zone)

    return {
        "call": call.id,
        "caller": call.caller or None,
        "caller_name": call.caller_name or None,
        "caller_reason": call.caller_reason,
        "caller_e164": call.caller_e164,
        "caller_raw": call.caller_raw or None,
        "called": call.called or None,
        "called_e164": call.called_e164,
        "called_raw": call.called_raw or None,
        "line": call.line,
        "direction": call.direction,
        "started_at": moment(call.started_at),
        "ringing_at": moment(call.ringing_at),
        "answered_at": moment(call.answered_at),
        "ended_at": moment(call.ended_at),
        "end_reason": call.end_reason,
        "sip_status": call.sip_status,
        "start_seen": call.start_seen,
        "end_seen": call.end_seen,
        "duration": round(call.duration, 6),
        "via": call.via,
        "main": call.main,
        "tied_by": call.tied_by,
        "recorded": recording is not None,
        "not_recorded_reason": call.not_recorded,
        "not_recorded_detail": call.detail or None,
        "recording": None if recording is None else recording_as_json(recording, zone, recordings_folder),
    }


def recording_as_json(recording: Recording, zone: tzinfo, recordings_folder: str = "") -> dict[str, Any]:
    """The recording in the stable form of `--json` output; `file` is the sealed file, `sha256` that file's hash."""
    facts = asdict(recording.facts)
    names = (
        "format", "channels", "sample_rate", "codecs", "packets", "lost", "late", "one_sided", "cut", "bytes", "quality",
        "recipients", "sequence", "chain",
    )  # fmt: skip
    folder = recordings_folder + "/" if recordings_folder else ""
    return {
        "id": recording.facts.recording,
        "call": recording.facts.call,
        "file": folder + recording.facts.file,
        "manifest": folder + recording.facts.manifest,
        "started_at": isoformat(recording.facts.started_at, zone),
        "duration": recording.facts.seconds,
        "sha256": recording.facts.sealed_sha256,
        "plain_sha256": recording.facts.plain_sha256,
        **{name: list(facts[name]) if isinstance(facts[name], tuple) else facts[name] for name in names},
        "store": recording.store,
        "key": recording.key,
        "stored_at": None if recording.stored_at is None else isoformat(recording.stored_at, zone),
        "held": recording.held,
        "local": recording.expired_at is None and recording.erased_at is None,
    }
