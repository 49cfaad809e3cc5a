"""The part of the vocabulary (`records.py`) that speaks of proving and erasing. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSigned(Record):
    """The box vouches for the whole chain so far: the root of the tree over its first `size` recordings."""

    subject_field = "checkpoint"

    checkpoint: str
    contract: str
    serial: str
    epoch: int
    size: int
    root: str
    head: str
    """The chain value of the last recording it counts."""
    previous: str
    """The chain value of the checkpoint before."""
    file: str
    """Below the checkpoints folder."""
    chain: str
    signature: str
    public_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointStored(Record):
    """A checkpoint lies in the store, out of the box's reach, and was read back."""

    subject_field = "checkpoint"
    identity_fields = ("store",)

    checkpoint: str
    store: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointStamped(Record):
    """A time-stamping authority (RFC 3161) vouches that the checkpoint existed at a moment."""

    subject_field = "checkpoint"
    identity_fields = ("authority",)

    checkpoint: str
    authority: str
    token: str
    """The whole TimeStampResp, base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingLabelled(Record):
    """A label was put on a recording, or taken off."""

    subject_field = "recording"
    identity_fields = ("at", "label")

    recording: str
    label: str
    labelled: bool
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAsked(Record):
    """A call is to be erased everywhere: written before anything goes. Holds nothing personal of the call."""

    identity_fields = ("at",)

    call: str
    recording: str | None
    who: str
    why: str
    facts_too: bool
    """Whether numbers and names of the call go as well; false: its sound alone."""
    line_too: bool
    """Whether even the site's own line goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsErased(Record):
    """Nothing of a call is left in the store, and how much of what there was."""

    identity_fields = ("store",)

    call: str
    store: str
    objects: int
    """Keys that were known or found there."""
    removed: int
    """What lay under them: every version, marker and unfinished part counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallErased(Record):
    """Numbers and names of a call are gone from the ledger; times, outcome and chain stay."""

    call: str
    who: str
    why: str
    line_too: bool
