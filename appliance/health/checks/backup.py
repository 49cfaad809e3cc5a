"""The nightly backup: one that stopped coming is told before it is needed."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.records import BackupStored
from appliance.words import N_, Text

DAYS = 3
_DAY = 24 * 3600 * SECOND


def check(context: Context) -> Iterator[Finding]:
    """The newest stored backup is older than three days; a box that never made one is not asked (a demo, a user's folder)."""
    row = context.ledger.latest(BackupStored)
    if row is not None and context.now - row.record.at > DAYS * _DAY:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("The last backup in the store is %(days)d days old."), {"days": (context.now - row.record.at) // _DAY}),
            mend=Text(N_("Look at why: journalctl -u appliance-backup; then: systemctl start appliance-backup")),
        )
