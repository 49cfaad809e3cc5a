"""Generated from Asterisk's own models (bridges.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr_flows.ari_models.values import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge(Model):
    """The merging of media from one or more channels."""

    id: str
    technology: str
    bridge_type: str
    bridge_class: str
    creator: str
    name: str
    channels: tuple[str, ...]
    video_mode: str | None = None
    video_source_id: str | None = None
    creationtime: str
    bridgevars: Mapping[str, Any] | None = None
