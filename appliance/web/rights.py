"""Rights: what a person may do. Every route names one, or stands on the short list of open ones (`tests/appliance/web`).
Pure."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """One thing that may be allowed."""

    SEARCH = "search"
    LISTEN = "listen"
    DOWNLOAD = "download"
    LIVE = "live"
    PAUSE = "pause"
    HEALTH = "health"
    OWN_ACCOUNT = "own_account"


EVERYTHING = frozenset(Right)
