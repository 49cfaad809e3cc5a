"""What the plan allows in the store, and how much of it is used."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.words import N_, Text

WARN_PERCENT = 80


def check(context: Context) -> Iterator[Finding]:
    """From four fifths on a warning, beyond the plan an error; nothing where no plan is set."""
    allowed = context.box.config.store.plan_gigabytes
    used = stored_bytes(context)
    percent = 100 * used / (allowed * 10**9) if allowed else 0.0
    if percent < WARN_PERCENT:
        return
    yield Finding(
        severity=Severity.ERROR if percent >= 100 else Severity.WARNING,
        what=Text(
            N_("%(used).1f GB of the plan's %(allowed)d GB are used (%(percent)d %%)."),
            {"used": round(used / 10**9, 1), "allowed": allowed, "percent": int(percent)},
        ),
        mend=Text(N_("Erase what is no longer needed (appliance erase, retention.erase_days), or change to a larger plan.")),
    )


def stored_bytes(context: Context) -> int:
    """What lies in the store of this box's recordings."""
    row = context.ledger.connection.execute(
        "SELECT coalesce(sum(bytes), 0) FROM recording WHERE stored_at IS NOT NULL AND erased_at IS NULL"
    ).fetchone()
    return int(row[0])
