"""Logging to standard error, in the form that journald takes apart; trouble that repeats is said once a minute with its count."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable

from appliance.moments import SECOND

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Journal(logging.Formatter):
    """`<6>name: message`, see sd-daemon(3)."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record).replace("\n", "\n ")
        return f"<{_PRIORITIES.get(record.levelno, 6)}>{text}"


def set_up(service: str) -> None:
    """Send the log of this process to standard error; from which level on, the variable APPLIANCE_LOG says (default: info)."""
    level = logging.getLevelNamesMapping().get(os.environ.get("APPLIANCE_LOG", "").upper(), logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    if "JOURNAL_STREAM" in os.environ:
        handler.setFormatter(_Journal(f"{service}: %(message)s"))
    else:
        handler.setFormatter(logging.Formatter(f"%(asctime)s {service} %(levelname)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def say(text: str) -> None:
    """A line for a person on standard error. That the volume of the log is full keeps nobody from his work."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr)


class Trouble:
    """One kind of trouble: its first time is logged, then once a minute with the count, and its end."""

    def __init__(self, logger: logging.Logger, monotonic: Callable[[], int], every: int = 60 * SECOND) -> None:
        self._logger = logger
        self._monotonic = monotonic
        self._every = every
        self._count = 0
        self._said_at: int | None = None

    def happened(self, message: str) -> None:
        """It happened (again)."""
        now = self._monotonic()
        self._count += 1
        if self._said_at is None or now - self._said_at >= self._every:
            times = f" ({self._count} times)" if self._count > 1 else ""
            self._logger.warning("%s%s", message, times)
            self._said_at = now
            self._count = 0

    def over(self, message: str) -> None:
        """It no longer happens."""
        if self._said_at is not None:
            self._logger.info("%s", message)
        self._said_at, self._count = None, 0
