"""Settings of the telephone system: one tree that the console edits, from which every file of Asterisk's is made. Part of `config.py`.

Secrets are not in it: the passwords of telephones and trunks and the PINs are files of mode 0600 in the keys folder, or credentials
(`phone_secrets.py`). What one value alone cannot tell (a number given twice, a target that is not there) is in `phone_checks.py`. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from appliance import options
from appliance.options import Options
from appliance.phone_desks import Conference as Conference
from appliance.phone_desks import Extension as Extension
from appliance.phone_desks import Group as Group
from appliance.phone_desks import Music as Music
from appliance.phone_desks import Parking as Parking
from appliance.phone_desks import Queue as Queue
from appliance.phone_desks import Switch as Switch
from appliance.phone_desks import Voicebox as Voicebox
from appliance.phone_lines import Block as Block
from appliance.phone_lines import Codes as Codes
from appliance.phone_lines import Contact as Contact
from appliance.phone_lines import Outbound as Outbound
from appliance.phone_lines import Permission as Permission
from appliance.phone_lines import Route as Route
from appliance.phone_lines import Trunk as Trunk
from appliance.phone_words import Host, Mail, MaybeTarget, Program, Public


class Network(Options):
    """Where Asterisk listens."""

    address: Host = Field(default="", title="Address", description="The address of the box on the voice LAN; empty: every one.")
    port: int = Field(default=5060, ge=1, le=65535, title="SIP port", description="UDP and TCP.")
    tls: bool = Field(default=False, title="TLS", description="true: SIP over TLS on port 5061 too, for telephones that encrypt.")
    first_rtp: int = Field(default=10000, ge=1024, le=65000, title="First RTP port", description="The media's ports begin here.")
    last_rtp: int = Field(default=14999, ge=1025, le=65535, title="Last RTP port", description="And end here.")
    inside: list[Annotated[str, AfterValidator(options.network)]] = Field(
        default_factory=list, title="Inside networks", description="Networks that are reached without address translation."
    )
    qualify_seconds: int = Field(
        default=60,
        ge=0,
        le=3600,
        title="Ask every",
        description="Seconds between two questions whether a telephone is there; 0: none.",
    )
    outside: Host = Field(
        default="", title="Outside address", description="The address by which the world reaches the box behind a NAT; empty: none."
    )


class Serving(Options):
    """How telephones fetch their settings."""

    host: Host = Field(default="", title="Address", description="The voice LAN's address to listen on; empty: telephones get none.")
    port: int = Field(default=8090, ge=1, le=65535, title="Port", description="TCP port.")
    tls: bool = Field(default=True, title="TLS", description="false: plain HTTP, for telephones that know no other way.")
    per_minute: int = Field(default=30, ge=1, le=6000, title="Requests a minute", description="Of one address; more are refused.")


class Phone(Options):
    """The telephone system on Asterisk."""

    enabled: bool = Field(default=False, title="Telephone system", description="true: the box runs the office's telephones.")
    language: Literal["ja", "en"] = Field(default="ja", title="Language", description="Of Asterisk's own announcements: ja or en.")
    office_prefix: str = Field(
        default="",
        pattern=r"^[0-9]?$",
        title="Outside prefix",
        description="The digit for an outside line, often 0; empty: none is needed.",
    )
    fallback: MaybeTarget = Field(
        default="", title="Fallback", description="What rings where a flow and its route name none; empty: every extension."
    )
    emergency_trunks: list[str] = Field(
        default_factory=list, title="Emergency trunks", description="For 110, 118 and 119, in order; none: all, in their order."
    )
    emergency_number: Public = Field(
        default="",
        title="Emergency number shown",
        description="The number that 110, 118 and 119 are shown; empty: the trunk's own.",
    )
    mail_from: Mail = Field(default="", title="Mail from", description="The sender of voicemail's mails.")
    mail_program: Program = Field(
        default="",
        title="Mail program",
        description="Takes voicemail's mails at its standard input; empty: the box sends them through its channel of kind mail.",
    )
    transcript_program: Program = Field(
        default="",
        title="Transcript program",
        description="Gets a voicemail message (WAV) at its standard input and prints what was said, for the mail; empty: none.",
    )
    transcript_seconds: int = Field(
        default=120, ge=5, le=900, title="Transcript time", description="Seconds after which the mail goes without it."
    )
    longest_call_hours: int = Field(
        default=12, ge=1, le=48, title="Longest call", description="Hours after which a call to the outside is ended."
    )
    network: Network = Field(default_factory=Network, title="Network", description="Where Asterisk listens.")
    serving: Serving = Field(default_factory=Serving, title="Telephones' settings", description="How telephones fetch them.")
    parking: Parking = Field(default_factory=Parking, title="Parking", description="Where calls are parked.")
    codes: Codes = Field(default_factory=Codes, title="Codes", description="What is dialled or pressed for a feature.")
    block: Block = Field(default_factory=Block, title="Block list", description="Callers who do not get through.")
    extensions: list[Extension] = Field(default_factory=list, title="Extensions", description="The desks.")
    groups: list[Group] = Field(default_factory=list, title="Ring groups", description="Telephones that ring together.")
    queues: list[Queue] = Field(default_factory=list, title="Queues", description="Callers who wait until somebody is free.")
    boxes: list[Voicebox] = Field(default_factory=list, title="Voicemail boxes", description="Where callers leave messages.")
    conferences: list[Conference] = Field(default_factory=list, title="Conferences", description="Rooms for many.")
    switches: list[Switch] = Field(default_factory=list, title="Switches", description="Day/night switches.")
    music: list[Music] = Field(default_factory=list, title="Music", description="Hold music.")
    trunks: list[Trunk] = Field(default_factory=list, title="Trunks", description="Lines to the outside.")
    routes: list[Route] = Field(default_factory=list, title="Inbound routes", description="In order: the first that fits.")
    outbound: list[Outbound] = Field(default_factory=list, title="Outbound rules", description="In order: the first that fits.")
    permissions: list[Permission] = Field(
        default_factory=list, title="Permissions", description="Classes of service; without any, standard may call every kind."
    )
    contacts: list[Contact] = Field(default_factory=list, title="Directory", description="People shown by name and dialled short.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Every secret that Asterisk's files hold; `phone_secrets.py` reads them."""

    phones: Mapping[str, str] = field(default_factory=dict)
    """By extension."""
    trunks: Mapping[str, str] = field(default_factory=dict)
    """By name; a trunk that needs none is not in it."""
    boxes: Mapping[str, str] = field(default_factory=dict)
    conferences: Mapping[str, str] = field(default_factory=dict)
    ari: str = ""
    ami: str = ""

    def __repr__(self) -> str:
        return "Secrets(…)"
