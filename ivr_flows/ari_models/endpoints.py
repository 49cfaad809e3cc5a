"""Generated from Asterisk's own models (endpoints.json) by generator.py: operations. Never edited by hand."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr_flows.ari_models import models_endpoints
from ivr_flows.ari_models.values import Asker, Request, quoted


class Endpoints:
    """The resource endpoints."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def list(self) -> tuple[models_endpoints.Endpoint, ...]:
        """List all endpoints."""
        sent = await self.asker.ask(Request(method="GET", path="endpoints"))
        return tuple(models_endpoints.Endpoint.read(one) for one in sent)

    async def send_message(self, *, to: str, from_: str, body: str | None = None,
        variables: Mapping[str, Any] | None = None) -> None:
        """Send a message to some technology URI or endpoint."""
        await self.asker.ask(Request(method="PUT", path="endpoints/sendMessage", query={"to": to, "from": from_, "body": body},
            body=None if variables is None else {"variables": variables}))

    async def refer(self, *, to: str, from_: str, refer_to: str, to_self: bool | None = None,
        variables: Mapping[str, Any] | None = None) -> None:
        """Refer an endpoint or technology URI to some technology URI or endpoint."""
        await self.asker.ask(Request(method="POST", path="endpoints/refer", query={"to": to, "from": from_,
            "refer_to": refer_to, "to_self": to_self}, body=None if variables is None else {"variables": variables}))

    async def list_by_tech(self, tech: str) -> tuple[models_endpoints.Endpoint, ...]:
        """List available endoints for a given endpoint technology."""
        sent = await self.asker.ask(Request(method="GET", path=f"endpoints/{quoted(tech)}"))
        return tuple(models_endpoints.Endpoint.read(one) for one in sent)

    async def get(self, tech: str, resource: str) -> models_endpoints.Endpoint:
        """Details for an endpoint."""
        sent = await self.asker.ask(Request(method="GET", path=f"endpoints/{quoted(tech)}/{quoted(resource)}"))
        return models_endpoints.Endpoint.read(sent)

    async def send_message_to_endpoint(self, tech: str, resource: str, *, from_: str, body: str | None = None,
        variables: Mapping[str, Any] | None = None) -> None:
        """Send a message to some endpoint in a technology."""
        await self.asker.ask(Request(method="PUT", path=f"endpoints/{quoted(tech)}/{quoted(resource)}/sendMessage",
            query={"from": from_, "body": body}, body=None if variables is None else {"variables": variables}))

    async def refer_to_endpoint(self, tech: str, resource: str, *, from_: str, refer_to: str, to_self: bool | None = None,
        variables: Mapping[str, Any] | None = None) -> None:
        """Refer an endpoint or technology URI to some technology URI or endpoint."""
        await self.asker.ask(Request(method="POST", path=f"endpoints/{quoted(tech)}/{quoted(resource)}/refer",
            query={"from": from_, "refer_to": refer_to, "to_self": to_self},
            body=None if variables is None else {"variables": variables}))
