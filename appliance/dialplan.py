"""The words that the dialplan and the service of the flows say to each other (design §2: decide in ARI, talk in dialplan).

A call comes in on the context `in-ROUTE`, which enters `Stasis(appliance,enter,ROUTE,FLOW)`. The application decides, sets the
variables below and `continue`s into one of the `go-*` contexts at extension = the target's name, priority 1. Where the caller shall
come back to the flow, the dialplan enters `Stasis(appliance,back,OUTCOME)`. Wherever Stasis fails, the route's fallback rings. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

APP = "appliance"
"""The Stasis application."""
ENTER, BACK = "enter", "back"
"""First argument of Stasis: (enter, ROUTE, FLOW) and (back, OUTCOME)."""

CANARY = "canary"
"""Context and word of the test calls that the application makes to itself; they end where it does not take them."""

BEAT = "APPLIANCE_BEAT"
"""Global variable: epoch seconds, written by the application every second. Absent or older than BEAT_STALE_S: the dialplan falls back."""
BEAT_STALE_S = 5
CLAIMS = "APPLIANCE_CLAIMS"
"""Global variable: "1" where the application claims what `StasisBroadcast` offers (22.10+); calls then enter so, with the arguments
joined by colons, and fall back after CLAIM_MS when nobody claims. Otherwise they enter by Stasis."""
CLAIM_MS = 2000

RING = "APPLIANCE_RING"
"""Channel variable: how many seconds a target rings; empty: as the target's own settings say."""
COMES_BACK = "APPLIANCE_BACK"
"""Channel variable: "1" where the caller shall come back to the flow when nobody answered, or when the target is done."""
ROUTE, FLOW = "APPLIANCE_ROUTE", "APPLIANCE_FLOW"
"""Channel variables, set before Stasis: the route by which the call came and the flow that it entered."""
CALLER, CALLED, REASON, TRUNK = "APPLIANCE_CALLER", "APPLIANCE_CALLED", "APPLIANCE_REASON", "APPLIANCE_TRUNK"
"""Channel variables, set before Stasis: national forms; why there is no caller number (numbers.CallerReason) or empty; the trunk."""
LIMIT = "APPLIANCE_LIMIT"
"""Channel variable: TIMEOUT(absolute) in seconds while the call is in the flow (its limits.max_minutes). The application may set
TIMEOUT(absolute) itself to less, and again and again: the dialplan's `T` extension then takes a call back from one that hangs."""
ANSWERED_BY = "APPLIANCE_ANSWERED_BY"
"""Channel variable: the extension that answered, on the caller's channel."""


class Outcome(StrEnum):
    """How a target ended, as `Stasis(appliance,back,OUTCOME)` says it."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    FULL = "full"
    TIMEOUT = "timeout"
    EMPTY = "empty"
    DONE = "done"


GO_EXTENSION = "go-extension"
GO_GROUP = "go-group"
GO_QUEUE = "go-queue"
GO_VOICEMAIL = "go-voicemail"
GO_CONFERENCE = "go-conference"
GO_PARK = "go-park"
GO_OUTSIDE = "go-outside"
"""Over the outbound rules; the extension is the number as dialled from a desk, without the office prefix."""
GO_FALLBACK = "go-fallback"
"""What rings when the application is down; the extension is a flow's name."""
GO_HANGUP = "go-hangup"
GO_BACK = "go-back"
"""Back to the flow; the extension is an outcome. Falls back by itself where the application does not take the call."""

NIGHT_FAMILY = "appliance-switch"
"""AstDB family of the day/night switches: `DB(appliance-switch/NAME)` is 1 while the switch is on; its lamp is `Custom:NAME`."""

NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}")
"""Names of flows, routes, groups, queues, … : they are extensions of contexts too, in which Asterisk passes over hyphens."""
EXTENSION = re.compile(r"[1-9][0-9]{1,7}")
OUTSIDE = re.compile(r"[0-9*#]{2,24}")


class Kind(StrEnum):
    """What a target can be."""

    FLOW = "flow"
    GROUP = "group"
    EXTENSION = "extension"
    QUEUE = "queue"
    VOICEMAIL = "voicemail"
    CONFERENCE = "conference"
    OUTSIDE = "outside"
    HANGUP = "hangup"


GROUP_HEADER = "X-Ring-Group"
"""Header of the call to a desk that a ring group or a queue rings: its name, for the recording's rules."""

CONTEXTS = {
    Kind.GROUP: GO_GROUP, Kind.EXTENSION: GO_EXTENSION, Kind.QUEUE: GO_QUEUE, Kind.VOICEMAIL: GO_VOICEMAIL,
    Kind.CONFERENCE: GO_CONFERENCE, Kind.OUTSIDE: GO_OUTSIDE, Kind.HANGUP: GO_HANGUP,
}  # fmt: skip
"""The context of each kind that the dialplan can serve by itself; a flow needs the application."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: `kind:name`, or `hangup`."""

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else str(self.kind)


def target(text: str) -> Target:
    """The target that this spelling names. Raises ValueError with the mend."""
    if text == Kind.HANGUP:
        return Target(Kind.HANGUP)
    kind, _, name = text.partition(":")
    if kind == Kind.HANGUP or kind not in set(Kind):
        kinds = ", ".join(f"{one}:NAME" for one in Kind if one is not Kind.HANGUP)
        raise ValueError(f"is no target; write one of {kinds} or hangup")
    form, like = _FORMS.get(Kind(kind), (NAME, "two or more small letters, digits, - and _, such as front"))
    if not form.fullmatch(name):
        raise ValueError(f"names no {kind}; write {kind}: and {like}")
    return Target(Kind(kind), name)


_NUMBERED = (EXTENSION, "its number, such as 201")
_FORMS = {
    Kind.EXTENSION: _NUMBERED,
    Kind.VOICEMAIL: _NUMBERED,
    Kind.CONFERENCE: _NUMBERED,
    Kind.OUTSIDE: (OUTSIDE, "a number as dialled, such as 09012345678"),
}


def inbound(route: str) -> str:
    """The context in which calls of this route come in."""
    return f"in-{route}"
