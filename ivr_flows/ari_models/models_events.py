"""Generated from Asterisk's own models (events.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.ari_models.models_bridges import Bridge
from ivr_flows.ari_models.models_channels import Channel
from ivr_flows.ari_models.values import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Model):
    """Base type for errors and events."""

    type: str
    asterisk_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingParams(Message):
    """Error event sent when required params are missing."""

    params: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Message):
    """Base type for asynchronous events from Asterisk."""

    application: str
    timestamp: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactInfo(Model):
    """Detailed information about a contact on an endpoint."""

    uri: str
    contact_status: str
    aor: str
    roundtrip_usec: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer(Model):
    """Detailed information about a remote peer that communicates with Asterisk."""

    peer_status: str
    cause: str | None = None
    address: str | None = None
    port: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferTo(Model):
    """transfer destination requested by transferee."""

    requested_destination: RequiredDestination
    destination_channel: Channel | None = None
    connected_channel: Channel | None = None
    bridge: Bridge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferredBy(Model):
    """transfer destination requested by transferee."""

    source_channel: Channel
    connected_channel: Channel | None = None
    bridge: Bridge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredDestination(Model):
    """Information about the requested destination."""

    protocol_id: str | None = None
    destination: str | None = None
    additional_protocol_params: tuple[AdditionalParam, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionalParam(Model):
    """Protocol specific additional parameter."""

    parameter_name: str
    parameter_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RESTHeader(Model):
    """REST over Websocket header."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RESTQueryStringParameter(Model):
    """REST over Websocket Query String Parameter."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RESTRequest(Model):
    """REST over Websocket Request."""

    type: str
    transaction_id: str
    request_id: str
    method: str
    uri: str
    content_type: str | None = None
    query_strings: tuple[RESTQueryStringParameter, ...] | None = None
    message_body: str | None = None
