"""Notices that could not be told: whoever relies on being told must know that he is not."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.notices import JOB
from appliance.words import N_, Text

LATE = 900 * SECOND


def check(context: Context) -> Iterator[Finding]:
    """Notices that wait for a quarter of an hour, by channel, with what their server said."""
    rows = context.ledger.connection.execute(
        """SELECT json_extract(body, '$.channel') AS channel, count(*), max(last_error) FROM job
           WHERE kind = ? AND state IN ('ready', 'leased') AND created_at < ? GROUP BY channel ORDER BY channel""",
        (JOB, context.now - LATE),
    ).fetchall()
    for channel, count, error in rows:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(
                N_("%(count)d notices wait for the channel %(channel)s: %(error)s"),
                {"count": count, "channel": channel, "error": error or "-"},
            ),
            mend=Text(N_("Mend what it names, then try: appliance uploader notify"), {}),
        )
