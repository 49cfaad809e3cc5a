"""The office's own systems behind the card: what an integration is, where it is found, and the secret that belongs to it.

An integration is a module under an entry point of the group `appliance.popups`; the entry point's name is the word in the configuration.
It has `Options` (its settings), and one of these or both:

    look_up(options, secret, caller, seconds) -> Found | None      who calls, asked of a system that knows
    tell(options, secret, event, seconds) -> None                  what happened, told to one that wants to know; `EVENTS` names what

Both run on a thread of `appliance popups run` and hold no database; they raise AskError (`asking.py`), whose text names no secret.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import Any, NamedTuple

from appliance import config, keys
from appliance.box import Box
from appliance.errors import ConfigError
from appliance.popup_settings import Integration
from appliance.popups.asking import RefusedError

GROUP = "appliance.popups"
SECRETS = "popup.secrets"


class Ready(NamedTuple):
    """An integration with its settings read."""

    name: str
    module: Any
    options: config.Options
    secret: Mapping[str, str]
    seconds: float
    ttl_minutes: int

    @property
    def events(self) -> tuple[str, ...]:
        """What it wants to be told."""
        return tuple(getattr(self.module, "EVENTS", ()))

    @property
    def answers(self) -> bool:
        """Whether it can be asked who calls."""
        return hasattr(self.module, "look_up")


def kinds() -> dict[str, importlib.metadata.EntryPoint]:
    """Every kind that is installed, by its name."""
    return {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUP)}


def ready(box: Box) -> list[Ready]:
    """Every configured integration. Raises ConfigError with every problem, one a line."""
    found, problems = [], []
    for place, one in enumerate(box.config.popup.integrations):
        try:
            found.append(_ready(box, place, one))
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def check(box: Box) -> None:
    """For `appliance config check`. Raises ConfigError; a secret that this service may not read is no problem of the configuration."""
    for place, one in enumerate(box.config.popup.integrations):
        _options(box, place, one)


def _ready(box: Box, place: int, one: Integration) -> Ready:
    module, options = _options(box, place, one)
    return Ready(one.name, module, options, secret(box, one.name), one.deadline_seconds, one.cache_minutes)


def _options(box: Box, place: int, one: Integration) -> tuple[Any, config.Options]:
    path, known = ("popup", "integrations", place), kinds()
    if one.kind not in known:
        raise box.source.problem((*path, "kind"), f"{one.kind!r} is not one of {', '.join(sorted(known))}; choose one of them")
    module = known[one.kind].load()
    return module, config.read_options(module.Options, one.options, box.source, (*path, "options"))


def secret(box: Box, name: str) -> Mapping[str, str]:
    """Its section of `keys/popup.secrets` (mode 0600, or a credential). Raises RefusedError or KeyFileError."""
    try:
        return keys.section(box.folders.keys / SECRETS, name)
    except ValueError as error:
        raise RefusedError(str(error)) from error
