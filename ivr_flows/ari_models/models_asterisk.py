"""Generated from Asterisk's own models (asterisk.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr_flows.ari_models.values import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInfo(Model):
    """Info about how Asterisk was built."""

    os: str
    kernel: str
    options: str
    machine: str
    date: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemInfo(Model):
    """Info about Asterisk."""

    version: str
    entity_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetId(Model):
    """Effective user/group id."""

    user: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigInfo(Model):
    """Info about Asterisk configuration."""

    name: str
    default_language: str
    max_channels: int | None = None
    max_open_files: int | None = None
    max_load: float | None = None
    setid: SetId


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusInfo(Model):
    """Info about Asterisk status."""

    startup_time: str
    last_reload_time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskInfo(Model):
    """Asterisk system information."""

    build: BuildInfo | None = None
    system: SystemInfo | None = None
    config: ConfigInfo | None = None
    status: StatusInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskPing(Model):
    """Asterisk ping information."""

    asterisk_id: str
    ping: str
    timestamp: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Module(Model):
    """Details of an Asterisk module."""

    name: str
    description: str
    use_count: int
    status: str
    support_level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChannel(Model):
    """Details of an Asterisk log channel."""

    channel: str
    type: str
    status: str
    configuration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable(Model):
    """The value of a channel variable."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables(Model):
    """A dictionary of channel variables."""

    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigTuple(Model):
    """A key/value pair that makes up part of a configuration object."""

    attribute: str
    value: str
