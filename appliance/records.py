"""THE vocabulary: every fact the house knows is one of these records (design §2). Pure.

A record is frozen, named for what has happened, and holds plain JSON values: text, integers, floats, booleans, tuples and dicts
of them. Moments are nanoseconds since the epoch (UTC). `subject` is what the fact is about (a call, a recording, a service);
`identity` are the fields that make it the same fact, so that writing it twice leaves one row. A changed meaning gets a new
`version`, never a changed old one; a field that was added has a default, which rows without it are read with.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any

from appliance.desk_records import CallEnriched as CallEnriched
from appliance.desk_records import CallLinked as CallLinked
from appliance.desk_records import CallNoted as CallNoted
from appliance.desk_records import CallTaken as CallTaken
from appliance.health_records import Heartbeat as Heartbeat
from appliance.health_records import IssueClosed as IssueClosed
from appliance.health_records import IssueOpened as IssueOpened
from appliance.health_records import NoticeSent as NoticeSent
from appliance.health_records import PowerLost as PowerLost
from appliance.health_records import WeirdSeen as WeirdSeen
from appliance.phone_records import AnswersKept as AnswersKept
from appliance.phone_records import CallPlaced as CallPlaced
from appliance.phone_records import MessageExpired as MessageExpired
from appliance.proof_records import CallErased as CallErased
from appliance.proof_records import CheckpointSigned as CheckpointSigned
from appliance.proof_records import CheckpointStamped as CheckpointStamped
from appliance.proof_records import CheckpointStored as CheckpointStored
from appliance.proof_records import ErasureAsked as ErasureAsked
from appliance.proof_records import ObjectsErased as ObjectsErased
from appliance.proof_records import RecordingLabelled as RecordingLabelled
from appliance.record import Record as Record
from appliance.record import UnknownRecordError as UnknownRecordError
from appliance.record import encode as encode
from appliance.record import with_tuples as with_tuples
from appliance.register_records import AccessAsked as AccessAsked
from appliance.register_records import AccessDecided as AccessDecided
from appliance.register_records import Changed as Changed
from appliance.register_records import Exported as Exported
from appliance.register_records import Listened as Listened
from appliance.storage import BackupStored as BackupStored
from appliance.storage import BoxReplaced as BoxReplaced
from appliance.storage import Commissioned as Commissioned
from appliance.storage import DrillDone as DrillDone
from appliance.storage import HeaderChanged as HeaderChanged
from appliance.storage import StoreProbed as StoreProbed
from appliance.storage import StoreSampled as StoreSampled
from appliance.storage import TwinSeen as TwinSeen
from appliance.storage import UploadDone as UploadDone
from appliance.storage import UploadParked as UploadParked


class Direction(StrEnum):
    """Which way a call goes, seen from the site."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    UNKNOWN = "unknown"


class Side(StrEnum):
    """Who speaks. The caller is the left channel, the called party the right one, always."""

    CALLER = "caller"
    CALLED = "called"

    @property
    def other(self) -> Side:
        """The side that listens."""
        return Side.CALLED if self is Side.CALLER else Side.CALLER


class NotRecorded(StrEnum):
    """Why a call has no recording."""

    EXCLUDED_LINE = "excluded_line"
    EXCLUDED_RULE = "excluded_rule"
    PAUSED = "paused"
    NOT_ASKED = "not_asked"
    """It is kept on demand, and nobody demanded it."""
    NOT_ANSWERED = "not_answered"
    NO_MEDIA = "no_media"
    ENCRYPTED = "encrypted"
    UNKNOWN_CODEC = "unknown_codec"
    KERNEL_DROP = "kernel_drop"
    DAMAGED = "damaged"
    TIED = "tied"
    """It is a leg of another call, whose recording holds it."""


class TieReason(StrEnum):
    """By what a leg of a talk is known as such (`capture/ties.py`)."""

    MEDIA = "media"
    SESSION = "session"
    CALL_ID = "call_id"
    NUMBER = "number"
    REPLACES = "replaces"
    REFER = "refer"
    PBX = "pbx"
    """The telephone system tells of it too, as of a call of its own (`seen_twice.py`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(Record):
    """A phone rings (or a call under way was first noticed)."""

    call: str
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
    start_seen: bool
    via: str
    """What saw it: the reel of a tap, or the phone system."""
    sip_call_id: str
    headers: tuple[str, ...]
    """The header lines the facts above were read from, as seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(Record):
    """Speech may flow."""

    call: str
    by: str = ""
    """The extension that answered, where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Record):
    """The call is over, and why."""

    call: str
    reason: str
    sip_status: int | None
    started_at: int
    ringing_at: int | None
    answered_at: int | None
    end_seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LegTied(Record):
    """This call is a leg of another one: one talk, one recording."""

    identity_fields = ("main",)

    call: str
    main: str
    to: str
    """The call that it was tied to: the main call, or another leg of it."""
    why: str
    swapped: bool
    """Whether its caller is heard on the main call's called side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentClosed(Record):
    """One RTP stream of a call is complete on the spool."""

    identity_fields = ("segment",)

    call: str
    segment: str
    side: str
    source: str
    destination: str
    ssrc: int
    codecs: tuple[str, ...]
    first: int
    last: int
    packets: int
    lost: int
    late: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingReady(Record):
    """One whole stereo file exists, sealed, chained to the recording before it and signed by the box."""

    subject_field = "recording"

    recording: str
    call: str
    file: str
    manifest: str
    """Paths below the recordings folder."""
    manifest_sha256: str
    """Of the sealed manifest."""
    format: str
    channels: int
    sample_rate: int
    seconds: float
    started_at: int
    """The moment of the first sample."""
    bytes: int
    sealed_sha256: str
    plain_sha256: str
    codecs: tuple[str, ...]
    packets: int
    lost: int
    late: int
    one_sided: bool
    cut: bool
    """Whether the recorder was stopped during the call, so that the end (or a piece) is missing."""
    quality: Mapping[str, Any]
    recipients: tuple[str, ...]
    epoch: int
    sequence: int
    previous: str
    chain: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPaused(Record):
    """From this moment on nothing of the call is recorded; its recording goes on in silence."""

    identity_fields = ("at",)

    call: str
    who: str
    how: str
    """`api`, `digits`, or `demand` where a call is kept on demand only."""
    why: str
    until: int | None
    """When it ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingResumed(Record):
    """The call is recorded again."""

    identity_fields = ("at",)

    call: str
    who: str
    how: str
    """`api`, `digits`, `limit` where the pause came to its end by itself, or `demand` where a rule wants it after all."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFailed(Record):
    """No recording could be made; what was captured is kept sealed in quarantine."""

    call: str
    reason: str
    quarantine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNotRecorded(Record):
    """Why a call has no recording."""

    call: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingExpired(Record):
    """The local copy is gone, by which rule."""

    subject_field = "recording"

    recording: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingHeld(Record):
    """Kept longer for a case, or released from it."""

    subject_field = "recording"
    identity_fields = ("at",)

    recording: str
    held: bool
    who: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingErased(Record):
    """Erased everywhere, with the proof."""

    subject_field = "recording"

    recording: str
    who: str
    why: str
    objects: int
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEntered(Record):
    """A caller reached a node of a flow."""

    identity_fields = ("at", "node")

    call: str
    flow: str
    revision: str
    node: str


KINDS: dict[str, type[Record]] = {
    kind.__name__: kind
    for kind in (
        CallRinging, CallAnswered, CallEnded, LegTied, SegmentClosed, RecordingPaused, RecordingResumed, RecordingReady,
        RecordingFailed, CallNotRecorded, UploadDone, UploadParked, RecordingExpired, RecordingHeld, RecordingErased, Listened,
        Exported, Changed, NodeEntered, WeirdSeen, IssueOpened, IssueClosed, Heartbeat, CheckpointSigned, CheckpointStored,
        CheckpointStamped, RecordingLabelled, ErasureAsked, ObjectsErased, CallErased, StoreProbed, StoreSampled, DrillDone,
        HeaderChanged, CallTaken, CallNoted, CallLinked, PowerLost, NoticeSent, TwinSeen, BackupStored, BoxReplaced,
        Commissioned, AccessAsked, AccessDecided, CallPlaced, AnswersKept, MessageExpired, CallEnriched,
    )
}  # fmt: skip


def decode(kind: str, version: int, body: str) -> Record:
    """The record that `encode` wrote. Raises UnknownRecordError on a kind, version or field this program does not know."""
    cls = KINDS.get(kind)
    if cls is None or version != cls.version:
        raise UnknownRecordError(f"record {kind} version {version} is not known to this version of the program")
    values: dict[str, Any] = json.loads(body)
    known = {field.name for field in fields(cls)}
    values = {field.name: field.default for field in fields(cls) if field.default is not MISSING} | values
    if set(values) != known:
        raise UnknownRecordError(f"record {kind}: fields {sorted(set(values) ^ known)} do not match version {version}")
    make: Callable[..., Record] = cls
    return make(**with_tuples(values))
