"""What the capture core asks its shell to do. Values only. Pure."""

from __future__ import annotations

from typing import NamedTuple

from appliance.ids import CallId
from appliance.records import CallEnded, NotRecorded, Record, Side
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


class Watch(NamedTuple):
    """Audio that arrives at this address is meant for `side`, so it is the other side's speech."""

    call: CallId
    side: Side
    address: Address
    media: Media


class Secrecy(NamedTuple):
    """What one side's description says of SRTP: which keys it encrypts with, and whether it speaks SRTP, plain RTP, or either."""

    call: CallId
    side: Side
    at: int
    keys: tuple[SrtpKey, ...]
    secure: bool
    plain: bool


class Exclude(NamedTuple):
    """The call is not to be recorded after all: let its streams go, with what was gathered of them."""

    call: CallId


class Hush(NamedTuple):
    """Put this mark of a pause on the spool, and tell its record. `ticket`: who waits for that, 0 for nobody."""

    call: CallId
    mark: Mark
    ticket: int = 0


class Close(NamedTuple):
    """The call is over and its last packets have come: close its streams and let it be rendered.

    `reason` says why there is no recording, in case no audio was captured.
    """

    call: CallId
    ended: CallEnded
    cut: bool
    recordable: bool
    reason: NotRecorded
    detail: str


class Weird(NamedTuple):
    """A surprise on the wire, to be counted."""

    name: str
    sample: bytes


Effect = Emit | Keep | Watch | Secrecy | Exclude | Hush | Close | Weird
