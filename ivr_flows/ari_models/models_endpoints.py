"""Generated from Asterisk's own models (endpoints.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr_flows.ari_models.values import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Model):
    """An external device that may offer/accept calls to/from Asterisk."""

    technology: str
    resource: str
    state: str | None = None
    channel_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage(Model):
    """A text message."""

    from_: str
    to: str
    body: str
    variables: Mapping[str, Any] | None = None
