"""The box's name, and its console told in the office by mDNS (avahi.service(5)). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from appliance.config import Config

RELOAD = ("systemctl", "try-reload-or-restart", "avahi-daemon")


def files(config: Config) -> Mapping[str, str]:
    """Host name and service; none where no LAN is configured."""
    network = config.network
    if not network.lan.interface:
        return {}
    shown = escape(config.site.name or network.name)
    return {
        "/etc/hostname": f"{network.name}\n",
        "/etc/avahi/services/appliance.service": _SERVICE.format(name=shown, port=config.web.port),
    }


_SERVICE = """<?xml version="1.0" standalone="no"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<!-- Written by the call recorder from its configuration; changes here are lost. -->
<service-group>
  <name>{name}</name>
  <service>
    <type>_https._tcp</type>
    <port>{port}</port>
  </service>
</service-group>
"""
