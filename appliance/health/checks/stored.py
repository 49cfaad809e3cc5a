"""What is stored: what the canary, the daily sample and the monthly drill found wrong with the store."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.records import DrillDone, StoreProbed, StoreSampled, TwinSeen
from appliance.words import N_, Text

DRILL_DAYS = 40
_DAY = 24 * 3600 * SECOND


def check(context: Context) -> Iterator[Finding]:
    """A twin, problems of the newest canary and drill, samples that came back wrong, and drills that are overdue."""
    kind = context.box.config.store.kind
    twin = context.ledger.latest(TwinSeen, kind)
    if twin is not None and isinstance(twin.record, TwinSeen) and twin.record.problem:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(N_("Nothing is sent to the store: %(problem)s"), {"problem": twin.record.problem}),
            mend=Text(N_("Find out which of the two is the right box before anything else is done.")),
        )
    probed = context.ledger.latest(StoreProbed, kind)
    for problem in probed.record.problems if probed and isinstance(probed.record, StoreProbed) else ():
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("The store does not do what it must: %(problem)s"), {"problem": problem}),
            mend=Text(N_("Mend what it names, then run: appliance uploader canary")),
        )
    for sampled in _bad_samples(context):
        yield Finding(
            severity=Severity.ERROR,
            what=Text(N_("A stored recording came back wrong: %(problem)s"), {"problem": sampled.problem}),
            mend=Text(N_("Keep the local copies (retention.local_days = 0) and ask the provider.")),
        )
    drilled = context.ledger.latest(DrillDone, kind)
    if drilled is None or not isinstance(drilled.record, DrillDone):
        return
    for problem in drilled.record.problems:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(N_("The last drill could not bring everything back: %(problem)s"), {"problem": problem}),
            mend=Text(N_("Mend what it names, then run: appliance uploader drill")),
        )
    if context.now - drilled.record.at > DRILL_DAYS * _DAY:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("No drill has been done for %(days)d days."), {"days": (context.now - drilled.record.at) // _DAY}),
            mend=Text(N_("Is the service running? Nothing is lost.")),
        )


def _bad_samples(context: Context) -> Iterator[StoreSampled]:
    """The newest word on each recording that was sampled, where it is a problem."""
    rows = context.ledger.connection.execute(
        "SELECT max(id) AS id, subject FROM record WHERE kind = 'StoreSampled' GROUP BY subject"
    ).fetchall()
    for row in rows:
        found = context.ledger.latest(StoreSampled, row["subject"])
        if found is not None and isinstance(found.record, StoreSampled) and found.record.problem:
            yield found.record
