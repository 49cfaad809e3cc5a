"""The settings of telling people: through which channels, from which severity on, how often. Part of `config.py`'s tree. Pure."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from appliance.options import Options


class Channel(Options):
    """One way to reach somebody."""

    name: str = Field(pattern=r"^[a-z0-9_-]{1,30}$", title="Name", description="What it is called; its secret bears the same name.")
    kind: str = Field(title="Kind", description="mail, webhook, slack or line.")
    at_least: Literal["warning", "error"] = Field(
        default="warning", title="At least", description="Troubles below this severity are not told here."
    )
    summary: bool = Field(default=False, title="Summary", description="true: how the day went is told here too.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        title="Options",
        description="Settings of that kind; uploader/README.md lists them. Secrets are not among them.",
    )


class Notify(Options):
    """Who is told of troubles."""

    language: Literal["ja", "en"] = Field(default="ja", title="Language", description="Of what is told: ja or en.")
    repeat_hours: int = Field(
        default=24, ge=1, title="Reminder", description="A trouble that goes on is told again after so many hours."
    )
    summary_at: str = Field(
        default="08:00",
        pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$",
        title="Summary at",
        description="Local time at which the day before is told; empty: never.",
    )
    channels: list[Channel] = Field(default_factory=list, title="Channels", description="Ways to reach people.")

    @model_validator(mode="after")
    def _names_differ(self) -> Notify:
        names = [channel.name for channel in self.channels]
        if len(set(names)) != len(names):
            raise ValueError("names two channels alike; give each its own name")
        return self
