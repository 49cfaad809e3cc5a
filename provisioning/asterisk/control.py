"""`http.conf`, `ari.conf`, `manager.conf`: how our own services talk to Asterisk, on this machine alone. Pure."""

from __future__ import annotations

from provisioning.asterisk import lines
from provisioning.asterisk.lines import section
from provisioning.asterisk.wiring import Wiring

HOST, HTTP_PORT, AMI_PORT = "127.0.0.1", 8088, 5038
USER = "appliance"


def http() -> str:
    """Asterisk's web server, for ARI only."""
    return lines.file(
        section("general", [("enabled", True), ("bindaddr", HOST), ("bindport", HTTP_PORT), ("servername", "appliance")])
    )


def ari(wiring: Wiring) -> str:
    """The one user of ARI."""
    general = section("general", [("enabled", True), ("pretty", False), ("websocket_write_timeout", 100)])
    user = section(USER, [("type", "user"), ("read_only", False), ("password_format", "plain")], [("password", wiring.secrets.ari)])
    return lines.file(general, user)


def manager(wiring: Wiring) -> str:
    """The one user of AMI."""
    general = section(
        "general", [("enabled", True), ("bindaddr", HOST), ("port", AMI_PORT), ("webenabled", False), ("displayconnects", False)]
    )
    rights = "call,reporting,agent,user,dialplan,originate,message,command"
    user = section(
        USER,
        [("read", f"system,{rights}"), ("write", rights), ("writetimeout", 1000), ("permit", f"{HOST}/32")],
        [("secret", wiring.secrets.ami)],
    )
    return lines.file(general, user)
