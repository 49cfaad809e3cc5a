"""nftables' rules (nft(8)): only what is served, only where; nothing ever goes out or in through the mirror port. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from appliance.config import Config

RELOAD = ("nft", "--file", "/etc/nftables.conf")


def files(config: Config) -> Mapping[str, str]:
    """The whole rule set; none where no LAN is configured."""
    if not config.network.lan.interface:
        return {}
    return {"/etc/nftables.conf": _TEXT.format(inward="\n".join(_inward(config)), outward="\n".join(_outward(config)))}


def _inward(config: Config) -> Iterator[str]:
    network = config.network
    lan, mirror = network.lan.interface, config.capture.interface
    if mirror:
        yield f'        iifname "{mirror}" drop comment "the mirror port is heard below, never answered"'
    yield '        iif "lo" accept'
    yield "        ct state vmap { established : accept, related : accept, invalid : drop }"
    yield "        icmp type { echo-request, destination-unreachable, time-exceeded } accept"
    yield "        icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, packet-too-big } accept"
    if network.lan.address == "dhcp":
        yield f'        iifname "{lan}" udp sport 67 udp dport 68 accept comment "DHCP"'
    yield f'        iifname "{lan}" udp dport 5353 accept comment "{network.name}.local"'
    if config.web.host not in ("127.0.0.1", "localhost", "::1"):
        yield f'        iifname "{lan}" tcp dport {config.web.port} accept comment "console"'
    if network.support_authority:
        yield f'        iifname "{lan}" tcp dport 22 ct count over 10 drop'
        yield f'        iifname "{lan}" tcp dport 22 accept comment "support"'


def _outward(config: Config) -> Iterator[str]:
    if config.capture.interface:
        yield f'        oifname "{config.capture.interface}" drop comment "nothing leaves through the mirror port"'


_TEXT = """#!/usr/sbin/nft -f
# Written by the call recorder from its configuration; changes here are lost.
flush ruleset
table inet appliance {{
    chain input {{
        type filter hook input priority filter; policy drop;
{inward}
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
    }}
    chain output {{
        type filter hook output priority filter; policy accept;
{outward}
    }}
}}
"""
