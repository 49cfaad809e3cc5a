"""A call that a tap sees and that the telephone system handles is one call: what the tap saw is the main one, since its recording is there.

Both tell the Call-ID (RFC 3261 §8.1.1.4) of the INVITE by which the call began, the telephone system also those of the calls that it sent
on over a trunk. Whoever is told second finds the first; which it is depends on who is faster. Nothing is folded where two calls of
the wire bear the Call-ID, or where a minute lies between: in doubt two rows stay two rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from appliance.moments import SECOND
from appliance.phone_records import PBX, CallPlaced
from appliance.records import CallRinging, LegTied, Record, TieReason

TOGETHER = 60 * SECOND
NEWEST = 400
"""Records of a kind that are looked through: both sides tell of a call within moments."""
_NEWEST = "SELECT subject, at, body FROM record WHERE kind = ? ORDER BY id DESC LIMIT ?"
_OF_THE_WIRE = f"via != '{PBX}'"


def ties(connection: sqlite3.Connection, record: Record) -> Iterator[LegTied]:
    """What follows from a record that was just written."""
    match record:
        case CallRinging() if record.sip_call_id and record.via == PBX:
            yield from _to_what_was_seen(connection, record.call, record.sip_call_id, record.at)
        case CallPlaced() if record.sip_call_id:
            yield from _to_what_was_seen(connection, record.call, record.sip_call_id, record.at)
        case CallRinging() if record.sip_call_id:
            told = (_bearing(connection, kind, record.sip_call_id, record.at) for kind in (CallRinging, CallPlaced))
            for call in dict.fromkeys(one for calls in told for one in calls):
                if _is(connection, call, f"via = '{PBX}' AND main IS NULL"):
                    yield _tie(connection, call, record.call, record.at)
        case LegTied() if record.why != TieReason.PBX:  # a talk in which the telephone system's call is, goes into another one
            follow = f"SELECT id FROM call WHERE main = ? AND tied_by = '{TieReason.PBX}'"  # noqa: S608 - our own word
            for row in connection.execute(follow, (record.call,)).fetchall():
                yield LegTied(at=record.at, call=row[0], main=record.main, to=record.call, why=TieReason.PBX.value, swapped=False)


def _to_what_was_seen(connection: sqlite3.Connection, call: str, sip_call_id: str, at: int) -> Iterator[LegTied]:
    if not _is(connection, call, "main IS NULL"):
        return
    seen = [one for one in _bearing(connection, CallRinging, sip_call_id, at) if _is(connection, one, _OF_THE_WIRE)]
    if len(seen) == 1:
        yield _tie(connection, call, seen[0], at)


def _tie(connection: sqlite3.Connection, call: str, seen: str, at: int) -> LegTied:
    main = connection.execute("SELECT coalesce(main, id) FROM call WHERE id = ?", (seen,)).fetchone()[0]
    return LegTied(at=at, call=call, main=main, to=seen, why=TieReason.PBX.value, swapped=False)


def _bearing(connection: sqlite3.Connection, kind: type[Record], sip_call_id: str, at: int) -> list[str]:
    """Calls of which a record of this kind, of about this time, bears the Call-ID."""
    needle = f'"sip_call_id":{json.dumps(sip_call_id)}'  # as `encode` writes it; inside another text its quotes would be escaped
    return [
        row["subject"]
        for row in connection.execute(_NEWEST, (kind.__name__, NEWEST))
        if needle in row["body"] and abs(row["at"] - at) <= TOGETHER
    ]


def _is(connection: sqlite3.Connection, call: str, what: str) -> bool:
    return connection.execute(f"SELECT 1 FROM call WHERE id = ? AND {what}", (call,)).fetchone() is not None  # noqa: S608
