"""The part of the vocabulary that speaks of stores: what they can do, what was read back, drills, headers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreProbed(Record):
    """What the canary found that the store can do (true), cannot (false), or was not asked (null)."""

    subject_field = "store"
    identity_fields = ("at",)

    store: str
    capabilities: Mapping[str, Any]
    problems: tuple[str, ...]
    settings: str = ""
    """Of which store: the fingerprint of its settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSampled(Record):
    """A stored recording was read back in full; `problem` is empty where it is what was sent."""

    subject_field = "recording"
    identity_fields = ("at",)

    recording: str
    store: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillDone(Record):
    """A site was brought back from its store alone, as far as `depth` says: `opened`, or `sealed` where no key was at hand."""

    subject_field = "store"
    identity_fields = ("at",)

    store: str
    depth: str
    recordings: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderChanged(Record):
    """Who may open a recording was changed: its headers were written anew for these recipients, or destroyed (none)."""

    subject_field = "recording"
    identity_fields = ("at",)

    recording: str
    what: str
    """`rotated` or `shredded`."""
    recipients: tuple[str, ...]
    objects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupStored(Record):
    """A night's backup of the box lies in the store."""

    subject_field = "backup"
    identity_fields = ("store",)

    backup: str
    store: str
    key: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxReplaced(Record):
    """From here on another machine writes this chain."""

    subject_field = "serial"
    identity_fields = ("at",)

    serial: str
    """The new machine's."""
    before: str
    """The old one's."""
    epoch: int
    backup_at: int
    """When what it knows was written down."""
    head: int
    """Number of the last recording that was known then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinSeen(Record):
    """Somebody else writes under this box's name in the store, and nothing more is sent; `problem` is empty where that is over."""

    subject_field = "store"
    identity_fields = ("at",)

    store: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commissioned(Record):
    """The opening test was made; where it passed the service starts on this day."""

    subject_field = "serial"
    identity_fields = ("at",)

    serial: str
    contract: str
    who: str
    passed: bool
    service_starts: str
    """ISO date, "" where it did not pass."""
    chain: str
    signature: str
    """Of the report."""
