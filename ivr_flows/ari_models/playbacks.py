"""Generated from Asterisk's own models (playbacks.json) by generator.py: operations. Never edited by hand."""

# fmt: off
from __future__ import annotations

from ivr_flows.ari_models import models_playbacks
from ivr_flows.ari_models.values import Request, Thing, quoted


class Playback(Thing[models_playbacks.Playback]):
    """Control object for a playback operation."""

    __slots__ = ()
    model = models_playbacks.Playback

    async def get(self) -> Playback:
        """Get a playback's details."""
        sent = await self.asker.ask(Request(method="GET", path=f"playbacks/{quoted(self.id)}"))
        return Playback.of(self.asker, sent)

    async def stop(self) -> None:
        """Stop a playback."""
        await self.asker.ask(Request(method="DELETE", path=f"playbacks/{quoted(self.id)}"))

    async def control(self, *, operation: str) -> None:
        """Control a playback."""
        await self.asker.ask(Request(method="POST", path=f"playbacks/{quoted(self.id)}/control",
            query={"operation": operation}))
