"""The settings of the box's own place in the network: name, office LAN, voice LAN, time, support. Part of `config.py`'s tree. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from appliance.options import Options


def _address(text: str) -> str:
    """An address with its network, `dhcp`, or nothing. Raises ValueError with the mend."""
    if text in ("", "dhcp"):
        return text
    try:
        found = IPv4Interface(text)
    except ValueError as error:
        raise ValueError("is no address; write it like 192.168.1.20/24, or dhcp") from error
    if "/" not in text or (found.network.prefixlen < 31 and found.ip in (found.network[0], found.network[-1])):
        raise ValueError("is no address of a machine; write it with its network, like 192.168.1.20/24")
    return text


def _host(text: str) -> str:
    """An IPv4 address, or nothing. Raises ValueError with the mend."""
    try:
        return str(IPv4Address(text)) if text else ""
    except ValueError as error:
        raise ValueError("is no address; write it like 192.168.1.1") from error


def _authority(text: str) -> str:
    """A public SSH key, or nothing. Raises ValueError with the mend."""
    if text and not re.fullmatch(r"(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]+=*( \S+)?", text):
        raise ValueError("is no public SSH key; write the line of the authority's .pub file")
    return text


_INTERFACE = r"^([A-Za-z0-9][A-Za-z0-9._-]{0,14})?$"


class Lan(Options):
    """One network the box is a member of."""

    interface: str = Field(default="", pattern=_INTERFACE, title="Interface", description="Such as enp2s0; empty: not used.")
    address: Annotated[str, AfterValidator(_address)] = Field(
        default="dhcp", title="Address", description="An address with its network, such as 192.168.1.20/24, or dhcp."
    )
    gateway: Annotated[str, AfterValidator(_host)] = Field(
        default="", title="Gateway", description="The way out, with a fixed address."
    )
    dns: list[Annotated[str, AfterValidator(_host)]] = Field(
        default_factory=list, title="Name servers", description="Addresses of name servers, with a fixed address."
    )

    @model_validator(mode="after")
    def _gateway_is_near(self) -> Lan:
        if self.gateway and "/" not in self.address:
            raise ValueError("names a gateway without a fixed address; DHCP brings its own")
        if self.gateway and IPv4Address(self.gateway) not in IPv4Interface(self.address).network:
            raise ValueError("names a gateway that is not in its network; correct one of them")
        return self


class Network(Options):
    """The box's place in the network; without an interface nothing of the machine's network is touched."""

    name: str = Field(
        default="recorder",
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        title="Name",
        description="The box is reached as NAME.local in the office.",
    )
    lan: Lan = Field(default_factory=Lan, title="Office LAN", description="Where the PCs are.")
    voice: Lan = Field(
        default_factory=Lan, title="Voice LAN", description="Where the telephones are, if that is a network of its own."
    )
    ring_frames: int = Field(
        default=4096, ge=256, le=16384, title="Ring", description="Frames the mirror port's hardware holds, as far as it can."
    )
    time_servers: list[str] = Field(
        default_factory=lambda: ["ntp.nict.jp", "time.google.com"],
        title="Time servers",
        description="NTP servers the clock follows.",
    )
    support_authority: Annotated[str, AfterValidator(_authority)] = Field(
        default="",
        title="Support authority",
        description="Public SSH key that signs support's certificates; empty: no SSH from outside.",
    )
