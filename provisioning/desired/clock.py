"""chrony's servers (chrony.conf(5)): a clock that is far off at the start is set, later it is drawn near, so that no call jumps. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.config import Config

RELOAD = ("systemctl", "try-restart", "chrony")


def files(config: Config) -> Mapping[str, str]:
    """The site's servers; none where no LAN is configured."""
    network = config.network
    if not network.lan.interface or not network.time_servers:
        return {}
    servers = "\n".join(f"server {name} iburst" for name in network.time_servers)
    return {
        "/etc/chrony/conf.d/appliance.conf": (
            "# Written by the call recorder from its configuration; changes here are lost.\n"
            f"{servers}\nmakestep 1.0 3\nrtcsync\nleapsectz right/UTC\n"
        )
    }
