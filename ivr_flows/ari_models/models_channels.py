"""Generated from Asterisk's own models (channels.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr_flows.ari_models.values import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialed(Model):
    """Dialed channel information."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialplanCEP(Model):
    """Dialplan location (context/extension/priority)."""

    context: str
    exten: str
    priority: int
    app_name: str
    app_data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerID(Model):
    """Caller identification."""

    name: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RTPstat(Model):
    """A statistics of a RTP."""

    txcount: int
    rxcount: int
    txjitter: float | None = None
    rxjitter: float | None = None
    remote_maxjitter: float | None = None
    remote_minjitter: float | None = None
    remote_normdevjitter: float | None = None
    remote_stdevjitter: float | None = None
    local_maxjitter: float | None = None
    local_minjitter: float | None = None
    local_normdevjitter: float | None = None
    local_stdevjitter: float | None = None
    txploss: int
    rxploss: int
    remote_maxrxploss: float | None = None
    remote_minrxploss: float | None = None
    remote_normdevrxploss: float | None = None
    remote_stdevrxploss: float | None = None
    local_maxrxploss: float | None = None
    local_minrxploss: float | None = None
    local_normdevrxploss: float | None = None
    local_stdevrxploss: float | None = None
    rtt: float | None = None
    maxrtt: float | None = None
    minrtt: float | None = None
    normdevrtt: float | None = None
    stdevrtt: float | None = None
    local_ssrc: int
    remote_ssrc: int
    txoctetcount: int
    rxoctetcount: int
    channel_uniqueid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Model):
    """A specific communication connection between Asterisk and an Endpoint."""

    id: str
    protocol_id: str
    name: str
    state: str
    caller: CallerID
    connected: CallerID
    accountcode: str
    dialplan: DialplanCEP
    creationtime: str
    language: str
    channelvars: Mapping[str, Any] | None = None
    caller_rdnis: str | None = None
    tenantid: str | None = None
