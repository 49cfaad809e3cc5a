"""The one configuration of a box: a strict tree that describes itself (design §3).

Every field has a title and a description; an error names file, line, field and mend. Secrets are never in here: they are systemd
credentials, or files of mode 0600 in the keys folder. What a wing adds (the options of a store, say) is checked by the wing
itself through `Source.problem`, so that its errors read the same. Pure: `box.py` reads the file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError

from appliance import numbers, options, phone_recording
from appliance.capture_settings import Capture as Capture
from appliance.capture_settings import Rule as Rule
from appliance.errors import ConfigError
from appliance.network_settings import Network as Network
from appliance.notify_settings import Notify as Notify
from appliance.options import Options as Options
from appliance.phone_settings import Phone as Phone
from appliance.popup_settings import Popup as Popup
from appliance.register_settings import Register as Register
from appliance.terms import Proof as Proof
from appliance.terms import Retention as Retention
from appliance.terms import RetentionRule as RetentionRule
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
    group: str = Field(default="", title="Group", description="What this line belongs to, such as 営業; retention may go by it.")


class Recipient(Options):
    """A public key to which every recording is sealed."""

    name: str = Field(pattern=r"^[a-z0-9_-]{1,30}$", title="Name", description="Who holds the key, such as customer or escrow.")
    key: Annotated[str, AfterValidator(options.recipient)] = Field(title="Public key", description="An age recipient (age1…).")


_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"


class Store(Options):
    """Where sealed recordings are sent."""

    kind: str = Field(default="folder", title="Kind", description="folder (a disk, a NAS), s3 or sftp.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        title="Options",
        description="Settings of that kind; uploader/README.md lists them. Credentials are not among them.",
    )
    must_refuse: list[Literal["wrong-checksum", "overwrite", "delete", "list-others"]] = Field(
        default_factory=list,
        title="Must refuse",
        description="What the canary must find refused to the box's own credential: wrong-checksum, overwrite, delete, list-others.",
    )
    plan_gigabytes: int = Field(
        default=0,
        ge=0,
        title="Plan",
        description="Gigabytes that the contract's plan allows in the store; 0: no plan. Warned at 80 %.",
    )
    detached_headers: bool = Field(
        default=False,
        title="Detached headers",
        description="true: header and payload are two objects, so that keys can be rotated or shredded under an Object Lock.",
    )


class Hours(Options):
    """Hours of the day with a limit of their own."""

    begin: str = Field(pattern=_TIME, title="From", description="Local time, such as 08:30.")
    end: str = Field(pattern=_TIME, title="To", description="Local time; before the first it means the next day.")
    kilobits: int = Field(ge=0, title="Limit", description="Kilobits per second in these hours; 0 sends nothing.")


class Sending(Options):
    """How sealed recordings leave: how many at once, how fast, and when."""

    parallel: int = Field(default=2, ge=1, le=16, title="At once", description="Recordings on their way at the same time.")
    kilobits: int = Field(
        default=0, ge=0, title="Limit", description="Kilobits per second for sending, and as much for reading back; 0 is no limit."
    )
    hours: list[Hours] = Field(
        default_factory=list, title="Hours", description="Hours with another limit; the first that hold count. Site's time."
    )
    pause_on_loss: bool = Field(
        default=True, title="Pause on loss", description="true: nothing leaves for a minute after speech was lost on the wire."
    )
    read_back: Literal["unproven", "always"] = Field(
        default="unproven",
        title="Read back",
        description="always: everything is read back once it was sent; unproven: unless the canary proved that the store refuses what does "
        "not match its checksum.",
    )
    fresh_every: int = Field(
        default=3,
        ge=0,
        title="Fresh turns",
        description="One turn of so many takes the newest recording instead of the oldest; 0: none.",
    )


class Web(Options):
    """The console."""

    host: str = Field(
        default="127.0.0.1",
        title="Address",
        description="Address to listen on. Anything but this machine itself is served with TLS only.",
    )
    port: int = Field(default=8080, ge=1, le=65535, title="Port", description="TCP port to listen on.")
    name: str = Field(
        default="",
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)?$",
        max_length=253,
        title="Name",
        description="The name by which browsers reach the console where it is another than NAME.local; passkeys are bound to it.",
    )
    certificate: str = Field(
        default="", title="Certificate", description="PEM file of the TLS certificate; empty: the box makes one of its own."
    )
    private_key: str = Field(default="", title="Private key", description="PEM file of the certificate's key, mode 0600.")
    session_hours: int = Field(
        default=12, ge=1, le=720, title="Session length", description="Hours after which an unused sign-in ends."
    )
    api_per_minute: int = Field(
        default=600,
        ge=1,
        le=1_000_000,
        title="API requests",
        description="Requests a minute that one token may send, so that no program keeps the box busy.",
    )


class Speech(Options):
    """How the prompts of flows are spoken."""

    engine: Literal["", "open_jtalk", "espeak_ng", "web"] = Field(
        default="",
        title="Engine",
        description="open_jtalk, espeak_ng or web (a speech service); empty: the best that is installed.",
    )
    url: str = Field(
        default="",
        pattern=r"^(https://[^\s]+|http://(127\.0\.0\.1|localhost)(:\d+)?/[^\s]*)?$",
        title="Address",
        description="The speech service's address for the engine web: it is sent text, language and voice as JSON, and answers a sound. "
        "Its token is the file speech.token in the keys folder.",
    )
    voice: str = Field(default="", max_length=100, title="Voice", description="The voice that the speech service shall use.")


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
    business_hours: Annotated[str, AfterValidator(options.day_hours)] = Field(
        default="09:00-17:30",
        title="Business hours",
        description="Hours of Monday to Friday in which the mirror port must not be silent; empty: never asked.",
    )
    silent_minutes: int = Field(
        default=60, ge=5, title="Silence", description="So many minutes without a frame in business hours are an error."
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
    must_open: list[str] = Field(
        default_factory=list,
        title="Must open",
        description="Names of recipients without whom no recording is made, such as escrow or playback (the console's own): where one is "
        "missing, calls wait on the spool and the health page says so.",
    )
    store: Store = Field(default_factory=Store, title="Store", description="Where sealed recordings are sent.")
    sending: Sending = Field(default_factory=Sending, title="Sending", description="How fast and when recordings leave.")
    retention: Retention = Field(default_factory=Retention, title="Retention", description="How long things are kept on the box.")
    proof: Proof = Field(default_factory=Proof, title="Proof", description="How what was recorded is vouched for.")
    popup: Popup = Field(default_factory=Popup, title="Popup", description="The card of a ringing call.")
    phone: Phone = Field(default_factory=Phone, title="Telephone system", description="The office's telephones, on Asterisk.")
    speech: Speech = Field(default_factory=Speech, title="Speech", description="How the prompts of flows are spoken.")
    register_of_access: Register = Field(
        default_factory=Register, title="Register", description="What is demanded before a recording is heard or copied."
    )
    web: Web = Field(default_factory=Web, title="Console", description="The console's address.")
    health: Health = Field(default_factory=Health, title="Health", description="When the health checks complain.")
    network: Network = Field(default_factory=Network, title="Network", description="The box's own place in the network.")
    notify: Notify = Field(default_factory=Notify, title="Notices", description="Who is told of troubles, and how.")

    @cached_property
    def recording_rules(self) -> tuple[Rule, ...]:
        """Every rule on which calls are recorded: the telephone system's, then the site's."""
        return (*phone_recording.rules(self.phone), *self.rules)

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
