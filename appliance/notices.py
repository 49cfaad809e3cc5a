"""Notices to people, as jobs: the janitor knows what is to be told, the uploader alone leaves the box and tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

JOB = "notice"
"""Kind of the job that tells one notice through one channel."""
HEARTBEAT = "heartbeat"
"""Kind of the job that leaves a sign of life in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told, in the reader's language."""

    id: str
    """The same notice is told once a channel."""
    channel: str
    event: str
    """`opened`, `reminded`, `resolved`, `summary` or `test`."""
    severity: str
    check: str
    at: int
    site: str
    serial: str
    subject: str
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """As a job holds it."""
        return asdict(self)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Notice:
        """From a job's body."""
        return cls(**{name: body[name] for name in cls.__slots__})
