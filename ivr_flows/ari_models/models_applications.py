"""Generated from Asterisk's own models (applications.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr_flows.ari_models.values import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Model):
    """Details of a Stasis application."""

    name: str
    channel_ids: tuple[str, ...]
    bridge_ids: tuple[str, ...]
    endpoint_ids: tuple[str, ...]
    device_names: tuple[str, ...]
    events_allowed: tuple[Mapping[str, Any], ...]
    events_disallowed: tuple[Mapping[str, Any], ...]
