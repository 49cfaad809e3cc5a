"""What the capture core asks its shell to do. Values only. Pure."""

from __future__ import annotations

from typing import NamedTuple

from appliance.ids import CallId
from appliance.records import CallEnded, NotRecorded, Record, Side, TieReason
from capture.frames import Address
from capture.marks import Mark
from capture.sdp import Media, SrtpKey


class Emit(NamedTuple):
    """Write this record to the ledger."""

    record: Record


class Keep(NamedTuple):
    """Put this SIP message of the call on the spool."""

    call: CallId
    at: int
    source: Address
    destination: Address
    raw: bytes


class KeepReport(NamedTuple):
    """Put this RTCP of the call's streams on the spool."""

    call: CallId
    at: int
    source: Address
    destination: Address
    raw: bytes


class Watch(NamedTuple):
    """Audio that arrives at this address is meant for `side`, so it is the other side's speech."""

    call: CallId
    side: Side
    address: Address
    media: Media


class Shun(NamedTuple):
    """Signalling announced this address, and what arrives there is not to be recorded."""

    call: CallId
    address: Address


class Secrecy(NamedTuple):
    """What one side's description says of SRTP: which keys it encrypts with, and whether it speaks SRTP, plain RTP, or either."""

    call: CallId
    side: Side
    at: int
    keys: tuple[SrtpKey, ...]
    secure: bool
    plain: bool


class Exclude(NamedTuple):
    """The call is not to be recorded after all, nor is the talk it is part of: let its streams go, with what was gathered of them."""

    call: CallId


class Leg(NamedTuple):
    """Another call of the same talk, as the render must know it."""

    call: CallId
    to: CallId
    """The call that it was tied to: the main call or one of its legs."""
    why: TieReason
    swapped: bool
    """Whether its caller is heard on the main call's called side."""
    announced: tuple[str, ...]


class Settle(NamedTuple):
    """A talk is over, all its legs included: one recording is to be made of it, under the name of its main call.

    `reason` says why there is no recording, in case no audio was captured or it is not `allowed`.
    """

    call: CallId
    at: int
    allowed: bool
    answered: bool
    cut: bool
    reason: NotRecorded
    detail: str
    announced: tuple[str, ...]
    legs: tuple[Leg, ...]


class Hush(NamedTuple):
    """Put this mark of a pause on the spool, and tell its record. `ticket`: who waits for that, 0 for nobody."""

    call: CallId
    mark: Mark
    ticket: int = 0


class Close(NamedTuple):
    """The call is over and its last packets have come: close its streams.

    `reason` says why there is no recording, in case no audio was captured.
    """

    call: CallId
    ended: CallEnded
    cut: bool
    recordable: bool
    reason: NotRecorded
    detail: str
    announced: tuple[str, ...] = ()
    """Addresses at which its sides receive audio."""
    tied: CallId | None = None
    """The main call, where this one is a leg of it: the recording is made there."""
    settles: Settle | None = None
    """The talk that is over with it."""


class Weird(NamedTuple):
    """A surprise on the wire, to be counted."""

    name: str
    sample: bytes


Effect = Emit | Keep | KeepReport | Watch | Shun | Secrecy | Exclude | Hush | Close | Weird
