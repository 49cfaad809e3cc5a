"""INVITEs that were heard before their turn (`bell.py`): what was said of their calls, and when. Pure, bounded.

A call's id holds the time of its first message, so the call that really begins takes the time that was foretold. An INVITE that never
has its turn (the ring was full) is the one that was heard.
"""

from __future__ import annotations

from typing import NamedTuple

from appliance.moments import SECOND
from capture.frames import Address
from capture.sip import Message

PATIENCE = 3 * SECOND
MOST = 1000


class Invite(NamedTuple):
    """What was heard, and at which moment of the clock on which deadlines run."""

    message: Message
    source: Address
    destination: Address
    at: int
    now: int


class Foretold:
    """Calls that were foretold and have not begun yet, by Call-ID and the caller's tag."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], Invite] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, tag: str, invite: Invite) -> bool:
        """Remember; False where it is known already, or where there are too many."""
        key = (invite.message.call_id, tag)
        if key in self._waiting or len(self._waiting) >= MOST:
            return False
        self._waiting[key] = invite
        return True

    def began(self, call_id: str, tag: str) -> int | None:
        """The call begins: the moment that was foretold."""
        invite = self._waiting.pop((call_id, tag), None)
        return None if invite is None else invite.at

    def overdue(self, now: int) -> list[Invite]:
        """Those whose turn should have come long ago; each stays until its call begins."""
        return [invite for invite in self._waiting.values() if now - invite.now >= PATIENCE]
