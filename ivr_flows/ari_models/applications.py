"""Generated from Asterisk's own models (applications.json) by generator.py: operations. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ivr_flows.ari_models import models_applications
from ivr_flows.ari_models.values import Asker, Request, quoted


class Applications:
    """The resource applications."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def list(self) -> tuple[models_applications.Application, ...]:
        """List all applications."""
        sent = await self.asker.ask(Request(method="GET", path="applications"))
        return tuple(models_applications.Application.read(one) for one in sent)

    async def get(self, application_name: str) -> models_applications.Application:
        """Get details of an application."""
        sent = await self.asker.ask(Request(method="GET", path=f"applications/{quoted(application_name)}"))
        return models_applications.Application.read(sent)

    async def subscribe(self, application_name: str, *, event_source: Sequence[str]) -> models_applications.Application:
        """Subscribe an application to a event source."""
        sent = await self.asker.ask(Request(method="POST", path=f"applications/{quoted(application_name)}/subscription",
            query={"eventSource": event_source}))
        return models_applications.Application.read(sent)

    async def unsubscribe(self, application_name: str, *, event_source: Sequence[str]) -> models_applications.Application:
        """Unsubscribe an application from an event source."""
        sent = await self.asker.ask(Request(method="DELETE", path=f"applications/{quoted(application_name)}/subscription",
            query={"eventSource": event_source}))
        return models_applications.Application.read(sent)

    async def filter(self, application_name: str, *, filter: Mapping[str, Any] | None = None) -> models_applications.Application:
        """Filter application events types."""
        sent = await self.asker.ask(Request(method="PUT", path=f"applications/{quoted(application_name)}/eventFilter",
            body=filter))
        return models_applications.Application.read(sent)
