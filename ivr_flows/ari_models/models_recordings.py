"""Generated from Asterisk's own models (recordings.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.ari_models.values import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecording(Model):
    """A past recording that may be played back."""

    name: str
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRecording(Model):
    """A recording that is in progress."""

    name: str
    format: str
    target_uri: str
    state: str
    duration: int | None = None
    talking_duration: int | None = None
    silence_duration: int | None = None
    cause: str | None = None
