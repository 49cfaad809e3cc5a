"""Work that waits: recordings to be made, recordings to be stored, and what needs a person."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.erasure import HELD
from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.words import N_, Text

_MINUTE = 60 * SECOND


def check(context: Context) -> Iterator[Finding]:
    """Jobs older than the configured minutes, and parked ones."""
    limit = context.box.config.health.backlog_minutes
    for kind, message in (
        ("render", N_("%(count)d calls have waited up to %(minutes)d minutes to be made recordings.")),
        ("upload", N_("%(count)d recordings have waited up to %(minutes)d minutes for the store.")),
        ("erase", N_("%(count)d erasures have waited up to %(minutes)d minutes for the store.")),
    ):
        row = context.ledger.connection.execute(
            "SELECT count(*), min(created_at), max(last_error) FROM job WHERE kind = ? AND state IN ('ready', 'leased') "
            "AND last_error != ?",
            (kind, HELD),
        ).fetchone()
        if row[0] and context.now - row[1] > limit * _MINUTE:
            error = {"error": row[2]} if row[2] else {}
            yield Finding(
                severity=Severity.WARNING,
                what=Text(message, {"count": row[0], "minutes": (context.now - row[1]) // _MINUTE}),
                mend=Text(N_("The last try said: %(error)s"), error)
                if error
                else Text(N_("Is the service running? Nothing is lost.")),
            )
    parked = context.ledger.connection.execute(
        "SELECT kind, count(*), max(last_error) FROM job WHERE state = 'parked' GROUP BY kind"
    )
    for kind, count, error_text in parked:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(
                N_("%(count)d jobs (%(kind)s) need a person: %(error)s"), {"count": count, "kind": kind, "error": error_text}
            ),
            mend=Text(N_("Mend what it names, then run: appliance uploader run --once --parked"), {}),
        )
