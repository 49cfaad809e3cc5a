"""A box that lost its power instead of being shut down, told for a day."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND, to_datetime
from appliance.records import PowerLost
from appliance.words import N_, Text

_DAY = 24 * 3600 * SECOND


def check(context: Context) -> Iterator[Finding]:
    """The newest loss, if it is of today."""
    row = context.ledger.latest(PowerLost)
    if row is None or not isinstance(row.record, PowerLost) or context.now - row.record.at > _DAY:
        return
    lost, zone = row.record, context.box.config.site.zone
    yield Finding(
        severity=Severity.WARNING,
        what=Text(
            N_("The box lost its power: last sign of life %(last)s, on again %(again)s."),
            {
                "last": f"{to_datetime(lost.last_sign, zone):%Y-%m-%d %H:%M:%S}",
                "again": f"{to_datetime(lost.booted_at, zone):%Y-%m-%d %H:%M:%S}",
            },
        ),
        mend=Text(N_("Nothing finished was lost. Give the box a socket of its own, better an uninterruptible supply.")),
    )
