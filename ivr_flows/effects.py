"""What the engine wants done; a shell performs each one to one and in order (README.md has the contract). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr_flows.said import Heard


@dataclass(frozen=True, slots=True)
class Why:
    """A reason: its code in `reasons.py`, and the words it needs."""

    code: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entered:
    """The call reached a node: a `NodeEntered` record."""

    flow: str
    node: str


@dataclass(frozen=True, slots=True)
class Left:
    """The call left a node by an outcome, and why; for the log and the simulator."""

    flow: str
    node: str
    outcome: str
    target: str
    why: Why


@dataclass(frozen=True, slots=True)
class Play:
    """Play these sounds one after the other; `PlayFinished` or `PlayFailed` with the token follows, unless it is stopped."""

    token: int
    heard: tuple[Heard, ...]
    barge_in: bool = False
    """Whether a key may stop it; the engine itself says so (`StopPlay`)."""


@dataclass(frozen=True, slots=True)
class StopPlay:
    """Stop this playback; nothing about it is told any more."""

    token: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Give a `Timer` at this moment. A call has one timer: the last `Wait` counts, and None takes it away."""

    until: int | None


@dataclass(frozen=True, slots=True)
class Connect:
    """Continue in the dialplan with this target (`appliance/dialplan.py`); with `back` the call comes back
    as `CameBack`, from a conversation too."""

    kind: str
    """group extension queue voicemail conference, or fallback (its name is the flow's)."""
    name: str
    ring: int | None = None
    """Nanoseconds."""
    back: bool = False
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask a listed host by HTTP; `Answer` or `LookUpFailed` with the token follows within the time-out."""

    token: int
    method: str
    url: str
    timeout: int
    """Nanoseconds for all of it."""
    save: Mapping[str, str]
    """Values by their paths in the JSON of the answer (`customer.name`, `items.0.id`)."""
    body: Mapping[str, str] = field(default_factory=dict)
    """Sent as a JSON object, with POST."""


@dataclass(frozen=True, slots=True)
class Record:
    """Record the caller; `Recorded` or `RecordFailed` with the token follows."""

    token: int
    kind: str
    """message (kept for the office) or prompt (a sound of this flow's, by name)."""
    name: str
    most: int
    """Nanoseconds; it ends by itself then."""
    silence: int
    """Nanoseconds of silence that end it; 0 never."""
    end_keys: str
    beep: bool = True


@dataclass(frozen=True, slots=True)
class StopRecord:
    """End this recording now and keep it; `Recorded` follows."""

    token: int


@dataclass(frozen=True, slots=True)
class RequestCallback:
    """Somebody of the target shall call this number back."""

    number: str
    target: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Noted:
    """Values to keep beside the call, such as the answers of a survey."""

    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""

    cause: str = "normal"
    """normal or busy."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The flow has no more to do with the call: hangup answered voicemail conference fallback caller_hung_up."""

    end: str
    why: Why


Effect = Entered | Left | Play | StopPlay | Wait | Connect | LookUp | Record | StopRecord | RequestCallback | Noted | HangUp | Ended
