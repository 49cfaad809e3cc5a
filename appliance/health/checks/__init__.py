"""Health checks. One file a check.

A check module has `check(context)`, which gives the findings there are (none: all is well). A check only reads; it raises nothing
but what the ledger raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.words import Text


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """Something is or will be lost unless a person acts."""
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found, and how to mend it."""

    severity: Severity
    what: Text
    mend: Text


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may look at."""

    box: Box
    ledger: Ledger
    now: int
