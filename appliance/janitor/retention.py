"""Which copies may go, by which rule. Pure.

A rule for a label wins over one for the line, that over one for the line's group, that over what holds for all; of several labels the one
that keeps longest counts. What is held for a case stays, whatever its age. A local copy goes only when it is stored elsewhere and was
read back there; to be erased everywhere a recording only has to be old enough.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from appliance.calls import Recording
from appliance.config import Config, RetentionRule
from appliance.moments import SECOND

_DAY = 24 * 3600 * SECOND


class Term(NamedTuple):
    """How long a recording is kept; 0 is for ever."""

    local_days: int
    erase_days: int
    rule: str = "retention."
    """What says so, as far as the name of the setting."""


class Expiry(NamedTuple):
    """A copy that may go, and the rule that says so."""

    recording: Recording
    rule: str
    everywhere: bool = False
    """Whether the stored one goes too."""


def term_of(config: Config, line: str | None, labels: Collection[str]) -> Term:
    """The term of a recording of this line that bears these labels."""
    told = config.retention
    named = [rule for rule in told.rules if rule.label in labels]
    if named:
        return Term(_longest(rule.local_days for rule in named), _longest(rule.erase_days for rule in named), _name(named))
    found = config.line(line) if line else None
    for rule in told.rules:
        if rule.line and line and config.number(rule.line).national == config.number(line).national:
            return Term(rule.local_days, rule.erase_days, _name([rule]))
    for rule in told.rules:
        if rule.group and found is not None and rule.group == found.group:
            return Term(rule.local_days, rule.erase_days, _name([rule]))
    return Term(told.local_days, told.erase_days)


def _longest(days: Iterable[int]) -> int:
    every = list(days)
    return 0 if 0 in every else max(every)


def _name(rules: Iterable[RetentionRule]) -> str:
    parts = []
    for rule in rules:
        named = {"label": rule.label, "line": rule.line, "group": rule.group}
        parts += [f"{kind} {value}" for kind, value in named.items() if value]
    return f"retention.rules ({', '.join(parts)}): "


def due(found: Iterable[Recording], now: int, term: Callable[[Recording], Term]) -> Iterator[Expiry]:
    """Copies older than their term allows."""
    for recording in found:
        if recording.held or recording.erased_at is not None:
            continue
        local, everywhere, rule = term(recording)
        age = now - recording.facts.started_at
        if everywhere and age > everywhere * _DAY:
            yield Expiry(recording, f"{rule}erase_days = {everywhere}", everywhere=True)
        elif local and age > local * _DAY and recording.expired_at is None and recording.stored_at is not None:
            yield Expiry(recording, f"{rule}local_days = {local}")
