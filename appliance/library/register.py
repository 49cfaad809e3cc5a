"""The register: who asked, who allowed, who heard, took and changed what. It is read from the ledger, which nobody edits.

asked (with a reason) ─► decided by somebody else, for some hours ─► heard or copied, which is a row again
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

from appliance.calls import Call
from appliance.config import Config
from appliance.errors import SaidError
from appliance.ids import CallId, recording_id
from appliance.ledger import Ledger
from appliance.lookup import get_call, get_recording, read_call, select_calls
from appliance.moments import SECOND
from appliance.records import AccessAsked, AccessDecided, Record, decode
from appliance.words import N_

LISTEN, COPY = "listen", "copy"
KINDS = (
    "Listened", "Exported", "AccessAsked", "AccessDecided", "RecordingHeld", "RecordingLabelled", "RecordingPaused", "RecordingResumed",
    "ErasureAsked", "RecordingErased", "CallErased", "Changed",
)  # fmt: skip
"""What stands in the register."""
PAGE = 100


class NotApprovedError(SaidError):
    """It has to be allowed by somebody else first."""


class Request(NamedTuple):
    """Something that was asked for, and what became of it."""

    asked: AccessAsked
    decided: AccessDecided | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the register."""

    row: int
    kind: str
    record: Record
    who: str
    thing: str
    """The recording, account, customer or call it is about."""
    said: Mapping[str, object]


def needed(config: Config, what: str) -> bool:
    """Whether the site demands that this is allowed first."""
    return config.register_of_access.approve_listening if what == LISTEN else config.register_of_access.approve_copies


def requests_of(ledger: Ledger, recording: str) -> list[Request]:
    """What was asked about this recording, oldest first."""
    records = [row.record for row in ledger.of(recording)]
    decided = {record.request: record for record in records if isinstance(record, AccessDecided)}
    return [Request(record, decided.get(record.request)) for record in records if isinstance(record, AccessAsked)]


def standing(ledger: Ledger, recording: str, who: str, what: str, now: int) -> str:
    """`granted`, `asked`, or "" where they would have to ask. A copy that is allowed may be heard too."""
    state = ""
    for request in requests_of(ledger, recording):
        if request.asked.who == who and (request.asked.what == what or (what == LISTEN and request.asked.what == COPY)):
            if request.decided is None:
                state = state or "asked"
            elif request.decided.granted and now < request.decided.until:
                return "granted"
    return state


def check(ledger: Ledger, config: Config, recording: str, who: str, what: str, now: int) -> None:
    """Raises NotApprovedError where the site demands an approval that they do not have."""
    if needed(config, what) and standing(ledger, recording, who, what, now) != "granted":
        raise NotApprovedError(N_("Somebody else has to allow that first; ask for it on the page of the call."))


def access(ledger: Ledger, config: Config, recording: str, who: str, what: str, now: int) -> str:
    """`free`, `granted`, `asked`, or "" where one would have to ask."""
    return standing(ledger, recording, who, what, now) if needed(config, what) else "free"


def call_of(connection: sqlite3.Connection, recording: str) -> Call | None:
    """The call of a recording, or the one under way that would become it."""
    found = get_recording(connection, recording)
    if found is not None:
        return get_call(connection, found.facts.call)
    rows = connection.execute(*select_calls("WHERE recording IS NULL ORDER BY started_at DESC LIMIT 1000"))
    return next((call for call in map(read_call, rows) if recording_id(CallId(call.id)) == recording), None)


def ask(ledger: Ledger, recording: str, who: str, what: str, why: str, now: int) -> None:
    """Ask for it. Raises SaidError where no reason is given."""
    reason = " ".join(why.split())[:300]
    if not reason:
        raise SaidError(N_("Say why."))
    if what not in (LISTEN, COPY):
        raise SaidError(N_("Ask to hear it, or to take a copy."))
    ledger.append(AccessAsked(at=now, recording=recording, request=secrets.token_hex(6), who=who, what=what, why=reason))


def decide(ledger: Ledger, config: Config, recording: str, request: str, who: str, now: int, *, granted: bool) -> None:
    """Allow it for some hours, or not. Raises SaidError where it is one's own, or decided already."""
    found = next((one for one in requests_of(ledger, recording) if one.asked.request == request), None)
    if found is None or found.decided is not None:
        raise SaidError(N_("There is no such request, or it was decided already."))
    if found.asked.who == who:
        raise SaidError(N_("Nobody allows their own request; somebody else has to."))
    until = now + config.register_of_access.granted_hours * 3600 * SECOND
    ledger.append(AccessDecided(at=now, recording=recording, request=request, who=who, granted=granted, until=until))


def waiting(connection: sqlite3.Connection) -> list[AccessAsked]:
    """What nobody decided yet, oldest first."""
    rows = connection.execute(
        """SELECT kind, version, body FROM record AS asked WHERE kind = 'AccessAsked' AND NOT EXISTS (
           SELECT 1 FROM record AS decided WHERE decided.kind = 'AccessDecided' AND decided.subject = asked.subject
           AND json_extract(decided.body, '$.request') = json_extract(asked.body, '$.request')) ORDER BY id LIMIT 200"""
    )
    found = [decode(*row) for row in rows]
    return [record for record in found if isinstance(record, AccessAsked)]


def entries(
    connection: sqlite3.Connection, *, who: str = "", kind: str = "", begin: int = 0, end: int = 0, before: int = 0
) -> Iterator[Entry]:
    """The register, the newest first, of all or of this person, kind and time."""
    kinds = [kind] if kind in KINDS else list(KINDS)
    clauses, values = [f"kind IN ({','.join('?' * len(kinds))})"], list[str | int](kinds)
    for clause, value in (("id < ?", before), ("at >= ?", begin), ("at < ?", end), ("json_extract(body, '$.who') = ?", who)):
        if value:
            clauses.append(clause)
            values.append(value)
    where = " AND ".join(clauses)
    query = f"SELECT id, kind, version, body FROM record WHERE {where} ORDER BY id DESC"  # noqa: S608 - our own words
    for row in connection.execute(query, values):
        record = decode(row["kind"], row["version"], row["body"])
        said = asdict(record)
        thing = str(said.get("recording") or said.get("call") or said.get("thing") or "")
        yield Entry(row["id"], record.kind, record, str(said.get("who", "")), thing, said)


def people(connection: sqlite3.Connection) -> list[str]:
    """Everybody who stands in the register."""
    marks = ",".join("?" * len(KINDS))
    rows = connection.execute(
        f"SELECT DISTINCT json_extract(body, '$.who') AS who FROM record WHERE kind IN ({marks}) LIMIT 500",  # noqa: S608
        KINDS,
    )
    return sorted(str(row["who"]) for row in rows if row["who"])
