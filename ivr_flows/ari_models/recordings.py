"""Generated from Asterisk's own models (recordings.json) by generator.py: operations. Never edited by hand."""

# fmt: off
from __future__ import annotations

from ivr_flows.ari_models import models_recordings
from ivr_flows.ari_models.values import Asker, Request, Thing, quoted


class LiveRecording(Thing[models_recordings.LiveRecording]):
    """A recording that is in progress."""

    __slots__ = ()
    model = models_recordings.LiveRecording
    key = "name"

    async def get_live(self) -> LiveRecording:
        """List live recordings."""
        sent = await self.asker.ask(Request(method="GET", path=f"recordings/live/{quoted(self.id)}"))
        return LiveRecording.of(self.asker, sent)

    async def cancel(self) -> None:
        """Stop a live recording and discard it."""
        await self.asker.ask(Request(method="DELETE", path=f"recordings/live/{quoted(self.id)}"))

    async def stop(self) -> None:
        """Stop a live recording and store it."""
        await self.asker.ask(Request(method="POST", path=f"recordings/live/{quoted(self.id)}/stop"))

    async def pause(self) -> None:
        """Pause a live recording."""
        await self.asker.ask(Request(method="POST", path=f"recordings/live/{quoted(self.id)}/pause"))

    async def unpause(self) -> None:
        """Unpause a live recording."""
        await self.asker.ask(Request(method="DELETE", path=f"recordings/live/{quoted(self.id)}/pause"))

    async def mute(self) -> None:
        """Mute a live recording."""
        await self.asker.ask(Request(method="POST", path=f"recordings/live/{quoted(self.id)}/mute"))

    async def unmute(self) -> None:
        """Unmute a live recording."""
        await self.asker.ask(Request(method="DELETE", path=f"recordings/live/{quoted(self.id)}/mute"))


class StoredRecording(Thing[models_recordings.StoredRecording]):
    """Individual recording."""

    __slots__ = ()
    model = models_recordings.StoredRecording
    key = "name"

    async def get_stored(self) -> StoredRecording:
        """Get a stored recording's details."""
        sent = await self.asker.ask(Request(method="GET", path=f"recordings/stored/{quoted(self.id)}"))
        return StoredRecording.of(self.asker, sent)

    async def delete_stored(self) -> None:
        """Delete a stored recording."""
        await self.asker.ask(Request(method="DELETE", path=f"recordings/stored/{quoted(self.id)}"))

    async def copy_stored(self, *, destination_recording_name: str) -> StoredRecording:
        """Copy a stored recording."""
        sent = await self.asker.ask(Request(method="POST", path=f"recordings/stored/{quoted(self.id)}/copy",
            query={"destinationRecordingName": destination_recording_name}))
        return StoredRecording.of(self.asker, sent)


class Recordings:
    """The resource recordings."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def list_stored(self) -> tuple[StoredRecording, ...]:
        """List recordings that are complete."""
        sent = await self.asker.ask(Request(method="GET", path="recordings/stored"))
        return tuple(StoredRecording.of(self.asker, one) for one in sent)
