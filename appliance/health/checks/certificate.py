"""The console's TLS certificate: about to end, ended, or unreadable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance import tls
from appliance.errors import CouldNotError
from appliance.health.checks import Context, Finding, Severity
from appliance.moments import SECOND, to_datetime
from appliance.words import N_, Text

WARN_DAYS = 21
_DAY = 24 * 3600 * SECOND


def check(context: Context) -> Iterator[Finding]:
    """The configured certificate, or the box's own where there is one."""
    named = context.box.config.web.certificate
    path = Path(named) if named else context.box.folders.keys / tls.CERTIFICATE
    if not named and not path.exists():
        return
    try:
        ends = tls.ends_at(path)
    except CouldNotError as error:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(N_("A key cannot be used: %(error)s"), {"error": str(error)}),
            mend=Text(N_("Mend what it names.")),
        )
        return
    left = (ends - context.now) // _DAY
    if left < WARN_DAYS:
        yield Finding(
            severity=Severity.ERROR if left < 1 else Severity.WARNING,
            what=Text(
                N_("The console's certificate ends on %(day)s."),
                {"day": f"{to_datetime(ends, context.box.config.site.zone):%Y-%m-%d}"},
            ),
            mend=Text(
                N_("Put the new one where web.certificate says, then: systemctl restart appliance-web")
                if named
                else N_("Let the box make a new one: systemctl restart appliance-prepare appliance-web")
            ),
        )
