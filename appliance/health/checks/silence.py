"""A mirror port that falls silent in business hours, and one that carries one direction only."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND, to_datetime
from appliance.words import N_, Text

_DAY = 24 * 3600 * SECOND
FEW = 4
"""Recordings of the last day, from which on one-sided ones are a matter of the mirror and not of a call."""


def check(context: Context) -> Iterator[Finding]:
    """What the tap last heard, and on how many sides the calls of the last day were heard."""
    limit = context.box.config.health.silent_minutes * 60 * SECOND
    for beat in context.ledger.heartbeats():
        heard = beat.detail.get("last_frame_at")
        if beat.service != "capture" or beat.state == "stopped" or not heard or not business(context):
            continue
        if context.now - int(heard) > limit:
            yield Finding(
                severity=Severity.ERROR,
                what=Text(
                    N_("%(interface)s has been silent for %(minutes)d minutes of business hours."),
                    {
                        "interface": str(beat.detail.get("interface", "?")),
                        "minutes": (context.now - int(heard)) // (60 * SECOND),
                    },
                ),
                mend=Text(N_("Look at the cable and at the switch: is the mirror session still there, did somebody move a plug?")),
            )
    yield from _one_direction(context)


def business(context: Context) -> bool:
    """Whether somebody should be telephoning now: the site's business hours, on a working day of the week."""
    hours = context.box.config.health.business_hours
    if not hours:
        return False
    now = to_datetime(context.now, context.box.config.site.zone)
    begin, end = hours.split("-")
    return now.weekday() < 5 and begin <= f"{now:%H:%M}" < end


def _one_direction(context: Context) -> Iterator[Finding]:
    count, one_sided = context.ledger.connection.execute(
        "SELECT count(*), coalesce(sum(json_extract(body, '$.one_sided')), 0) FROM recording WHERE started_at > ? AND seconds > 5",
        (context.now - _DAY,),
    ).fetchone()
    if count >= FEW and one_sided * 2 > count:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(
                N_("Of the last day's %(count)d recordings %(one_sided)d hold one side only."),
                {"count": count, "one_sided": one_sided},
            ),
            mend=Text(N_("Set the mirror session to both directions (rx and tx); appliance capture check shows what it carries.")),
        )
