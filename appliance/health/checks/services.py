"""Every service that has ever spoken must go on speaking; one that says it fails is believed."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.words import N_, Text

LATE = 45 * SECOND


def check(context: Context) -> Iterator[Finding]:
    """Late, failing, or stopped."""
    for beat in context.ledger.heartbeats():
        name = {"service": beat.service}
        if beat.state == "stopped":
            yield Finding(
                severity=Severity.NOTICE,
                what=Text(N_("The service %(service)s was stopped."), name),
                mend=Text(N_("Start it again: systemctl start appliance-%(service)s"), name),
            )
        elif context.now - beat.at > LATE:
            age: dict[str, str | int | float] = {"service": beat.service, "seconds": (context.now - beat.at) // SECOND}
            yield Finding(
                severity=Severity.ERROR,
                what=Text(N_("The service %(service)s has not been heard of for %(seconds)d seconds."), age),
                mend=Text(N_("Look at its log: journalctl -u appliance-%(service)s"), name),
            )
        elif beat.state != "ok":
            yield Finding(
                severity=Severity.ERROR,
                what=Text(N_("The service %(service)s says: %(state)s"), {"service": beat.service, "state": beat.state}),
                mend=Text(N_("Mend what it names; it tries again by itself."), {}),
            )
