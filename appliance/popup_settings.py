"""The settings of the card of a ringing call. Part of `config.py`'s tree. Pure."""

from __future__ import annotations

from pydantic import Field

from appliance.options import Options


class Popup(Options):
    """What the card of a ringing call offers."""

    crm_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        title="Address in the CRM",
        description="Where a card leads in your own system, with {number}, {e164}, {code} or {name} to be filled in; empty: nowhere.",
    )
    missed_days: int = Field(
        default=7,
        ge=1,
        le=60,
        title="Missed calls",
        description="Days for which a missed call stays on the card page unless it is done.",
    )
