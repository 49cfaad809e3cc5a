"""`rtp.conf` and `indications.conf`: the media's ports, and the tones of a Japanese line (TTC JJ-20.10, ITU-T E.180 supplement 2). Pure."""

from __future__ import annotations

from provisioning.asterisk import lines
from provisioning.asterisk.lines import section
from provisioning.asterisk.wiring import Wiring


def rtp(wiring: Wiring) -> str:
    """The ports; media from somewhere else than agreed is refused once a stream has begun."""
    network = wiring.phone.network
    return lines.file(
        section(
            "general", [("rtpstart", network.first_rtp), ("rtpend", network.last_rtp), ("strictrtp", True), ("icesupport", False)]
        )
    )


def indications() -> str:
    """Japanese tones."""
    japan = [
        ("description", "Japan"), ("ringcadence", "1000,2000"), ("dial", "400"), ("busy", "400/500,0/500"),
        ("ring", "400*16/1000,0/2000"), ("congestion", "400/500,0/500"), ("callwaiting", "400*16/500,0/8000"),
        ("dialrecall", "!400*2000/200,!0/200,400"), ("record", "1400/500,0/15000"), ("info", "!950/330,!1400/330,!1800/330,0"),
        ("stutter", "400/100,0/100"),
    ]  # fmt: skip
    return lines.file(section("general", [("country", "jp")]), section("jp", japan))
