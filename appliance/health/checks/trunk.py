"""The lines to the outside: which is down and why, as the service of the flows last saw it."""

from __future__ import annotations

from collections.abc import Iterator

from appliance import trunk_states
from appliance.health.checks import Context, Finding, Severity


def check(context: Context) -> Iterator[Finding]:
    """Every trunk of the settings that is down; without telephones, or before the first heartbeat, nothing is known."""
    phone = context.box.config.phone
    if not phone.enabled:
        return
    beats = [beat for beat in context.ledger.heartbeats() if beat.service == "ivr"]
    standings = trunk_states.from_heartbeat(beats[0].detail) if beats else {}
    for trunk in phone.trunks:
        standing = standings.get(trunk.name)
        found = trunk_states.why(trunk.title or trunk.name, trunk.host, trunk.kind, standing) if standing else None
        if found:
            yield Finding(severity=Severity.ERROR, what=found[0], mend=found[1])
