"""Generated from Asterisk's own models (channels.json) by generator.py: operations. Never edited by hand."""

# fmt: off
# ruff: noqa: ASYNC109
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ivr_flows.ari_models import models_asterisk, models_channels
from ivr_flows.ari_models.playbacks import Playback
from ivr_flows.ari_models.recordings import LiveRecording
from ivr_flows.ari_models.values import Asker, Request, Thing, quoted


class Channel(Thing[models_channels.Channel]):
    """Active channel."""

    __slots__ = ()
    model = models_channels.Channel

    async def get(self) -> Channel:
        """Channel details."""
        sent = await self.asker.ask(Request(method="GET", path=f"channels/{quoted(self.id)}"))
        return Channel.of(self.asker, sent)

    async def originate_with_id(self, *, endpoint: str, extension: str | None = None, context: str | None = None,
        priority: int | None = None, label: str | None = None, app: str | None = None, app_args: str | None = None,
        caller_id: str | None = None, timeout: int | None = None, other_channel_id: str | None = None,
        originator: str | None = None, formats: str | None = None, variables: Mapping[str, Any] | None = None) -> Channel:
        """Create a new channel (originate with id)."""
        sent = await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}", query={"endpoint": endpoint,
            "extension": extension, "context": context, "priority": priority, "label": label, "app": app, "appArgs": app_args,
            "callerId": caller_id, "timeout": timeout, "otherChannelId": other_channel_id, "originator": originator,
            "formats": formats}, body=None if variables is None else {"variables": variables}))
        return Channel.of(self.asker, sent)

    async def hangup(self, *, reason_code: str | None = None, reason: str | None = None) -> None:
        """Delete (i.e. hangup) a channel."""
        await self.asker.ask(Request(method="DELETE", path=f"channels/{quoted(self.id)}", query={"reason_code": reason_code,
            "reason": reason}))

    async def continue_in_dialplan(self, *, context: str | None = None, extension: str | None = None,
        priority: int | None = None, label: str | None = None) -> None:
        """Exit application; continue execution in the dialplan."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/continue", query={"context": context,
            "extension": extension, "priority": priority, "label": label}))

    async def move(self, *, app: str, app_args: str | None = None) -> None:
        """Move the channel from one Stasis application to another."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/move", query={"app": app,
            "appArgs": app_args}))

    async def redirect(self, *, endpoint: str) -> None:
        """Redirect the channel to a different location."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/redirect", query={"endpoint": endpoint}))

    async def answer(self) -> None:
        """Answer a channel."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/answer"))

    async def ring(self) -> None:
        """Indicate ringing to a channel."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/ring"))

    async def ring_stop(self) -> None:
        """Stop ringing indication on a channel if locally generated."""
        await self.asker.ask(Request(method="DELETE", path=f"channels/{quoted(self.id)}/ring"))

    async def progress(self) -> None:
        """Indicate progress on a channel."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/progress"))

    async def send_dtmf(self, *, dtmf: str | None = None, before: int | None = None, between: int | None = None,
        duration: int | None = None, after: int | None = None) -> None:
        """Send provided DTMF to a given channel."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/dtmf", query={"dtmf": dtmf,
            "before": before, "between": between, "duration": duration, "after": after}))

    async def mute(self, *, direction: str | None = None) -> None:
        """Mute a channel."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/mute", query={"direction": direction}))

    async def unmute(self, *, direction: str | None = None) -> None:
        """Unmute a channel."""
        await self.asker.ask(Request(method="DELETE", path=f"channels/{quoted(self.id)}/mute", query={"direction": direction}))

    async def hold(self) -> None:
        """Hold a channel."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/hold"))

    async def unhold(self) -> None:
        """Remove a channel from hold."""
        await self.asker.ask(Request(method="DELETE", path=f"channels/{quoted(self.id)}/hold"))

    async def start_moh(self, *, moh_class: str | None = None) -> None:
        """Play music on hold to a channel."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/moh", query={"mohClass": moh_class}))

    async def stop_moh(self) -> None:
        """Stop playing music on hold to a channel."""
        await self.asker.ask(Request(method="DELETE", path=f"channels/{quoted(self.id)}/moh"))

    async def start_silence(self) -> None:
        """Play silence to a channel."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/silence"))

    async def stop_silence(self) -> None:
        """Stop playing silence to a channel."""
        await self.asker.ask(Request(method="DELETE", path=f"channels/{quoted(self.id)}/silence"))

    async def play(self, *, media: Sequence[str], lang: str | None = None, offsetms: int | None = None,
        skipms: int | None = None, playback_id: str | None = None) -> Playback:
        """Start playback of media."""
        sent = await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/play", query={"media": media,
            "lang": lang, "offsetms": offsetms, "skipms": skipms, "playbackId": playback_id}))
        return Playback.of(self.asker, sent)

    async def play_with_id(self, playback_id: str, *, media: Sequence[str], lang: str | None = None,
        offsetms: int | None = None, skipms: int | None = None) -> Playback:
        """Start playback of media and specify the playbackId."""
        sent = await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/play/{quoted(playback_id)}",
            query={"media": media, "lang": lang, "offsetms": offsetms, "skipms": skipms}))
        return Playback.of(self.asker, sent)

    async def record(self, *, name: str, format: str, max_duration_seconds: int | None = None,
        max_silence_seconds: int | None = None, if_exists: str | None = None, beep: bool | None = None,
        terminate_on: str | None = None) -> LiveRecording:
        """Start a recording."""
        sent = await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/record", query={"name": name,
            "format": format, "maxDurationSeconds": max_duration_seconds, "maxSilenceSeconds": max_silence_seconds,
            "ifExists": if_exists, "beep": beep, "terminateOn": terminate_on}))
        return LiveRecording.of(self.asker, sent)

    async def get_channel_var(self, *, variable: str) -> models_asterisk.Variable:
        """Get the value of a channel variable or function."""
        sent = await self.asker.ask(Request(method="GET", path=f"channels/{quoted(self.id)}/variable",
            query={"variable": variable}))
        return models_asterisk.Variable.read(sent)

    async def set_channel_var(self, *, variable: str, value: str | None = None, report_events: bool | None = None) -> None:
        """Set the value of a channel variable or function."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/variable", query={"variable": variable,
            "value": value, "report_events": report_events}))

    async def get_channel_vars(self, *, variables: Sequence[str]) -> models_asterisk.Variables:
        """Get the value of multiple channel variables or functions."""
        sent = await self.asker.ask(Request(method="GET", path=f"channels/{quoted(self.id)}/variables",
            query={"variables": variables}))
        return models_asterisk.Variables.read(sent)

    async def set_channel_vars(self, *, variables: Mapping[str, Any]) -> None:
        """Set the values of multiple channel variables or functions."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/variables",
            body={"variables": variables}))

    async def snoop_channel(self, *, app: str, spy: str | None = None, whisper: str | None = None, app_args: str | None = None,
        snoop_id: str | None = None) -> Channel:
        """Start snooping."""
        sent = await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/snoop", query={"spy": spy,
            "whisper": whisper, "app": app, "appArgs": app_args, "snoopId": snoop_id}))
        return Channel.of(self.asker, sent)

    async def snoop_channel_with_id(self, snoop_id: str, *, app: str, spy: str | None = None, whisper: str | None = None,
        app_args: str | None = None) -> Channel:
        """Start snooping."""
        sent = await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/snoop/{quoted(snoop_id)}",
            query={"spy": spy, "whisper": whisper, "app": app, "appArgs": app_args}))
        return Channel.of(self.asker, sent)

    async def dial(self, *, caller: str | None = None, timeout: int | None = None) -> None:
        """Dial a created channel."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/dial", query={"caller": caller,
            "timeout": timeout}))

    async def rtpstatistics(self) -> models_channels.RTPstat:
        """RTP stats on a channel."""
        sent = await self.asker.ask(Request(method="GET", path=f"channels/{quoted(self.id)}/rtp_statistics"))
        return models_channels.RTPstat.read(sent)

    async def transfer_progress(self, *, states: str) -> None:
        """Inform the channel about the progress of the attended/blind transfer."""
        await self.asker.ask(Request(method="POST", path=f"channels/{quoted(self.id)}/transfer_progress",
            query={"states": states}))


class Channels:
    """The resource channels."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def list(self) -> tuple[Channel, ...]:
        """List all active channels in Asterisk."""
        sent = await self.asker.ask(Request(method="GET", path="channels"))
        return tuple(Channel.of(self.asker, one) for one in sent)

    async def originate(self, *, endpoint: str, extension: str | None = None, context: str | None = None,
        priority: int | None = None, label: str | None = None, app: str | None = None, app_args: str | None = None,
        caller_id: str | None = None, timeout: int | None = None, channel_id: str | None = None,
        other_channel_id: str | None = None, originator: str | None = None, formats: str | None = None,
        variables: Mapping[str, Any] | None = None) -> Channel:
        """Create a new channel (originate)."""
        sent = await self.asker.ask(Request(method="POST", path="channels", query={"endpoint": endpoint,
            "extension": extension, "context": context, "priority": priority, "label": label, "app": app, "appArgs": app_args,
            "callerId": caller_id, "timeout": timeout, "channelId": channel_id, "otherChannelId": other_channel_id,
            "originator": originator, "formats": formats}, body=None if variables is None else {"variables": variables}))
        return Channel.of(self.asker, sent)

    async def create(self, *, endpoint: str, app: str, app_args: str | None = None, channel_id: str | None = None,
        other_channel_id: str | None = None, originator: str | None = None, formats: str | None = None,
        variables: Mapping[str, Any] | None = None) -> Channel:
        """Create channel."""
        sent = await self.asker.ask(Request(method="POST", path="channels/create", query={"endpoint": endpoint, "app": app,
            "appArgs": app_args, "channelId": channel_id, "otherChannelId": other_channel_id, "originator": originator,
            "formats": formats}, body=None if variables is None else {"variables": variables}))
        return Channel.of(self.asker, sent)

    async def external_media(self, *, app: str, format: str, channel_id: str | None = None, external_host: str | None = None,
        encapsulation: str | None = None, transport: str | None = None, connection_type: str | None = None,
        direction: str | None = None, data: str | None = None, transport_data: str | None = None,
        variables: Mapping[str, Any] | None = None) -> Channel:
        """Start an External Media session."""
        sent = await self.asker.ask(Request(method="POST", path="channels/externalMedia", query={"channelId": channel_id,
            "app": app, "external_host": external_host, "encapsulation": encapsulation, "transport": transport,
            "connection_type": connection_type, "format": format, "direction": direction, "data": data,
            "transport_data": transport_data}, body=None if variables is None else {"variables": variables}))
        return Channel.of(self.asker, sent)
