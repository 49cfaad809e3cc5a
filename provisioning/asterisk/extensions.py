"""`extensions.conf`: the whole dialplan. Emergency numbers stand first in every context that a telephone dials in. Pure."""

from __future__ import annotations

from provisioning.asterisk import codes, desks, guard, inbound, lines, outbound, places
from provisioning.asterisk.wiring import Wiring


def render(wiring: Wiring) -> str:
    """The file. `clearglobalvars` is off: the application's heartbeat outlives a reload."""
    general = lines.section(
        "general", [("static", True), ("writeprotect", True), ("clearglobalvars", False), ("autofallthrough", True)]
    )
    parts = [part.contexts(wiring) for part in (outbound, codes, inbound, guard, desks, places)]
    return lines.file(general, *(context for part in parts for context in part))
