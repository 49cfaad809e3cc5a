"""The telephone system inside: extensions, ring groups, queues, voicemail, conferences, parking. Part of `config.py`. Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from appliance.options import Options
from appliance.phone_words import Code, ExtensionNumber, Label, Mail, MaybeTarget, Member, Name, Public, Sound

Record = Literal["rules", "always", "on_demand", "never"]
RECORD = (
    "rules: as [[rules]] and [[lines]] say; always; on_demand: once somebody presses capture.record_digits; never. "
    "never comes first, then always, then on_demand, then [[rules]]."
)


class Extension(Options):
    """One desk: a telephone with a number of its own. Its password is not here but in the keys folder (phones/phone-NUMBER.secret)."""

    number: ExtensionNumber = Field(title="Number", description="Two to eight digits, not beginning with 0, such as 201.")
    name: Label = Field(default="", max_length=60, title="Name", description="What people call it; other telephones show it.")
    phones: int = Field(
        default=1, ge=1, le=10, title="Telephones", description="How many telephones may register under this number at once."
    )
    permission: Name = Field(
        default="standard",
        title="Permission",
        description="The class of service ([[phone.permissions]]): whom it may call outside.",
    )
    outside_number: Public = Field(
        default="", title="Number shown", description="The number that calls to the outside show; empty: the outbound rule's."
    )
    group: Name | Literal[""] = Field(
        default="", title="Pickup group", description="Telephones of one group can take each other's calls; empty: group of all."
    )
    ring_seconds: int = Field(default=25, ge=5, le=300, title="Ring time", description="Seconds until nobody has answered.")
    no_answer: MaybeTarget = Field(
        default="", title="No answer", description="Where a call goes that nobody answers; empty: its end."
    )
    busy: MaybeTarget = Field(
        default="", title="Busy", description="Where a call goes while the desk is busy; empty: as no answer."
    )
    unreachable: MaybeTarget = Field(
        default="", title="Not reachable", description="Where a call goes while no telephone is registered; empty: as no answer."
    )
    call_waiting: bool = Field(
        default=True, title="Call waiting", description="false: a second call is told that the desk is busy."
    )
    follow_me: list[Public] = Field(
        default_factory=list,
        title="Follow me",
        description="Numbers outside that ring when the desk did not answer; who takes the call presses 1 first.",
    )
    follow_me_seconds: int = Field(default=20, ge=5, le=120, title="Follow-me time", description="Seconds that each of them rings.")
    voicemail: ExtensionNumber | Literal[""] = Field(
        default="", title="Voicemail box", description="The box whose lamp this telephone shows and whose messages it asks for."
    )
    record: Record = Field(default="rules", title="Record", description=RECORD)
    dtmf: Literal["rfc4733", "info", "inband", "auto"] = Field(
        default="rfc4733", title="Keys", description="How the telephone sends the keys pressed: rfc4733, info, inband, auto."
    )
    codecs: list[Literal["ulaw", "alaw", "g722", "opus", "gsm", "g726"]] = Field(
        default_factory=lambda: ["ulaw"],  # type: ignore[arg-type]
        min_length=1, title="Codecs", description="In this order; ulaw is what Japanese lines speak."
    )  # fmt: skip
    encrypted: bool = Field(
        default=False, title="Encrypted", description="true: the telephone speaks SRTP (with SIP over TLS) only."
    )
    mac: str = Field(
        default="",
        pattern=r"^([0-9a-f]{12})?$",
        title="MAC address",
        description="Twelve small hex digits: the telephone that fetches its settings from the box; empty: set up by hand.",
    )
    model: Literal["", "yealink", "grandstream", "panasonic", "snom"] = Field(
        default="", title="Make", description="The telephone's make, for its settings: yealink, grandstream, panasonic, snom."
    )
    lamps: list[Name | ExtensionNumber] = Field(
        default_factory=list,
        title="Lamps",
        description="What the telephone's keys show and call, in order: extensions, parking places, day/night switches.",
    )


class Group(Options):
    """Telephones that ring together."""

    name: Name = Field(title="Name", description="By which targets (group:NAME) and flows call it.")
    title: Label = Field(default="", max_length=60, title="Title", description="What people call it, such as 受付.")
    number: ExtensionNumber | Literal[""] = Field(
        default="", title="Number", description="The extension that rings it; empty: none."
    )
    members: list[Member] = Field(default_factory=list, title="Members", description="Extensions, or numbers outside, in order.")
    strategy: Literal["all", "order", "memory"] = Field(
        default="all",
        title="Strategy",
        description="all: at once; order: one after the other; memory: the first, then the first two, and so on.",
    )
    ring_seconds: int = Field(
        default=25, ge=5, le=600, title="Ring time", description="Seconds until nobody has answered; in order: of each member."
    )
    no_answer: MaybeTarget = Field(
        default="", title="No answer", description="Where a call goes that nobody answers; empty: its end."
    )
    confirm: bool = Field(
        default=True,
        title="Confirm outside",
        description="true: who answers outside presses 1 first, so that no mailbox takes the call.",
    )
    prefix: Label = Field(
        default="", max_length=20, title="Shown before", description="Shown before the caller's name, such as 営業:."
    )
    record: Record = Field(default="rules", title="Record", description=f"Calls by which the group rings: {RECORD}")


class Queue(Options):
    """Callers who wait until somebody is free."""

    name: Name = Field(title="Name", description="By which targets (queue:NAME) and flows call it.")
    title: Label = Field(default="", max_length=60, title="Title", description="What people call it, such as サポート.")
    number: ExtensionNumber | Literal[""] = Field(
        default="", title="Number", description="The extension that leads into it; empty: none."
    )
    members: list[ExtensionNumber] = Field(
        default_factory=list, title="Members", description="Extensions that always belong to it."
    )
    strategy: Literal["all", "longest_idle", "fewest", "random", "in_turn", "order"] = Field(
        default="in_turn",
        title="Strategy",
        description="Who rings: all; longest_idle; fewest (calls so far); random; in_turn; order (always from the first).",
    )
    ring_seconds: int = Field(default=20, ge=5, le=300, title="Ring time", description="Seconds that one member rings.")
    wrap_up_seconds: int = Field(default=0, ge=0, le=600, title="Wrap-up", description="Seconds of rest after a call.")
    wait_seconds: int = Field(
        default=300, ge=10, le=7200, title="Longest wait", description="Seconds after which a caller goes on."
    )
    longest: int = Field(default=0, ge=0, le=1000, title="Most callers", description="How many may wait; 0: no bound.")
    join_empty: bool = Field(default=False, title="Join while empty", description="true: callers wait though no member is there.")
    position: bool = Field(default=True, title="Tell the place", description="true: callers hear their place in the queue.")
    tell_seconds: int = Field(default=60, ge=0, le=600, title="Tell every", description="Seconds between two tellings; 0: never.")
    announcement: Sound = Field(default="", title="Announcement", description="A sound played while one waits; empty: none.")
    announcement_seconds: int = Field(default=45, ge=10, le=600, title="Announce every", description="Seconds between two of them.")
    music: Name | Literal[""] = Field(default="", title="Music", description="One of [[phone.music]]; empty: the default.")
    no_answer: MaybeTarget = Field(
        default="",
        title="No answer",
        description="Where a caller goes whom nobody took, or who found it full or empty; empty: the end.",
    )
    callback: bool = Field(
        default=False,
        title="Callback",
        description="true: who waits may press 1, keep the place and be called back when a member is free.",
    )
    record: Record = Field(default="rules", title="Record", description=f"Calls that members take from the queue: {RECORD}")


class Voicebox(Options):
    """A voicemail box. Its PIN is in the keys folder (box-NUMBER.secret); a changed one is kept with its messages."""

    number: ExtensionNumber = Field(title="Number", description="By which targets (voicemail:NUMBER) call it; often the desk's.")
    name: Label = Field(default="", max_length=60, title="Name", description="Whose box it is.")
    mail: Mail = Field(default="", title="Mail", description="Messages are mailed here; empty: to nobody.")
    attach: bool = Field(default=True, title="Attach", description="true: the mail holds the message itself.")
    delete_mailed: bool = Field(default=False, title="Delete when mailed", description="true: a mailed message leaves the box.")
    keep_days: int = Field(
        default=0, ge=0, le=3650, title="Keep days", description="Messages older than this go, heard or not; 0: they stay."
    )
    longest_seconds: int = Field(default=180, ge=10, le=3600, title="Longest message", description="Seconds.")
    greeting: Sound = Field(
        default="", title="Greeting", description="A sound played instead of the box's own; empty: the box's own."
    )


class Conference(Options):
    """A room for many. A PIN, where it has one, is in the keys folder (conference-NUMBER.secret)."""

    number: ExtensionNumber = Field(title="Number", description="The extension that leads into it.")
    name: Label = Field(default="", max_length=60, title="Name", description="What people call it.")
    pin: bool = Field(default=False, title="PIN", description="true: who enters is asked for a PIN.")
    most: int = Field(default=20, ge=2, le=200, title="Most people", description="How many may be in it.")
    announce: bool = Field(default=False, title="Announce", description="true: names are told at entering and leaving.")
    quiet: bool = Field(default=False, title="Quiet", description="true: no sound when somebody enters or leaves.")


class Parking(Options):
    """Where calls are parked."""

    number: ExtensionNumber = Field(default="700", title="Number", description="A call transferred here is parked at a free place.")
    first: ExtensionNumber = Field(default="701", title="First place", description="Whoever calls a place takes its call.")
    last: ExtensionNumber = Field(default="710", title="Last place", description="Of the same length as the first.")
    seconds: int = Field(default=120, ge=10, le=3600, title="Time", description="Seconds after which it rings who parked it.")


class Switch(Options):
    """A day/night switch: by a code, with a lamp."""

    name: Name = Field(title="Name", description="By which routes and flows ask for it; its lamp is Custom:NAME.")
    title: Label = Field(default="", max_length=60, title="Title", description="What people call it, such as 夜間.")
    code: Code = Field(title="Code", description="Dialling it turns the switch on or off, such as *28.")


class Music(Options):
    """Hold music: a folder of sound files."""

    name: Name = Field(title="Name", description="By which queues call it; default is played wherever nothing else is said.")
    folder: str = Field(pattern=r"^/[A-Za-z0-9._/-]+$", title="Folder", description="Full path of the folder with its sound files.")
    shuffle: bool = Field(default=True, title="Shuffle", description="true: in any order; false: by name.")
