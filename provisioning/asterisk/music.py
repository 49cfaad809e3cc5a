"""`musiconhold.conf`: hold music; without a folder of the office's own, the one that Asterisk came with. Pure."""

from __future__ import annotations

from provisioning.asterisk import lines
from provisioning.asterisk.lines import section
from provisioning.asterisk.wiring import Wiring

_SHIPPED = "moh"
"""Relative to Asterisk's data folder."""


def render(wiring: Wiring) -> str:
    """The file."""
    classes = {one.name: (one.folder, one.shuffle) for one in wiring.phone.music}
    classes.setdefault("default", (_SHIPPED, True))
    return lines.file(
        section("general", []),
        *(
            section(name, [("mode", "files"), ("directory", folder), ("sort", "random" if shuffle else "alpha")])
            for name, (folder, shuffle) in classes.items()
        ),
    )
