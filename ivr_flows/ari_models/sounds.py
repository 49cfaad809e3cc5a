"""Generated from Asterisk's own models (sounds.json) by generator.py: operations. Never edited by hand."""

# fmt: off
from __future__ import annotations

from ivr_flows.ari_models import models_sounds
from ivr_flows.ari_models.values import Asker, Request, quoted


class Sounds:
    """The resource sounds."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def list(self, *, lang: str | None = None, format: str | None = None) -> tuple[models_sounds.Sound, ...]:
        """List all sounds."""
        sent = await self.asker.ask(Request(method="GET", path="sounds", query={"lang": lang, "format": format}))
        return tuple(models_sounds.Sound.read(one) for one in sent)

    async def get(self, sound_id: str) -> models_sounds.Sound:
        """Get a sound's details."""
        sent = await self.asker.ask(Request(method="GET", path=f"sounds/{quoted(sound_id)}"))
        return models_sounds.Sound.read(sent)
