"""The telephone system outside: trunks, inbound routes, outbound rules, permissions, block list. Part of `config.py`. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from appliance import options
from appliance.options import Options
from appliance.phone_desks import RECORD, Record
from appliance.phone_words import Caller, Code, Host, Label, MaybeTarget, Name, Public, TargetText, User

Codec = Literal["ulaw", "alaw", "g722", "opus", "gsm", "g726"]
Class = Literal["local", "fixed", "mobile", "ip", "freephone", "navi", "service", "m2m", "international"]


class Trunk(Options):
    """A line to the outside. Its password is not here but in the keys folder (trunk-NAME.secret)."""

    name: Name = Field(title="Name", description="By which outbound rules and the health page call it.")
    title: Label = Field(default="", max_length=60, title="Title", description="What people call it, such as ひかり電話.")
    kind: Literal["registration", "address", "hikari"] = Field(
        title="Kind",
        description="registration: the box signs in with a user and a password; address: the provider knows the box by its address; "
        "hikari: ひかり電話 behind a home gateway (HGW), where the box is one of its IP telephones.",
    )
    host: Host = Field(min_length=1, title="Host", description="The provider's SIP server, or the HGW, such as 192.168.1.1.")
    port: int = Field(default=5060, ge=1, le=65535, title="Port", description="Its SIP port.")
    transport: Literal["udp", "tcp", "tls"] = Field(default="udp", title="Transport", description="udp, tcp or tls.")
    user: User = Field(
        default="", title="User", description="Who signs in; at an HGW the extension that it gave the box, such as 3."
    )
    login: User = Field(default="", title="Login", description="The name for the password where it differs from the user.")
    domain: Host = Field(default="", title="Domain", description="The domain of the SIP addresses where it differs from the host.")
    networks: list[Annotated[str, AfterValidator(options.network)]] = Field(
        default_factory=list,
        title="Networks",
        description="Calls from these addresses come from this trunk, besides those from the host.",
    )
    register_seconds: int = Field(
        default=3600, ge=60, le=7200, title="Sign in for", description="Seconds for which one registration holds."
    )
    numbers: list[Public] = Field(
        default_factory=list, title="Numbers", description="The numbers on this line; the first is its own."
    )
    codecs: list[Codec] = Field(
        default_factory=lambda: ["ulaw"],  # type: ignore[arg-type]
        min_length=1, title="Codecs", description="In this order; ulaw is what Japanese lines speak."
    )  # fmt: skip
    dtmf: Literal["rfc4733", "info", "inband", "auto"] = Field(
        default="auto", title="Keys", description="How keys arrive: auto hears them in the speech where RFC 4733 was not agreed."
    )
    caller_in: Literal["from", "pai"] = Field(
        default="from", title="Caller in", description="Where the line wants our number: from, or pai (P-Asserted-Identity)."
    )
    most_calls: int = Field(default=0, ge=0, le=1000, title="Most calls", description="Calls at once outward; 0: no bound.")
    record: Record = Field(default="rules", title="Record", description=RECORD)


class Route(Options):
    """Where calls from outside go: the first route whose conditions all fit."""

    name: Name = Field(title="Name", description="Its context in the dialplan is in-NAME.")
    title: Label = Field(default="", max_length=60, title="Title", description="What people call it, such as 代表.")
    numbers: list[Public] = Field(default_factory=list, title="Numbers", description="Numbers that were dialled; none: any.")
    trunks: list[Name] = Field(default_factory=list, title="Trunks", description="Trunks by which the call came; none: any.")
    callers: list[Caller] = Field(
        default_factory=list,
        title="Callers",
        description="Numbers, beginnings like 0120*, withheld, anonymous, payphone, unavailable, interaction, listed, blocked; none: any.",
    )
    target: TargetText = Field(
        title="Target",
        description="flow:NAME, group:NAME, extension:NUMBER, queue:NAME, voicemail:NUMBER, conference:NUMBER, outside:NUMBER, hangup.",
    )
    switch: Name | Literal[""] = Field(
        default="", title="Switch", description="A day/night switch that this route heeds; empty: none."
    )
    switched: MaybeTarget = Field(default="", title="Target when on", description="Where calls go while the switch is on.")
    fallback: MaybeTarget = Field(
        default="", title="Fallback", description="What rings when the target cannot be had; a flow's own fallback comes first."
    )
    prefix: Label = Field(
        default="", max_length=20, title="Shown before", description="Shown before the caller's name, such as 代表:."
    )
    record: Record = Field(default="rules", title="Record", description=RECORD)


class Outbound(Options):
    """Which trunk a call to the outside takes: the first rule that fits. Emergency numbers come before every rule."""

    name: Name = Field(title="Name", description="What the rule is for.")
    classes: list[Class] = Field(
        default_factory=list,
        title="Kinds of number",
        description="local, fixed, mobile, ip (050), freephone, navi (0570), service (104, 117 …), m2m, international; none: any.",
    )
    numbers: list[Annotated[str, AfterValidator(options.dialled)]] = Field(
        default_factory=list, title="Numbers", description="Numbers, or beginnings like 0120*; none: any."
    )
    trunks: list[Name] = Field(min_length=1, title="Trunks", description="Tried in this order.")
    number: Public = Field(
        default="", title="Number shown", description="Ours, as the called party sees it; empty: the trunk's own."
    )
    show: Literal["", "184", "186"] = Field(
        default="",
        title="184 or 186",
        description="Dialled before the number unless the caller dialled one: 184 withholds, 186 shows.",
    )
    carrier: str = Field(
        default="",
        pattern=r"^(00\d{2,4})?$",
        title="Carrier prefix",
        description="Dialled before the number, such as 0033; empty: none.",
    )


class Permission(Options):
    """A class of service: whom a desk may call outside. Emergency numbers are always allowed."""

    name: Name = Field(title="Name", description="By which extensions call it; standard holds where nothing is said.")
    classes: list[Class] = Field(
        default_factory=list,
        title="Kinds of number",
        description="Kinds that may be called, as in outbound rules; none: no outside.",
    )
    allowed: list[Annotated[str, AfterValidator(options.dialled)]] = Field(
        default_factory=list, title="Allowed", description="Numbers, or beginnings, allowed besides."
    )
    refused: list[Annotated[str, AfterValidator(options.dialled)]] = Field(
        default_factory=list, title="Refused", description="Numbers, or beginnings, that are never called."
    )


class Contact(Options):
    """Somebody in the office's directory: shown by name, and reached by a short number."""

    name: Label = Field(min_length=1, max_length=60, title="Name", description="Shown when this number calls.")
    number: Public = Field(min_length=1, title="Number", description="The telephone number, hyphens allowed.")
    speed_dial: str = Field(
        default="",
        pattern=r"^(\d{1,3})?$",
        title="Speed dial",
        description="Reached by the code of speed dial and this; empty: none.",
    )


class Block(Options):
    """Callers who do not get through, besides those that a telephone blocked by code."""

    callers: list[Annotated[str, AfterValidator(options.caller)]] = Field(
        default_factory=list,
        title="Callers",
        description="Numbers, beginnings like 0120*, withheld, anonymous, payphone, unavailable.",
    )
    action: Literal["busy", "hangup", "announce"] = Field(
        default="busy",
        title="Action",
        description="What they hear: busy; hangup (nothing); announce (that the number is not served).",
    )


class Codes(Options):
    """What is dialled or pressed for a feature; empty: not offered."""

    pickup: Code = Field(default="*8", title="Pick up", description="Takes a ringing call of one's own pickup group.")
    pickup_of: Code = Field(
        default="**", title="Pick up of", description="Followed by an extension: takes the call that rings there."
    )
    forward: Code = Field(default="*21", title="Forward all", description="Followed by a number: every call goes there.")
    forward_off: Code = Field(default="#21", title="Forward off", description="Ends every forward of this desk.")
    forward_busy: Code = Field(default="*67", title="Forward busy", description="Followed by a number: calls go there while busy.")
    forward_no_answer: Code = Field(
        default="*61", title="Forward unanswered", description="Followed by a number: unanswered calls."
    )
    quiet: Code = Field(default="*78", title="Do not disturb", description="Turns do-not-disturb on or off.")
    follow_me: Code = Field(default="*76", title="Follow me", description="Turns the desk's follow-me off or on again.")
    voicemail: Code = Field(default="*97", title="Voicemail", description="Hears the messages of one's own box.")
    queue_login: Code = Field(default="*45", title="Queues", description="Enters, or leaves, every queue of which one is a member.")
    queue_pause: Code = Field(default="*46", title="Queue pause", description="Pauses, or resumes, one's work in the queues.")
    speed_dial: Code = Field(default="*0", title="Speed dial", description="Followed by a contact's speed-dial number.")
    block: Code = Field(default="*66", title="Block", description="Blocks whoever called this desk last.")
    redial: Code = Field(default="*69", title="Call back", description="Calls whoever called this desk last.")
    transfer: Code = Field(default="##", title="Blind transfer", description="During a call: sends it on at once.")
    consult: Code = Field(default="*2", title="Transfer", description="During a call: speaks first, then sends it on.")
    park: Code = Field(default="#72", title="Park", description="During a call: parks it.")
