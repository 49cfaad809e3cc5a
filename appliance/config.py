"""The one configuration of a box: a strict tree that describes itself (design §3).

Every field has a title and a description; an error names file, line, field and mend. Secrets are never in here: they are systemd
credentials, or files of mode 0600 in the keys folder. What a wing adds (the options of a store, say) is checked by the wing
itself through `Source.problem`, so that its errors read the same. Pure: `box.py` reads the file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError

from appliance import numbers, options
from appliance.errors import ConfigError
from appliance.options import Options as Options
from appliance.toml_lines import line_of

Chosen = TypeVar("Chosen", bound=Options)


class Site(Options):
    """Where the box stands."""

    name: str = Field(default="", title="Site name", description="Shown at the top of the console, such as 東京店.")
    country: str = Field(
        default="JP",
        pattern=r"^[A-Z]{2}$",
        title="Country",
        description="ISO 3166 code of the country whose dialling rules hold.",
    )
    area_code: str = Field(
        default="",
        pattern=r"^(0[1-9]\d{0,3})?$",
        title="Area code",
        description="The site's area code with its leading 0; local numbers dialled without one are completed with it.",
    )
    timezone: Annotated[str, AfterValidator(options.zone)] = Field(
        default="Asia/Tokyo", title="Time zone", description="IANA name of the zone in which times are shown."
    )
    contract: str = Field(
        default="local",
        pattern=r"^[A-Za-z0-9_-]{1,40}$",
        title="Contract",
        description="The contract's number: the first part of every object's key in the store. Letters, digits, - and _.",
    )
    serial: str = Field(
        default="box",
        pattern=r"^[A-Za-z0-9_-]{1,40}$",
        title="Serial number",
        description="The box's serial number, written into every manifest.",
    )
    epoch: int = Field(
        default=1, ge=1, title="Epoch", description="Raised by one when a replacement box takes over, so that two never mix."
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.timezone)


class Line(Options):
    """One telephone number (or extension) of the site."""

    number: str = Field(min_length=1, title="Number", description="The number as dialled, hyphens allowed, or an extension.")
    name: str = Field(default="", title="Name", description="What people call it, such as 代表 or 相談窓口.")
    record: bool = Field(
        default=True,
        title="Record",
        description="false: calls of this line are never recorded; it is decided at the INVITE, and no audio touches the disk.",
    )


class Rule(Options):
    """Which calls are recorded: the first rule that fits decides."""

    name: str = Field(
        min_length=1, max_length=60, title="Name", description="What the rule is for; it stands beside every call it excludes."
    )
    action: Literal["never", "record"] = Field(
        title="Action", description="never: no audio of such a call touches the disk; record: the rules below are not asked."
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


class Recipient(Options):
    """A public key to which every recording is sealed."""

    name: str = Field(pattern=r"^[a-z0-9_-]{1,30}$", title="Name", description="Who holds the key, such as customer or escrow.")
    key: Annotated[str, AfterValidator(options.recipient)] = Field(title="Public key", description="An age recipient (age1…).")


class Store(Options):
    """Where sealed recordings are sent."""

    kind: str = Field(default="folder", title="Kind", description="folder (a disk, a NAS) or s3.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        title="Options",
        description="Settings of that kind; uploader/README.md lists them. Credentials are not among them.",
    )


class Retention(Options):
    """How long things are kept on the box."""

    local_days: int = Field(
        default=0,
        ge=0,
        title="Local days",
        description="Days after which a stored recording's local copy is removed; 0 keeps it. What is not stored is never removed.",
    )


class Web(Options):
    """The console."""

    host: str = Field(
        default="127.0.0.1",
        title="Address",
        description="Address to listen on. Anything but this machine itself is served with TLS only.",
    )
    port: int = Field(default=8080, ge=1, le=65535, title="Port", description="TCP port to listen on.")
    certificate: str = Field(
        default="", title="Certificate", description="PEM file of the TLS certificate; empty: the box makes one of its own."
    )
    private_key: str = Field(default="", title="Private key", description="PEM file of the certificate's key, mode 0600.")
    session_hours: int = Field(
        default=12, ge=1, le=720, title="Session length", description="Hours after which an unused sign-in ends."
    )


class Health(Options):
    """When the health checks complain."""

    disk_hours: int = Field(
        default=72,
        ge=1,
        title="Disk hours",
        description="Warn when the disk will be full within this many hours at the present rate.",
    )
    disk_reserve_megabytes: int = Field(
        default=500, ge=50, title="Disk reserve", description="Below this much free space the box says so as an error."
    )
    backlog_minutes: int = Field(
        default=30, ge=1, title="Backlog", description="Warn when a recording waits longer than this to be rendered or stored."
    )


class Config(Options):
    """Everything a box is told."""

    site: Site = Field(default_factory=Site, title="Site", description="Where the box stands.")
    lines: list[Line] = Field(default_factory=list, title="Lines", description="The site's numbers, with names people know.")
    rules: list[Rule] = Field(
        default_factory=list,
        title="Rules",
        description="Which calls are recorded, in order: the first whose conditions all fit decides; where none fits, the call is "
        "recorded. A condition that is left out fits always. It is decided at the INVITE, and again where the call tells more; "
        "in doubt a call is not recorded. A line with record = false is never recorded, whatever the rules say.",
    )
    capture: Capture = Field(default_factory=Capture, title="Capture", description="Listening and recording.")
    recipients: list[Recipient] = Field(
        default_factory=list,
        title="Recipients",
        description="Public keys to which recordings are sealed, besides the console's own.",
    )
    store: Store = Field(default_factory=Store, title="Store", description="Where sealed recordings are sent.")
    retention: Retention = Field(default_factory=Retention, title="Retention", description="How long things are kept on the box.")
    web: Web = Field(default_factory=Web, title="Console", description="The console's address.")
    health: Health = Field(default_factory=Health, title="Health", description="When the health checks complain.")

    def line(self, *spellings: str) -> Line | None:
        """The configured line that one of these numbers (raw or normalised) means."""
        wanted = {self.number(text).national for text in spellings if text}
        return next((line for line in self.lines if self.number(line.number).national in wanted), None)

    def number(self, text: str) -> numbers.Number:
        """What `text` means as a telephone number at this site."""
        return numbers.parse(text, area_code=self.site.area_code, country=self.site.country)


class Source:
    """The text a configuration was read from, kept so that later checks can name lines too."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    def problem(self, path: Sequence[str | int], what: str) -> ConfigError:
        """The error for this field: file, line, field, and what is wrong with its mend."""
        line = line_of(self.text, path)
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in path).removeprefix(".")
        return ConfigError(f"{self.name}:{line or 1}: {field}: {what}")


def read_options(kind: type[Chosen], values: dict[str, Any], source: Source, path: Sequence[str | int]) -> Chosen:
    """The options of something that is one file of its own (a store, say), as `path` of the configuration gives them.

    Raises ConfigError with every problem, one a line.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = [str(source.problem((*path, *found["loc"]), _sentence(dict(found)))) for found in error.errors()]
        raise ConfigError("\n".join(problems)) from error


def parse(source: Source) -> Config:
    """The configuration in this text. Raises ConfigError with every problem, one a line."""
    try:
        tree = tomllib.loads(source.text)
    except ValueError as error:  # TOMLDecodeError, and what int() says of a number with thousands of digits
        raise ConfigError(f"{source.name}: not TOML: {error}; see https://toml.io for the form") from error
    except RecursionError as error:
        raise ConfigError(f"{source.name}: not TOML that makes sense: brackets nested too deeply; remove some") from error
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        problems = [str(source.problem(found["loc"], _sentence(dict(found)))) for found in error.errors()]
        raise ConfigError("\n".join(problems)) from error


def _sentence(found: dict[str, Any]) -> str:
    """One problem of pydantic's as a sentence with its mend."""
    kind, given, context = found["type"], _shown(found.get("input")), found.get("ctx", {})
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden":
        return "is not a setting; correct its spelling or remove it (`appliance config show` lists all)"
    if kind == "literal_error":
        return f"{given} is not one of {context['expected']}; choose one of them"
    if kind == "value_error":
        return f"{given} {context['error']}"
    return f"{given}: {found['msg'][:1].lower()}{found['msg'][1:]}; correct the value"


def _key(name: str) -> str:
    """A key as it stands in TOML; one with odd letters is quoted, so that the error stays one line."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else repr(name)


def _shown(value: Any) -> str:
    """A value as an error shows it, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return "this value"
    return text if len(text) <= 80 else f"{text[:79]}…"
