"""`res_parking.conf`: where calls are parked; each place has a lamp. Pure."""

from __future__ import annotations

from provisioning.asterisk import lines
from provisioning.asterisk.lines import Pair, section
from provisioning.asterisk.wiring import Wiring


def render(wiring: Wiring) -> str:
    """The file."""
    parking = wiring.phone.parking
    lot: list[Pair] = [
        ("parkext", parking.number), ("parkpos", f"{parking.first}-{parking.last}"), ("context", "parkedcalls"), ("parkinghints", True),
        ("parkingtime", parking.seconds), ("comebacktoorigin", True), ("comebackcontext", "parked-back"), ("comebackdialtime", 30),
        ("parkedcalltransfers", "both"), ("parkedcallreparking", "both"), ("findslot", "next"), ("courtesytone", "beep"),
    ]  # fmt: skip
    return lines.file(section("general", []), section("default", lot))
