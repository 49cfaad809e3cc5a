"""Generated from Asterisk's own models (events.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr_flows.ari_models.models_bridges import Bridge
from ivr_flows.ari_models.models_channels import Channel
from ivr_flows.ari_models.models_endpoints import Endpoint
from ivr_flows.ari_models.models_events import Event, ReferredBy, ReferTo


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCreated(Event):
    """Notification that a channel has been created."""

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDestroyed(Event):
    """Notification that a channel has been destroyed."""

    cause: int
    cause_txt: str
    tech_cause: int | None = None
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEnteredBridge(Event):
    """Notification that a channel has entered a bridge."""

    bridge: Bridge
    channel: Channel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLeftBridge(Event):
    """Notification that a channel has left a bridge."""

    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStateChange(Event):
    """Notification of a channel's state change."""

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDtmfReceived(Event):
    """DTMF received on a channel."""

    digit: str
    duration_ms: int
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDialplan(Event):
    """Channel changed location in the dialplan."""

    channel: Channel
    dialplan_app: str
    dialplan_app_data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCallerId(Event):
    """Channel changed Caller ID."""

    caller_presentation: int
    caller_presentation_txt: str
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelUserevent(Event):
    """User-generated event with additional user-defined fields in the object."""

    eventname: str
    channel: Channel | None = None
    bridge: Bridge | None = None
    endpoint: Endpoint | None = None
    userevent: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHangupRequest(Event):
    """A hangup was requested on the channel."""

    cause: int | None = None
    tech_cause: int | None = None
    soft: bool | None = None
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelVarset(Event):
    """Channel variable changed."""

    variable: str
    value: str
    channel: Channel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHold(Event):
    """A channel initiated a media hold."""

    channel: Channel
    musicclass: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelUnhold(Event):
    """A channel initiated a media unhold."""

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelToneDetected(Event):
    """Tone was detected on the channel."""

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTalkingStarted(Event):
    """Talking was detected on the channel."""

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTalkingFinished(Event):
    """Talking is no longer detected on the channel."""

    channel: Channel
    duration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConnectedLine(Event):
    """Channel changed Connected Line."""

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTransfer(Event):
    """transfer on a channel."""

    state: str | None = None
    refer_to: ReferTo
    referred_by: ReferredBy
