"""A clock that stands behind what it wrote already: it was set back, or the box began without one."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND, to_datetime
from appliance.words import N_, Text

AHEAD = 120 * SECOND


def check(context: Context) -> Iterator[Finding]:
    """A call that was recorded later than now."""
    row = context.ledger.connection.execute("SELECT max(started_at) FROM recording").fetchone()
    if row[0] is not None and row[0] - context.now > AHEAD:
        zone = context.box.config.site.zone
        yield Finding(
            severity=Severity.ERROR,
            what=Text(
                N_("The clock says %(now)s, but a call was recorded at %(later)s."),
                {
                    "now": f"{to_datetime(context.now, zone):%Y-%m-%d %H:%M}",
                    "later": f"{to_datetime(row[0], zone):%Y-%m-%d %H:%M}",
                },
            ),
            mend=Text(N_("Set the clock (timedatectl), and replace the box's battery if it forgets the time.")),
        )
