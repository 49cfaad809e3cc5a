"""`features.conf`: what is pressed during a call. Pure."""

from __future__ import annotations

from provisioning.asterisk import lines
from provisioning.asterisk.lines import Pair, section
from provisioning.asterisk.wiring import Wiring


def render(wiring: Wiring) -> str:
    """The file."""
    codes = wiring.phone.codes
    general: list[Pair] = [("transferdigittimeout", 5), ("atxfernoanswertimeout", 20), ("featuredigittimeout", 1500),
               ("pickupexten", codes.pickup),("atxferdropcall", False), ("atxferloopdelay", 5), ("atxfercallbackretries", 1)]  # fmt: skip
    keys: list[Pair] = [
        ("blindxfer", codes.transfer),
        ("atxfer", codes.consult),
        ("automixmon", codes.record),
        ("parkcall", codes.park),
    ]
    return lines.file(section("general", general), section("featuremap", keys))
