"""Generated from Asterisk's own models (sounds.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.ari_models.values import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatLangPair(Model):
    """Identifies the format and language of a sound file."""

    language: str
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound(Model):
    """A media file that may be played back."""

    id: str
    text: str | None = None
    formats: tuple[FormatLangPair, ...]
