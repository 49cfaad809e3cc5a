"""Generated from Asterisk's own models (events.json) by generator.py: operations. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ivr_flows.ari_models.values import Asker, Request, quoted


class Events:
    """The resource events."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def user_event(self, event_name: str, *, application: str, source: Sequence[str] | None = None,
        variables: Mapping[str, Any] | None = None) -> None:
        """Generate a user event."""
        await self.asker.ask(Request(method="POST", path=f"events/user/{quoted(event_name)}",
            query={"application": application, "source": source},
            body=None if variables is None else {"variables": variables}))

    async def claim_channel(self, *, channel_id: str, application: str) -> None:
        """Claim a broadcast channel for this application."""
        await self.asker.ask(Request(method="POST", path="events/claim", query={"channelId": channel_id,
            "application": application}))
