"""Speech that was lost on its way: RTP packets of the last day that never came by."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.words import N_, Text

_DAY = 24 * 3600 * SECOND
PERCENT = 1.0
"""More than this is heard."""
ENOUGH = 3000
"""Packets, a minute of speech: of fewer no share is worth a word."""


def check(context: Context) -> Iterator[Finding]:
    """More than a percent lost over all recordings of the last day, and how many of them are concerned."""
    packets, lost, calls = context.ledger.connection.execute(
        """SELECT coalesce(sum(packets), 0), coalesce(sum(lost), 0), coalesce(sum(lost * 100 > packets), 0)
           FROM (SELECT json_extract(body, '$.packets') AS packets, json_extract(body, '$.lost') AS lost FROM recording
                 WHERE started_at > ?)""",
        (context.now - _DAY,),
    ).fetchone()
    if packets >= ENOUGH and lost * 100 > packets * PERCENT:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(
                N_("%(percent).1f %% of the last day's speech was lost, in %(calls)d calls."),
                {"percent": round(100 * lost / (packets + lost), 1), "calls": calls},
            ),
            mend=Text(N_("The page of each call says where: in the network, on the mirror port, or behind it.")),
        )
