"""What a person may have of their calls (APPI Art. 33): found by number, chosen, asked for; kept sealed until somebody fetches it, once.

    asked (row and job) ─► janitor: an evidence bundle as a ZIP, sealed to the console ─► fetched once, and gone

The console cannot sign and the janitor has no network, so one asks and the other packs (`packing.py`). The number stands in no row and no
job: whoever reads the register learns that something was disclosed, to whose case, and which recordings; not whose they were.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from appliance import shelf
from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.config import Config
from appliance.customers.sheets import write as write_csv
from appliance.errors import CouldNotError, SaidError, UsageError
from appliance.ids import hash_id, is_id
from appliance.jobs import NewJob, enqueue
from appliance.keys import Identity
from appliance.ledger import Ledger, append
from appliance.library.planning import Wanted, calls_of
from appliance.lookup import get_call, get_recording
from appliance.moments import SECOND, isoformat
from appliance.records import Changed
from appliance.sealed import SealedError, SealedReader
from appliance.words import N_

JOB = "disclose"
KEPT = 7 * 24 * 3600 * SECOND
"""A package that nobody fetches goes."""
_PIECE = 1 << 16


class Choice(NamedTuple):
    """One call of the person's."""

    call: Call
    recording: Recording | None
    why_not: str
    """Why its sound cannot be packed: `not_recorded`, `erased`, `afar`, or "" where it can."""


class Package(NamedTuple):
    """A package and how far it is."""

    id: str
    asked_at: int
    who: str
    why: str
    recordings: int
    state: str
    """`made` soon, `ready`, `fetched` or `failed`."""
    error: str


def choices(box: Box, ledger: Ledger, number: str) -> list[Choice]:
    """The calls from and to this number, the latest first. Raises UsageError where it is none."""
    if not box.config.number(number).national:
        raise SaidError(N_("That is no telephone number."))
    found = []
    for call in reversed(calls_of(box, ledger, Wanted(number=number))):
        recording = get_recording(ledger.connection, call.id) if call.recording else None
        found.append(Choice(call, recording, _why_not(box, recording)))
    return found


def _why_not(box: Box, recording: Recording | None) -> str:
    if recording is None:
        return "not_recorded"
    if recording.erased_at is not None:
        return "erased"
    return "" if (box.folders.recordings / recording.facts.file).exists() else "afar"


def ask(ledger: Ledger, chosen: Iterable[Choice], who: str, why: str, now: int) -> str:
    """Have them packed; returns the package's id. Raises SaidError."""
    names = [choice.recording.facts.recording for choice in chosen if choice.recording is not None and not choice.why_not]
    if not names:
        raise SaidError(N_("Choose at least one recording that can be packed."))
    package = hash_id("disclosure", secrets.token_hex(16))
    body = {"recordings": names, "who": who, "why": why, "at": now}
    with ledger.transaction() as connection:
        append(
            connection,
            [Changed(at=now, thing=f"disclosure {package}", who=who, what=f"asked for: {len(names)} recordings", why=why)],
        )
        enqueue(connection, [NewJob(kind=JOB, subject=package, body=body)], now)
    return package


def packages(box: Box, connection: sqlite3.Connection, since: int) -> list[Package]:
    """What was asked for since then, the latest first."""
    rows = connection.execute(
        """SELECT subject, state, last_error, json_extract(body, '$.who') AS who, json_extract(body, '$.why') AS why,
           json_array_length(body, '$.recordings') AS count, created_at
           FROM job WHERE kind = ? AND created_at >= ? ORDER BY created_at DESC LIMIT 50""",
        (JOB, since),
    )
    return [
        Package(row["subject"], row["created_at"], row["who"], row["why"], row["count"], _state(box, row), row["last_error"])
        for row in rows
    ]


def _state(box: Box, row: sqlite3.Row) -> str:
    if row["state"] == "done":
        return "ready" if sealed_file(box, row["subject"]).exists() else "fetched"
    return "failed" if row["state"] == "parked" else "made"


def sealed_file(box: Box, package: str) -> Path:
    """Where the package lies until it is fetched."""
    return box.folders.disclosures / f"{package}.zip.age"


@contextlib.contextmanager
def fetched(box: Box, ledger: Ledger, package: str, identities: list[Identity], who: str, now: int) -> Iterator[Iterator[bytes]]:
    """The ZIP in pieces, once: it is entered and out of reach of the next before the first byte leaves. Raises CouldNotError."""
    path = sealed_file(box, package)
    taken = path.with_suffix(f".taken{shelf.PART}")
    try:
        path.rename(taken)
    except OSError as error:
        raise CouldNotError("This package was fetched already, or it is not there; have it packed again.") from error
    try:
        ledger.append(Changed(at=now, thing=f"disclosure {package}", who=who, what="fetched", why=""))
        with taken.open("rb") as file:
            yield _pieces(SealedReader(file, identities))
    except SealedError as error:
        raise CouldNotError(f"disclosure {package}: {error}; have it packed again") from error
    finally:
        shelf.remove(taken)


def _pieces(reader: SealedReader) -> Iterator[bytes]:
    while piece := reader.read(_PIECE):
        yield piece


def sheet(config: Config, calls: Iterable[Call]) -> bytes:
    """The calls as a table: what the person may have where there is no recording too."""
    zone = config.site.zone
    head = ("began", "direction", "caller", "called", "talk_seconds", "recorded")
    rows = (
        (
            isoformat(call.started_at, zone)[:19], call.direction, call.caller, call.called, f"{call.duration:.0f}",
            "yes" if call.recording else "no",
        )
        for call in calls
    )  # fmt: skip
    return "".join(write_csv(head, rows)).encode("utf-8", "replace")


def is_package(text: str) -> bool:
    """Whether this has the form of a package's id."""
    return is_id(text)


def named(box: Box, ledger: Ledger, found: list[Choice], ids: Iterable[str]) -> list[Choice]:
    """Those of the choices with these ids of calls or recordings. Raises UsageError where one is not among them."""
    by_name = {name: choice for choice in found for name in (choice.call.id, choice.recording and choice.recording.facts.recording)}
    chosen = []
    for name in ids:
        if name not in by_name:
            raise UsageError(f"{name}: is no call of this number")
        chosen.append(by_name[name])
    return chosen


def calls_behind(ledger: Ledger, recordings: Iterable[Recording]) -> list[Call]:
    """The calls of these recordings."""
    found = (get_call(ledger.connection, recording.facts.call) for recording in recordings)
    return [call for call in found if call is not None]
