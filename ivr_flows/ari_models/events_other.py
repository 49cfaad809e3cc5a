"""Generated from Asterisk's own models (events.json) by generator.py: values. Never edited by hand."""

# fmt: off
from __future__ import annotations

from dataclasses import dataclass

from ivr_flows.ari_models.models_bridges import Bridge
from ivr_flows.ari_models.models_channels import Channel
from ivr_flows.ari_models.models_device_states import DeviceState
from ivr_flows.ari_models.models_endpoints import Endpoint, TextMessage
from ivr_flows.ari_models.models_events import ContactInfo, Event, Peer
from ivr_flows.ari_models.models_playbacks import Playback
from ivr_flows.ari_models.models_recordings import LiveRecording


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStateChanged(Event):
    """Notification that a device state has changed."""

    device_state: DeviceState


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackStarted(Event):
    """Event showing the start of a media playback operation."""

    playback: Playback


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackContinuing(Event):
    """Event showing the continuation of a media playback operation from one media URI to the next in the list."""

    playback: Playback


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFinished(Event):
    """Event showing the completion of a media playback operation."""

    playback: Playback


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(Event):
    """Event showing the start of a recording operation."""

    recording: LiveRecording


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFinished(Event):
    """Event showing the completion of a recording operation."""

    recording: LiveRecording


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFailed(Event):
    """Event showing failure of a recording operation."""

    recording: LiveRecording


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationMoveFailed(Event):
    """Notification that trying to move a channel to another Stasis application failed."""

    channel: Channel
    destination: str
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRegistered(Event):
    """Notification that a Stasis app has been registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationUnregistered(Event):
    """Notification that a Stasis app has been unregistered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationReplaced(Event):
    """Notification that another WebSocket has taken over for an application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeCreated(Event):
    """Notification that a bridge has been created."""

    bridge: Bridge


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeDestroyed(Event):
    """Notification that a bridge has been destroyed."""

    bridge: Bridge


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeMerged(Event):
    """Notification that one bridge has merged into another."""

    bridge: Bridge
    bridge_from: Bridge


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeVideoSourceChanged(Event):
    """Notification that the source of video in a bridge has changed."""

    bridge: Bridge
    old_video_source_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeBlindTransfer(Event):
    """Notification that a blind transfer has occurred."""

    channel: Channel
    replace_channel: Channel | None = None
    transferee: Channel | None = None
    exten: str
    context: str
    result: str
    is_external: bool
    bridge: Bridge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeAttendedTransfer(Event):
    """Notification that an attended transfer has occurred."""

    transferer_first_leg: Channel
    transferer_second_leg: Channel
    replace_channel: Channel | None = None
    transferee: Channel | None = None
    transfer_target: Channel | None = None
    result: str
    is_external: bool
    transferer_first_leg_bridge: Bridge | None = None
    transferer_second_leg_bridge: Bridge | None = None
    destination_type: str
    destination_bridge: str | None = None
    destination_application: str | None = None
    destination_link_first_leg: Channel | None = None
    destination_link_second_leg: Channel | None = None
    destination_threeway_channel: Channel | None = None
    destination_threeway_bridge: Bridge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactStatusChange(Event):
    """The state of a contact on an endpoint has changed."""

    endpoint: Endpoint
    contact_info: ContactInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerStatusChange(Event):
    """The state of a peer associated with an endpoint has changed."""

    endpoint: Endpoint
    peer: Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStateChange(Event):
    """Endpoint state changed."""

    endpoint: Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial(Event):
    """Dialing state has changed."""

    caller: Channel | None = None
    peer: Channel
    forward: str | None = None
    forwarded: Channel | None = None
    dialstring: str | None = None
    dialstatus: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StasisEnd(Event):
    """Notification that a channel has left a Stasis application."""

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class StasisStart(Event):
    """Notification that a channel has entered a Stasis application."""

    args: tuple[str, ...]
    channel: Channel
    replace_channel: Channel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessageReceived(Event):
    """A text message was received from an endpoint."""

    message: TextMessage
    endpoint: Endpoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RESTResponse(Event):
    """REST over Websocket Response."""

    transaction_id: str
    request_id: str
    status_code: int
    reason_phrase: str
    uri: str
    content_type: str | None = None
    message_body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBroadcast(Event):
    """Notification that a channel is being broadcast to ARI applications for claiming."""

    channel: Channel
    caller: str | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallClaimed(Event):
    """Notification that a broadcast channel has been successfully claimed by an ARI application."""

    channel: Channel
    winner_app: str
