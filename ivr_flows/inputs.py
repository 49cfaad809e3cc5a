"""What happens to a call in a flow, as the engine is told of it. Pure.

Tokens come back from the effect that asked: an answer to what nobody waits for any more is no error, it is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Started:
    """The call enters its flow. Numbers in national form; `caller_reason` as `appliance.numbers.CallerReason`, "" where one is shown."""

    caller: str = ""
    called: str = ""
    caller_reason: str = ""


@dataclass(frozen=True, slots=True)
class Digit:
    """A key was pressed."""

    digit: str
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class PlayFinished:
    """A playback came to its natural end."""

    token: int


@dataclass(frozen=True, slots=True)
class PlayFailed:
    """A playback could not be heard: the file is missing, or Asterisk refused."""

    token: int


@dataclass(frozen=True, slots=True)
class Timer:
    """The deadline that was handed out is reached; one that comes early or late is no error."""


@dataclass(frozen=True, slots=True)
class CameBack:
    """The dialplan gives the call back: answered no_answer busy unreachable full timeout empty done."""

    outcome: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A look-up was answered. `values` are what the node asked for by `save`, as texts; what was not there is left out."""

    token: int
    status: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LookUpFailed:
    """A look-up was not answered in time, or not in the form it should have."""

    token: int
    reason: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording of the caller's is complete."""

    token: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RecordFailed:
    """Nothing could be recorded."""

    token: int
    reason: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """The caller is gone."""


Input = Started | Digit | PlayFinished | PlayFailed | Timer | CameBack | Answer | LookUpFailed | Recorded | RecordFailed | HungUp
