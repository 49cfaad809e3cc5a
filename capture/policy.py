"""Whether a call is recorded: decided from its INVITE by the lines and rules of the configuration, before any audio is taken. Pure.

The rules are asked in order and the first whose conditions all fit decides; where none fits, the call is recorded. In doubt it is not:
a rule that says never or on demand fits where any number that stands for a party does, and where the direction is unknown; one that says
record fits only where the number by which the call goes does, and where the direction is known. A number that the caller withheld fits no
pattern, whatever the network asserts beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from appliance.config import Config, Rule
from appliance.moments import to_datetime
from appliance.numbers import CallerReason, Number, clean
from appliance.options import HOURS, WITHHELD
from appliance.records import Direction, NotRecorded

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a message says of its call, as far as rules ask for it. Of the numbers the first is the one by which the call goes."""

    callers: tuple[Number, ...]
    """Empty where the caller withheld it."""
    withheld: CallerReason | None
    called: tuple[Number, ...]
    lines: tuple[str, ...]
    """Configured lines among the parties."""
    direction: Direction
    hosts: tuple[bytes, ...]
    """IP addresses that the message comes from and goes to."""
    domains: tuple[str, ...]
    """Hosts of its SIP addresses, in lower case."""
    group: str = ""
    """The ring group or queue that rings the called desk, which is one of its members."""


class Verdict(NamedTuple):
    """What was decided, and by what."""

    record: bool
    reason: NotRecorded = NotRecorded.EXCLUDED_RULE
    detail: str = ""
    demand: bool = False
    """Whether only what somebody asks for is kept."""
    sure: bool = False
    """Whether a rule wants it recorded, whatever other calls of its talk are."""


RECORD = Verdict(record=True)


def decide(facts: Facts, config: Config, at: int) -> Verdict:
    """What holds for a call that began `at` (ns) and of which this is said."""
    for text in facts.lines:
        line = config.line(text)
        if line is not None and not line.record:
            return Verdict(False, NotRecorded.EXCLUDED_LINE, f"line {line.number}")
    for rule in config.recording_rules:
        if _fits(rule, facts, config, at):
            return _said(rule)
    return RECORD


def _said(rule: Rule) -> Verdict:
    told = f"rule {rule.name}"
    if rule.action == "never":
        return Verdict(False, NotRecorded.EXCLUDED_RULE, told)
    return Verdict(True, NotRecorded.NOT_ASKED, told, demand=rule.action == "on_demand", sure=rule.action == "record")


def _fits(rule: Rule, facts: Facts, config: Config, at: int) -> bool:
    reach = 1 if rule.action == "record" else None
    directions = {*rule.direction, *([Direction.UNKNOWN.value] if rule.action != "record" else [])}
    return (
        (not rule.caller or _is_caller(rule.caller, facts, config, reach))
        and (not rule.called or _any_fits(rule.called, facts.called[:reach], config))
        and (not rule.line or _any_fits(rule.line, [config.number(line) for line in facts.lines], config))
        and (not rule.group or facts.group in rule.group)
        and (not rule.direction or facts.direction.value in directions)
        and (not rule.trunk or any(_is_trunk(text, facts) for text in rule.trunk))
        and in_hours(rule, to_datetime(at, config.site.zone))
    )


def _is_caller(patterns: Sequence[str], facts: Facts, config: Config, reach: int | None) -> bool:
    if facts.withheld is not None and (facts.withheld.value in patterns or WITHHELD[0] in patterns):
        return True
    return _any_fits([text for text in patterns if text not in WITHHELD], facts.callers[:reach], config)


def _any_fits(patterns: Iterable[str], found: Sequence[Number], config: Config) -> bool:
    return any(_is_number(text, number, config) for text in patterns for number in found)


def _is_number(pattern: str, number: Number, config: Config) -> bool:
    if not pattern.endswith("*"):
        return config.number(pattern).national == number.national
    beginning = clean(pattern[:-1])
    beginning = f"0{beginning[3:]}" if beginning.startswith("+81") and config.site.country == "JP" else beginning
    return any(form.startswith(beginning) for form in (number.national, number.e164 or "") if form)


def _is_trunk(text: str, facts: Facts) -> bool:
    """A domain stands for what lies below it too."""
    if not (":" in text or text[-1].isdigit()):
        name = text.lower()
        return any(domain == name or domain.endswith(f".{name}") for domain in facts.domains)
    network = ip_network(text, strict=False)
    return any(ip_address(host) in network for host in facts.hosts)


def in_hours(rule: Rule, local: datetime) -> bool:
    """Whether this moment (in the site's time zone) lies in the rule's days and hours."""
    found = HOURS.fullmatch(rule.hours)
    day = local
    if found is not None:
        begin, end = (_minutes(text) for text in rule.hours.split("-"))
        minute = local.hour * 60 + local.minute
        if begin < end and not begin <= minute < end:
            return False
        if begin > end:
            if end <= minute < begin:
                return False
            day = local - timedelta(days=1) if minute < end else local
    return not rule.days or _DAYS[day.weekday()] in rule.days


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
