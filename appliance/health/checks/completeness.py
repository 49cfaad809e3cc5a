"""Every call seen ends as a recording or with a reason; one that has neither long after its end is an error."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.words import N_, Text


def check(context: Context) -> Iterator[Finding]:
    """Calls that ended, all their legs too, longer ago than the backlog limit and are not settled; recordings that could not be made."""
    before = context.now - context.box.config.health.backlog_minutes * 60 * SECOND
    unsettled = context.ledger.connection.execute(
        """SELECT count(*) FROM call WHERE ended_at < ? AND recording IS NULL AND not_recorded IS NULL
           AND NOT EXISTS (SELECT 1 FROM call AS leg WHERE leg.main = call.id AND (leg.ended_at IS NULL OR leg.ended_at >= ?))""",
        (before, before),
    ).fetchone()[0]
    if unsettled:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(N_("%(count)d ended calls have neither a recording nor a reason why there is none."), {"count": unsettled}),
            mend=Text(N_("Is the render service running? Their spool is kept until they are settled."), {}),
        )
    kept = sum(1 for _ in context.box.folders.quarantine.glob("*.age")) if context.box.folders.quarantine.is_dir() else 0
    if kept:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("%(count)d calls lie sealed in quarantine because they could not be made audible."), {"count": kept}),
            mend=Text(N_("The list of calls names the reason of each; nothing of it is lost."), {}),
        )
