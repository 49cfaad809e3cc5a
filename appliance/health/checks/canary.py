"""The canary call that the flows' service makes to itself every five minutes: whether it came all the way, and how fast."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.words import N_, Text

SLOW_MS = 1000.0


def check(context: Context) -> Iterator[Finding]:
    """A call that did not come through, or took long; a service that does not work says so itself."""
    for beat in context.ledger.heartbeats():
        if beat.service != "ivr" or beat.state != "ok":
            continue
        way, failed = str(beat.detail.get("canary", "")), str(beat.detail.get("canary_failed", ""))
        took = float(beat.detail.get("canary_ms", 0.0))
        if failed:
            yield Finding(
                severity=Severity.ERROR,
                what=Text(
                    N_("The test call through the phone system came no further than “%(way)s”: %(failed)s"),
                    {"way": way or "-", "failed": failed},
                ),
                mend=Text(
                    N_("Callers reach the fallback meanwhile. Run: appliance provisioning apply, then look at Asterisk's log.")
                ),
            )
        elif took > SLOW_MS:
            yield Finding(
                severity=Severity.WARNING,
                what=Text(N_("The test call through the phone system took %(took)d ms."), {"took": int(took)}),
                mend=Text(N_("Look at the load of the box; callers wait as long before they hear anything.")),
            )
