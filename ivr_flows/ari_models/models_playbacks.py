"""Generated from Asterisk's own models (playbacks.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.ari_models.values import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback(Model):
    """Object representing the playback of media to a channel."""

    id: str
    media_uri: str
    next_media_uri: str | None = None
    target_uri: str
    language: str | None = None
    state: str
