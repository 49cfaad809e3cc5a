"""What the renderers share: the site's configuration, the published flows and the secrets, and the names they give things. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from appliance import dialplan
from appliance.config import Config
from appliance.dialplan import Kind, Target
from appliance.phone_settings import Phone, Secrets


class Published(Protocol):
    """What the dialplan must know of a published flow."""

    @property
    def fallback(self) -> str:
        """The target that rings when the flow cannot be had."""

    @property
    def max_minutes(self) -> int:
        """Its longest stay."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """All that a renderer is given."""

    config: Config
    flows: Mapping[str, Published]
    secrets: Secrets

    @property
    def phone(self) -> Phone:
        """The telephone system's settings."""
        return self.config.phone

    def national(self, number: str) -> str:
        """The number as it is dialled inside the country, digits only."""
        return self.config.number(number).national.replace("-", "")

    def numbers_of_ours(self) -> list[str]:
        """Every number of the site's that somebody outside can dial."""
        said = [number for trunk in self.phone.trunks for number in trunk.numbers]
        said += [number for route in self.phone.routes for number in route.numbers]
        return sorted({self.national(number) for number in said})


def permission(name: str) -> str:
    """The context in which telephones of this class of service dial."""
    return f"from-{name}"


def outside(name: str) -> str:
    """The context of calls to the outside of this class of service."""
    return f"outside-{name}"


def trunk(name: str) -> str:
    """The endpoint, and the inbound context, of this trunk."""
    return f"trunk-{name}"


def goto(text: str) -> str:
    """`context,extension,priority` of a target that the dialplan serves by itself."""
    target = dialplan.target(text)
    return f"{dialplan.CONTEXTS[target.kind]},{_extension(target)},1"


def _extension(target: Target) -> str:
    return "s" if target.kind is Kind.HANGUP else target.name
