"""The settings of keeping and proving: how long what stays, and who vouches for it. Part of `config.py`'s tree. Pure."""

from __future__ import annotations

from pydantic import Field, model_validator

from appliance.options import Options


class RetentionRule(Options):
    """How long the recordings of one label, line or group are kept, instead of what holds for all."""

    label: str = Field(default="", title="Label", description="A label (appliance label); it wins over line and group.")
    line: str = Field(default="", title="Line", description="One of the site's numbers; it wins over its group.")
    group: str = Field(default="", title="Group", description="A group of lines.")
    local_days: int = Field(default=0, ge=0, title="Local days", description="As retention.local_days, for these recordings.")
    erase_days: int = Field(default=0, ge=0, title="Erase days", description="As retention.erase_days, for these recordings.")

    @model_validator(mode="after")
    def _names_one(self) -> RetentionRule:
        if sum(map(bool, (self.label, self.line, self.group))) != 1:
            raise ValueError("names none or several of label, line and group; name one of them")
        return self


class Retention(Options):
    """How long things are kept. What is held for a case stays, whatever is said here."""

    local_days: int = Field(
        default=0,
        ge=0,
        title="Local days",
        description="Days after which a stored recording's local copy is removed; 0 keeps it. What is not stored is never removed.",
    )
    keep_free_megabytes: int = Field(
        default=2000,
        ge=0,
        title="Keep free",
        description="Below so much free space local copies of stored recordings go, the oldest first; 0: never for want of space.",
    )
    erase_days: int = Field(
        default=0,
        ge=0,
        title="Erase days",
        description="Days after which a recording is erased everywhere, in the store too; 0 keeps it.",
    )
    erase_calls: bool = Field(
        default=False,
        title="Erase calls",
        description="true: numbers and names of the call go when its recording is erased by age.",
    )
    rules: list[RetentionRule] = Field(
        default_factory=list,
        title="Rules",
        description="Other days for a label, a line or a group; of several labels the one that keeps longest counts.",
    )


class Proof(Options):
    """How what was recorded is vouched for."""

    timestamp_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        title="Time stamps",
        description="URL of a time-stamping authority (RFC 3161) for every checkpoint of the chain; empty: none.",
    )
    timestamp_ca: str = Field(
        default="",
        title="Authority's certificate",
        description="PEM file of the certificates by which its answers are checked; needed with a URL. Uses the openssl program.",
    )
