"""Answered calls of the last day that have no recording although nobody forbade one."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.words import N_, Text

_DAY = 24 * 3600 * SECOND
_SHARE = 10
"""One of so many answered calls without its speech is a matter of the mirror, fewer are a matter of the call."""
_MENDS = {
    "no_media": N_("Does the mirror carry the telephones' speech too? appliance capture check says what it carries."),
    "encrypted": N_("The telephones encrypt their speech: let the exchange tell the keys (SDES), or use plain RTP on the LAN."),
    "kernel_drop": N_("Raise capture.ring_megabytes, and look at the load and the disk of the box."),
    "unknown_codec": N_("Let the exchange use PCMU, PCMA, G.722, G.729 or Opus; what was captured is kept in quarantine."),
    "damaged": N_("What was captured is kept in quarantine; look at the render service's log."),
}


def check(context: Context) -> Iterator[Finding]:
    """By reason, where it is many of the calls that were answered."""
    since = context.now - _DAY
    answered = context.ledger.connection.execute(
        "SELECT count(*) FROM call WHERE started_at > ? AND answered_at IS NOT NULL AND ended_at IS NOT NULL AND main IS NULL",
        (since,),
    ).fetchone()[0]
    rows = context.ledger.connection.execute(
        """SELECT not_recorded, count(*) FROM call WHERE started_at > ? AND answered_at IS NOT NULL AND not_recorded IS NOT NULL
           GROUP BY not_recorded ORDER BY not_recorded""",
        (since,),
    ).fetchall()
    for reason, count in rows:
        if reason in _MENDS and count * _SHARE >= answered:
            yield Finding(
                severity=Severity.ERROR,
                what=Text(
                    N_("%(count)d of the last day's %(answered)d answered calls have no recording (%(reason)s)."),
                    {"count": count, "answered": answered, "reason": reason},
                ),
                mend=Text(_MENDS[reason]),
            )
