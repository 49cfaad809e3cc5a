"""All checks run once, worst findings first."""

from __future__ import annotations

from typing import NamedTuple

from appliance import registry
from appliance.health.checks import Context, Finding, Severity

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


class Reported(NamedTuple):
    """A finding and the check that found it."""

    check: str
    finding: Finding


def run(context: Context) -> list[Reported]:
    """What every check has to say now."""
    found = [
        Reported(name, finding)
        for name, module in registry.members("appliance.health.checks").items()
        for finding in module.check(context)
    ]
    return sorted(found, key=lambda item: (_ORDER[item.finding.severity], item.check))
