"""The machine itself: disks that say they fail, a clock that follows none, heat, and errors that the kernel met on a file system."""

from __future__ import annotations

from collections.abc import Iterator

from appliance import hardware
from appliance.hardware import Disk, Hardware
from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND
from appliance.words import N_, Text

STALE = 3 * 3600 * SECOND
OFFSET_S = 2.0
"""Further than this from the true time, calls stand in the wrong order beside an exchange's list."""
MARGIN_C = 5.0
WORN_PERCENT = 90


def check(context: Context) -> Iterator[Finding]:
    """Nothing where nobody looked: a box of the demo has no root that could."""
    found = hardware.read(context.box.folders)
    if found is None:
        return
    if context.now - found.at > STALE:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(
                N_("Nobody has looked at disks, clock and heat for %(hours)d hours."),
                {"hours": (context.now - found.at) // (3600 * SECOND)},
            ),
            mend=Text(N_("Start it again: systemctl start appliance-hardware.timer")),
        )
    for disk in found.disks:
        yield from _disk(disk)
    yield from _clock(found)
    yield from _heat(found)
    for name, count in found.file_system_errors.items():
        if count:
            yield Finding(
                severity=Severity.ERROR,
                what=Text(N_("The kernel met %(count)d errors on the file system of %(disk)s."), {"count": count, "disk": name}),
                mend=Text(N_("Order the replacement box now; what is recorded goes on being stored meanwhile.")),
            )


def _disk(disk: Disk) -> Iterator[Finding]:
    if disk.healthy is False:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(N_("The disk %(disk)s says of itself that it fails (SMART)."), {"disk": disk.name}),
            mend=Text(N_("Order the replacement box now; what is recorded goes on being stored meanwhile.")),
        )
    elif bad := (disk.reallocated or 0) + (disk.pending or 0):
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("The disk %(disk)s has %(count)d bad places."), {"disk": disk.name, "count": bad}),
            mend=Text(N_("Look whether they become more; if they do, order the replacement box.")),
        )
    if (disk.worn_percent or 0) >= WORN_PERCENT:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("The disk %(disk)s is worn to %(percent)d %%."), {"disk": disk.name, "percent": disk.worn_percent or 0}),
            mend=Text(N_("Plan its replacement for the next visit.")),
        )


def _clock(found: Hardware) -> Iterator[Finding]:
    if found.synchronised is False:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("The clock follows no time server.")),
            mend=Text(N_("Let the box reach an NTP server (UDP port 123), or name the site's own in network.time_servers.")),
        )
    elif abs(found.offset_s or 0.0) > OFFSET_S:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("The clock is %(seconds)d seconds off."), {"seconds": round(abs(found.offset_s or 0.0))}),
            mend=Text(N_("It is drawn near slowly; if it is still off in an hour, look at chronyc tracking.")),
        )


def _heat(found: Hardware) -> Iterator[Finding]:
    for name, degrees in found.temperatures.items():
        limit = found.hottest_allowed.get(name, 95.0)
        if degrees >= limit - MARGIN_C:
            yield Finding(
                severity=Severity.ERROR if degrees >= limit else Severity.WARNING,
                what=Text(
                    N_("%(sensor)s is at %(degrees)d °C (limit %(limit)d °C)."),
                    {"sensor": name, "degrees": round(degrees), "limit": round(limit)},
                ),
                mend=Text(N_("Free the air slots of the box, and keep it away from other warm machines.")),
            )
