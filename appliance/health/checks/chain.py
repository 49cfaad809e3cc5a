"""The chain of recordings: as long as the newest checkpoint says at least, and without a number missing."""

from __future__ import annotations

from collections.abc import Iterator

from appliance import checkpoints
from appliance.health.checks import Context, Finding, Severity
from appliance.words import N_, Text

_MEND = Text(N_("Name what is wrong with `appliance verify --all`, then bring it back with `appliance doctor --rebuild`."))


def check(context: Context) -> Iterator[Finding]:
    """Fewer recordings than were vouched for, or a gap in their numbers. Quick: nothing is hashed here."""
    count, highest = context.ledger.connection.execute("SELECT count(*), coalesce(max(sequence), 0) FROM recording").fetchone()
    last = checkpoints.latest(context.ledger)
    if last is not None and highest < last.size:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(
                N_("The box vouched for %(size)d recordings and knows %(count)d: the end of the chain was cut off."),
                {"size": last.size, "count": count},
            ),
            mend=_MEND,
        )
    elif count != highest:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(
                N_("Of %(highest)d recordings in the chain %(missing)d are missing from the ledger."),
                {"highest": highest, "missing": highest - count},
            ),
            mend=_MEND,
        )
