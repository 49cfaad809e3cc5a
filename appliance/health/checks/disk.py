"""The disk: what is free now, and for how many hours it lasts at the rate of the last day."""

from __future__ import annotations

from collections.abc import Iterator

from appliance import shelf
from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.words import N_, Text

_DAY = 24 * 3600 * SECOND


def check(context: Context) -> Iterator[Finding]:
    """Below the reserve: an error; full within the configured hours: a warning."""
    free = shelf.free_bytes(context.box.folders.data)
    reserve = context.box.config.health.disk_reserve_megabytes * 1_000_000
    if free < reserve:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(N_("The disk has only %(free)d MB left."), {"free": free // 1_000_000}),
            mend=Text(
                N_(
                    "Recording goes on in the smaller format. Let the store be reached, so that what is stored can go from %(folder)s."
                ),
                _where(context),
            ),
        )
        return
    hours = hours_left(context, free - reserve)
    if hours is not None and hours < context.box.config.health.disk_hours:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("At the rate of the last day the disk is full in %(hours)d hours."), {"hours": int(hours)}),
            mend=Text(N_("Free space on the disk that holds %(folder)s, or shorten retention.local_days."), _where(context)),
        )


def hours_left(context: Context, free: int) -> float | None:
    """How long so many bytes last at the last day's rate; None where nothing was recorded in it."""
    row = context.ledger.connection.execute(
        "SELECT coalesce(sum(bytes), 0) FROM recording WHERE started_at > ?", (context.now - _DAY,)
    ).fetchone()
    return None if not row[0] else free / (row[0] / 24)


def _where(context: Context) -> dict[str, str]:
    return {"folder": str(context.box.folders.data)}
