"""What the mirror port carries: nothing, too much for the kernel's ring, or callers that never show a number."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.words import N_, Text

_DAY = 24 * 3600 * SECOND
FEW = 10
"""Inbound calls of the last week without any number, from which on the display contract is doubted."""


def check(context: Context) -> Iterator[Finding]:
    """Drops of the kernel, a silent mirror, and ナンバーディスプレイ."""
    for beat in context.ledger.heartbeats():
        if beat.service != "capture" or beat.state == "stopped":
            continue
        facts = {"interface": str(beat.detail.get("interface", "?"))}
        if dropped := int(beat.detail.get("dropped", 0)):
            yield Finding(
                severity=Severity.ERROR,
                what=Text(N_("The kernel has dropped %(count)d frames of %(interface)s."), {**facts, "count": dropped}),
                mend=Text(N_("Raise capture.ring_megabytes, and look at the load and the disk of the box."), {}),
            )
        if not int(beat.detail.get("frames", 0)):
            yield Finding(
                severity=Severity.WARNING,
                what=Text(N_("Nothing has been heard on %(interface)s since the tap began."), facts),
                mend=Text(N_("Is the cable in the switch's mirror port, and does the mirror carry both directions?"), {}),
            )
    yield from _display(context)


def _display(context: Context) -> Iterator[Finding]:
    row = context.ledger.connection.execute(
        "SELECT count(*), count(caller_reason) FROM call WHERE direction = 'inbound' AND started_at > ?",
        (context.now - 7 * _DAY,),
    ).fetchone()
    if row[0] >= FEW and row[0] == row[1]:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("All %(count)d inbound calls of the last week came without a number."), {"count": row[0]}),
            mend=Text(
                N_("Is number display (ナンバーディスプレイ) contracted for these lines? Without it every call is anonymous."),
                {},
            ),
        )
