"""sshd's rules for support (sshd_config(5)): certificates of one authority, no password, no root, nobody while support is closed. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.config import Config

RELOAD = ("systemctl", "try-reload-or-restart", "ssh")


def files(config: Config) -> Mapping[str, str]:
    """The rules and the authority's key; none where no authority is configured."""
    if not config.network.support_authority:
        return {}
    return {
        "/etc/ssh/appliance-authority.pub": f"{config.network.support_authority}\n",
        "/etc/ssh/sshd_config.d/appliance.conf": _RULES,
    }


_RULES = """# Written by the call recorder from its configuration; changes here are lost.
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
AuthorizedKeysFile none
TrustedUserCAKeys /etc/ssh/appliance-authority.pub
# Whom a certificate may name is asked of the box at every login: nobody, unless support was opened, and then for its hours.
AuthorizedPrincipalsCommand /usr/bin/appliance support principals --data /var/lib/appliance
AuthorizedPrincipalsCommandUser appliance-janitor
AllowTcpForwarding no
AllowAgentForwarding no
X11Forwarding no
PermitTunnel no
MaxAuthTries 3
LoginGraceTime 20
LogLevel VERBOSE
ForceCommand /usr/bin/appliance support session --data /var/lib/appliance
"""
