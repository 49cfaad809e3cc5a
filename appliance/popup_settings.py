"""The settings of the card of a ringing call. Part of `config.py`'s tree. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from appliance.options import Options
from appliance.words import N_


class Integration(Options):
    """One of the office's own systems, which is asked who calls, or told of calls."""

    name: str = Field(
        pattern=r"^[a-z0-9_-]{1,30}$",
        title=N_("Name"),
        description="What it is called on the card; its secret bears the same name.",
    )
    kind: str = Field(title=N_("Kind"), description="webhook, kintone or http.")
    deadline_seconds: float = Field(
        default=3.0,
        ge=0.1,
        le=30,
        title=N_("Deadline"),
        description="Seconds after which an answer is no longer waited for. The card never waits: it is shown at once and filled in later.",
    )
    cache_minutes: int = Field(
        default=60,
        ge=1,
        le=10_080,
        title=N_("Kept for"),
        description="Minutes for which an answer is kept and not asked for again.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        title=N_("Options"),
        description="Settings of that kind; appliance/popups/README.md lists them. Secrets are not among them.",
    )


class Popup(Options):
    """What the card of a ringing call offers."""

    crm_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        title=N_("Address in the CRM"),
        description="Where a card leads in your own system, with {number}, {e164}, {code} or {name} to be filled in; empty: nowhere.",
    )
    missed_days: int = Field(
        default=7,
        ge=1,
        le=60,
        title=N_("Missed calls"),
        description="Days for which a missed call stays on the card page unless it is done.",
    )
    integrations: list[Integration] = Field(
        default_factory=list, title=N_("Integrations"), description="The office's own systems that know who calls, or want to know."
    )
    push_contact: str = Field(
        default="",
        pattern=r"^((mailto:|https://)\S+)?$",
        title=N_("Contact for push messages"),
        description="mailto: or https: address that the browsers' push services may turn to (RFC 8292); empty: no push messages are sent.",
    )
    push_hosts: list[str] = Field(
        default_factory=lambda: [
            "fcm.googleapis.com",
            "updates.push.services.mozilla.com",
            "notify.windows.com",
            "web.push.apple.com",
        ],
        title=N_("Push services"),
        description="Hosts (with all below them) to which push messages may go; nobody can name another.",
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Popup:
        names = [one.name for one in self.integrations]
        if len(set(names)) != len(names):
            raise ValueError("names two integrations alike; give each its own name")
        return self
