"""systemd-networkd's files (systemd.network(5), systemd.link(5)): the mirror port listens and is never spoken to; the LANs have addresses.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from appliance.config import Config
from appliance.network_settings import Lan

RELOAD = ("networkctl", "reload")
_FOLDER = "/etc/systemd/network"
_HEAD = "# Written by the call recorder from its configuration; changes here are lost.\n"


def files(config: Config) -> Mapping[str, str]:
    """One file an interface, two for the mirror port; none where no LAN is configured."""
    network = config.network
    if not network.lan.interface:
        return {}
    made = {f"{_FOLDER}/20-appliance-lan.network": _lan(network.lan, "The office LAN", default=True)}
    if network.voice.interface:
        made[f"{_FOLDER}/30-appliance-voice.network"] = _lan(network.voice, "The voice LAN", default=False)
    if config.capture.interface:
        made[f"{_FOLDER}/10-appliance-mirror.network"] = _MIRROR.format(head=_HEAD, interface=config.capture.interface)
        made[f"{_FOLDER}/10-appliance-mirror.link"] = _LINK.format(
            head=_HEAD, interface=config.capture.interface, ring=network.ring_frames
        )
    return made


def _lan(lan: Lan, what: str, *, default: bool) -> str:
    lines = [f"{_HEAD}# {what}.", "[Match]", f"Name={lan.interface}", "", "[Network]"]
    if lan.address == "dhcp":
        lines += ["DHCP=ipv4"]
    else:
        lines += ["DHCP=no", f"Address={lan.address}", *([f"Gateway={lan.gateway}"] if lan.gateway and default else [])]
        lines += [f"DNS={server}" for server in lan.dns]
    lines += ["IPv6AcceptRA=no" if not default else "IPv6AcceptRA=yes", "MulticastDNS=no", "LLMNR=no"]
    if lan.address == "dhcp" and not default:
        lines += ["", "[DHCPv4]", "UseGateway=no", "UseDNS=no"]
    return "\n".join([*lines, ""])


_MIRROR = """{head}# The mirror port: hears everything, has no address, says nothing.
[Match]
Name={interface}

[Link]
ActivationPolicy=always-up
RequiredForOnline=no
Promiscuous=yes
ARP=no
Multicast=no

[Network]
DHCP=no
LinkLocalAddressing=no
IPv6AcceptRA=no
LLDP=no
EmitLLDP=no
MulticastDNS=no
LLMNR=no
"""
_LINK = """{head}# The mirror port's hardware: frames as they were on the wire, none glued together, and room for bursts.
[Match]
OriginalName={interface}

[Link]
NamePolicy=keep kernel
GenericReceiveOffload=no
GenericReceiveOffloadHardware=no
LargeReceiveOffload=no
GenericSegmentationOffload=no
TCPSegmentationOffload=no
RxBufferSize={ring}
"""
