"""What REFER (RFC 3515) and Replaces (RFC 3891) say: who is to be called instead, and whose place is taken. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from appliance.records import Side
from capture.sip import name_address


class Replaced(NamedTuple):
    """The dialog that Replaces names, as its receiver knows it."""

    call_id: str
    to_tag: str
    from_tag: str


@dataclass(slots=True, kw_only=True)
class Refer:
    """One REFER of a call."""

    sequence: int
    sent_at: int
    by: Side
    target: str
    target_host: str
    replaces: Replaced | None
    referred_by: str
    at: int = 0
    """When it was accepted (capture's time); 0 before."""
    now: int = 0
    """The same on the tracker's clock."""


def replaced(value: str) -> Replaced | None:
    """A Replaces header (RFC 3891 §6.1); None where it is none."""
    call_id, _, rest = value.partition(";")
    tags = {name.lower(): tag for name, tag in re.findall(r"\b((?:to|from)-tag)\s*=\s*([^;\s]+)", rest, re.IGNORECASE)}
    if not call_id.strip() or len(tags) < len(Side):
        return None
    return Replaced(call_id.strip(), tags["to-tag"], tags["from-tag"])


def refer_to(value: str) -> tuple[tuple[str, str], Replaced | None]:
    """((user, host), the Replaces within it) of a Refer-To header (RFC 3515 §2.1, RFC 3891 §4)."""
    target = name_address(value).uri
    within = re.search(r"[?&]Replaces=([^&>\s]+)", value, re.IGNORECASE)
    return (target.user, target.host), replaced(unquote(within[1])) if within else None
