"""Support's door: closed, but for the hours somebody opened it, by whom and why; it closes by itself, for it is asked at every login.

sshd asks `support principals` whom a certificate may name (AuthorizedPrincipalsCommand), and hands every login to `support session`
(ForceCommand), which writes it down, lets it last no longer than the door is open, and writes its end down too.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from appliance import shelf
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.moments import SECOND, isoformat
from appliance.records import Changed

LONGEST_HOURS = 24
THING = "support"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who may come in, until when, and why."""

    who: str
    why: str
    opened_by: str
    until: int


def opened(box: Box, now: int) -> Door | None:
    """The open door; None where it is closed, was never opened, or its time is over."""
    try:
        door = Door(**json.loads((box.folders.data / "support.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return door if now < door.until else None


def open_door(box: Box, hours: float, who: str, why: str, by: str, now: int) -> Door:
    """Open it. Raises CouldNotError."""
    if not 0 < hours <= LONGEST_HOURS:
        raise CouldNotError(f"--hours {hours:g}: support is open for a day at most; open it again tomorrow")
    if not who.replace("-", "").replace("_", "").replace(".", "").isalnum() or not who.isascii():
        raise CouldNotError(f"--who {who}: is no name as it stands in a certificate; letters, digits, . _ -")
    door = Door(who=who, why=why, opened_by=by, until=now + round(hours * 3600 * SECOND))
    shelf.write(box.folders.data / "support.json", json.dumps(asdict(door)).encode(), 0o640)
    note(box, by, f"opened for {who} until {isoformat(door.until, box.config.site.zone)[:19]}", why, now)
    return door


def close_door(box: Box, by: str, now: int) -> bool:
    """Close it; returns whether it was open."""
    door = opened(box, now)
    shelf.remove(box.folders.data / "support.json")
    if door is not None:
        note(box, by, f"closed for {door.who}", door.why, now)
    return door is not None


def note(box: Box, who: str, what: str, why: str, now: int) -> None:
    """Write it down where the audit page reads."""
    with Ledger.open(box.folders.ledger) as ledger:
        ledger.append(Changed(at=now, thing=THING, who=who, what=what, why=why))
