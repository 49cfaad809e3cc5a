"""Generated from Asterisk's own models (mailboxes.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.ari_models.values import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox(Model):
    """Represents the state of a mailbox."""

    name: str
    old_messages: int
    new_messages: int
