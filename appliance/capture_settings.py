"""Settings of the capture engine: how the tap listens, which calls are recorded, what becomes of them. Part of `config.py`. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from appliance import options
from appliance.options import Options
from appliance.phone_words import Name


class Rule(Options):
    """Which calls are recorded: the first rule that fits decides."""

    name: str = Field(
        min_length=1, max_length=60, title="Name", description="What the rule is for; it stands beside every call it excludes."
    )
    action: Literal["never", "record", "on_demand"] = Field(
        title="Action",
        description="never: no audio of such a call touches the disk; record: the rules below are not asked; on_demand: kept from the "
        "moment somebody presses capture.record_digits, or asks for it on the live page.",
    )
    caller: list[Annotated[str, AfterValidator(options.caller)]] = Field(
        default_factory=list,
        title="Caller",
        description="Numbers as dialled, beginnings like 0120*, or withheld, anonymous, payphone, unavailable, interaction.",
    )
    called: list[Annotated[str, AfterValidator(options.dialled)]] = Field(
        default_factory=list, title="Called", description="Numbers as dialled, or beginnings like 0120*."
    )
    line: list[Annotated[str, AfterValidator(options.dialled)]] = Field(
        default_factory=list, title="Line", description="Numbers of [[lines]] on which the call comes or goes."
    )
    group: list[Name] = Field(
        default_factory=list,
        title="Group",
        description="Ring groups and queues of this box's telephone system that rang the desk, if the desk is one of their members.",
    )
    direction: list[Literal["inbound", "outbound", "internal"]] = Field(
        default_factory=list, title="Direction", description="inbound, outbound, internal."
    )
    trunk: list[Annotated[str, AfterValidator(options.trunk)]] = Field(
        default_factory=list,
        title="Trunk",
        description="Hosts or networks of the SIP peer, or domains of its SIP addresses.",
    )
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(
        default_factory=list,
        title="Days",
        description="Weekdays in the site's time zone; of hours across midnight, the day on which they begin.",
    )
    hours: Annotated[str, AfterValidator(options.hours)] = Field(
        default="", title="Hours", description="From-to in the site's time zone, like 22:00-06:00; empty: the whole day."
    )


class Capture(Options):
    """How the tap listens and what becomes of what it hears."""

    interface: str = Field(
        default="", title="Interface", description="The network interface on the mirror port; empty: no live capture."
    )
    ring_megabytes: int = Field(
        default=64,
        ge=4,
        le=2048,
        title="Ring size",
        description="Memory between the kernel and the tap, in MB. It bridges a slow disk and a restart of the tap.",
    )
    inside: list[Annotated[str, AfterValidator(options.network)]] = Field(
        default_factory=list,
        title="Inside networks",
        description="Networks of the office's own phones or exchange; a call that they send outward is outbound.",
    )
    early_media: Literal["keep", "drop"] = Field(
        default="keep",
        title="Audio of unanswered calls",
        description="keep: announcements before an answer make a recording too; drop: an unanswered call has none.",
    )
    digits: Literal["keep", "drop"] = Field(
        default="keep",
        title="Keys pressed",
        description="keep: keys that callers press are marks on the recording; drop: they are not kept (card numbers, PINs).",
    )
    pause_digits: Annotated[str, AfterValidator(options.keys)] = Field(
        default="",
        title="Keys that pause",
        description="Keys that the site's own side presses to pause the recording of its call, such as *7; empty: none.",
    )
    resume_digits: Annotated[str, AfterValidator(options.keys)] = Field(
        default="", title="Keys that resume", description="Keys that let a paused recording go on, such as *8; empty: none."
    )
    record_digits: Annotated[str, AfterValidator(options.keys)] = Field(
        default="*1",
        title="Keys that record",
        description="Keys by which the site's own side has a call kept that is kept on demand, from then on; empty: none.",
    )
    pause_minutes: int = Field(
        default=10,
        ge=0,
        le=240,
        title="Longest pause",
        description="Minutes after which a forgotten pause ends by itself; 0: never. With SRTP keep it below 11.",
    )
    listeners: int = Field(
        default=4,
        ge=0,
        le=50,
        title="Live listeners",
        description="How many people may listen to calls under way at the same time; 0: nobody.",
    )
    format: str = Field(
        default="flac",
        title="Format",
        description="How recordings are kept: flac (lossless, as evidence) or opus (a quarter the size).",
    )
    opus_kilobits: int = Field(
        default=24,
        ge=8,
        le=128,
        title="Opus bit rate",
        description="Kilobits per second of a recording in Opus, both channels.",
    )
    opus_complexity: Literal["auto", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] = Field(
        default="auto",
        title="Opus effort",
        description="0 (a third of the processor time) to 10 (the best sound). auto: 10 while no call waits, 5 while one waits, "
        "0 once one has waited for a minute.",
    )
    rtp_alone: bool = Field(
        default=False,
        title="RTP without signalling",
        description="true: speech that no signalling announced is recorded as a call of its own, named by its addresses.",
    )
    rtp_alone_codecs: list[Annotated[str, AfterValidator(options.rtpmap)]] = Field(
        default_factory=lambda: ["101 telephone-event/8000"],
        title="Codecs without signalling",
        description="What dynamic payload types stand for where no signalling says it, such as 111 opus/48000/2.",
    )
    idle_minutes: int = Field(
        default=60,
        ge=1,
        le=1440,
        title="Idle limit",
        description="A call without any packet for this long is taken as over, its end unseen.",
    )
    max_calls: int = Field(
        default=5000,
        ge=10,
        le=100_000,
        title="Calls at once",
        description="Bound of the tap's table; calls beyond it are counted as a weird.",
    )
