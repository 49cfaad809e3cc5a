"""Generated from Asterisk's own models (bridges.json) by generator.py: operations. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ivr_flows.ari_models import models_asterisk, models_bridges
from ivr_flows.ari_models.playbacks import Playback
from ivr_flows.ari_models.recordings import LiveRecording
from ivr_flows.ari_models.values import Asker, Request, Thing, quoted


class Bridge(Thing[models_bridges.Bridge]):
    """Individual bridge."""

    __slots__ = ()
    model = models_bridges.Bridge

    async def create_with_id(self, *, type: str | None = None, name: str | None = None,
        variables: Mapping[str, Any] | None = None) -> Bridge:
        """Create a new bridge."""
        sent = await self.asker.ask(Request(method="POST", path=f"bridges/{quoted(self.id)}", query={"type": type,
            "name": name}, body=None if variables is None else {"variables": variables}))
        return Bridge.of(self.asker, sent)

    async def get(self) -> Bridge:
        """Get bridge details."""
        sent = await self.asker.ask(Request(method="GET", path=f"bridges/{quoted(self.id)}"))
        return Bridge.of(self.asker, sent)

    async def destroy(self) -> None:
        """Shut down a bridge."""
        await self.asker.ask(Request(method="DELETE", path=f"bridges/{quoted(self.id)}"))

    async def get_bridge_var(self, *, variable: str) -> models_asterisk.Variable:
        """Get the value of a bridge variable or function."""
        sent = await self.asker.ask(Request(method="GET", path=f"bridges/{quoted(self.id)}/variable",
            query={"variable": variable}))
        return models_asterisk.Variable.read(sent)

    async def set_bridge_var(self, *, variable: str, value: str | None = None, report_events: bool | None = None) -> None:
        """Set the value of a bridge variable or function."""
        await self.asker.ask(Request(method="POST", path=f"bridges/{quoted(self.id)}/variable", query={"variable": variable,
            "value": value, "report_events": report_events}))

    async def get_bridge_vars(self, *, variables: Sequence[str]) -> models_asterisk.Variables:
        """Get the value of multiple bridge variables or functions."""
        sent = await self.asker.ask(Request(method="GET", path=f"bridges/{quoted(self.id)}/variables",
            query={"variables": variables}))
        return models_asterisk.Variables.read(sent)

    async def set_bridge_vars(self, *, variables: Mapping[str, Any]) -> None:
        """Set the values of multiple bridge variables or functions."""
        await self.asker.ask(Request(method="POST", path=f"bridges/{quoted(self.id)}/variables",
            body={"variables": variables}))

    async def add_channel(self, *, channel: Sequence[str], role: str | None = None, absorb_dtmf: bool | None = None,
        mute: bool | None = None, inhibit_connected_line_updates: bool | None = None) -> None:
        """Add a channel to a bridge."""
        await self.asker.ask(Request(method="POST", path=f"bridges/{quoted(self.id)}/addChannel", query={"channel": channel,
            "role": role, "absorbDTMF": absorb_dtmf, "mute": mute,
            "inhibitConnectedLineUpdates": inhibit_connected_line_updates}))

    async def remove_channel(self, *, channel: Sequence[str]) -> None:
        """Remove a channel from a bridge."""
        await self.asker.ask(Request(method="POST", path=f"bridges/{quoted(self.id)}/removeChannel",
            query={"channel": channel}))

    async def set_video_source(self, channel_id: str) -> None:
        """Set a channel as the video source in a multi-party mixing bridge."""
        await self.asker.ask(Request(method="POST", path=f"bridges/{quoted(self.id)}/videoSource/{quoted(channel_id)}"))

    async def clear_video_source(self) -> None:
        """Removes any explicit video source in a multi-party mixing bridge."""
        await self.asker.ask(Request(method="DELETE", path=f"bridges/{quoted(self.id)}/videoSource"))

    async def start_moh(self, *, moh_class: str | None = None) -> None:
        """Play music on hold to a bridge or change the MOH class that is playing."""
        await self.asker.ask(Request(method="POST", path=f"bridges/{quoted(self.id)}/moh", query={"mohClass": moh_class}))

    async def stop_moh(self) -> None:
        """Stop playing music on hold to a bridge."""
        await self.asker.ask(Request(method="DELETE", path=f"bridges/{quoted(self.id)}/moh"))

    async def play(self, *, media: Sequence[str], announcer_format: str | None = None, lang: str | None = None,
        offsetms: int | None = None, skipms: int | None = None, playback_id: str | None = None) -> Playback:
        """Start playback of media on a bridge."""
        sent = await self.asker.ask(Request(method="POST", path=f"bridges/{quoted(self.id)}/play", query={"media": media,
            "announcer_format": announcer_format, "lang": lang, "offsetms": offsetms, "skipms": skipms,
            "playbackId": playback_id}))
        return Playback.of(self.asker, sent)

    async def play_with_id(self, playback_id: str, *, media: Sequence[str], announcer_format: str | None = None,
        lang: str | None = None, offsetms: int | None = None, skipms: int | None = None) -> Playback:
        """Start playback of media on a bridge."""
        sent = await self.asker.ask(Request(method="POST", path=f"bridges/{quoted(self.id)}/play/{quoted(playback_id)}",
            query={"media": media, "announcer_format": announcer_format, "lang": lang, "offsetms": offsetms,
            "skipms": skipms}))
        return Playback.of(self.asker, sent)

    async def record(self, *, name: str, format: str, recorder_format: str | None = None,
        max_duration_seconds: int | None = None, max_silence_seconds: int | None = None, if_exists: str | None = None,
        beep: bool | None = None, terminate_on: str | None = None) -> LiveRecording:
        """Start a recording."""
        sent = await self.asker.ask(Request(method="POST", path=f"bridges/{quoted(self.id)}/record", query={"name": name,
            "format": format, "recorder_format": recorder_format, "maxDurationSeconds": max_duration_seconds,
            "maxSilenceSeconds": max_silence_seconds, "ifExists": if_exists, "beep": beep, "terminateOn": terminate_on}))
        return LiveRecording.of(self.asker, sent)


class Bridges:
    """The resource bridges."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def list(self) -> tuple[Bridge, ...]:
        """List all active bridges in Asterisk."""
        sent = await self.asker.ask(Request(method="GET", path="bridges"))
        return tuple(Bridge.of(self.asker, one) for one in sent)

    async def create(self, *, type: str | None = None, bridge_id: str | None = None, name: str | None = None,
        variables: Mapping[str, Any] | None = None) -> Bridge:
        """Create a new bridge."""
        sent = await self.asker.ask(Request(method="POST", path="bridges", query={"type": type, "bridgeId": bridge_id,
            "name": name}, body=None if variables is None else {"variables": variables}))
        return Bridge.of(self.asker, sent)
