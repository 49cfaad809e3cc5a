"""Keys that a SIP request tells of: INFO with `application/dtmf-relay` (`Signal=5`) or `application/dtmf` (`5`). Pure."""

from __future__ import annotations

import re

from capture.sip import Message

KEYS = "0123456789*#ABCD"
"""Events 0 to 15 (RFC 4733 §3.2); what lies beyond (flash, fax tones) is no key."""


def key_of(message: Message) -> str:
    """The key in this message's body, "" where there is none."""
    kind = message.get("content-type").partition(";")[0].strip().lower()
    text = message.body[:200].decode("ascii", "replace").upper()
    if kind == "application/dtmf-relay":
        found = re.search(r"^SIGNAL\s*=\s*(\d{1,2}|[*#A-D])\s*$", text, re.MULTILINE)
    elif kind == "application/dtmf":
        found = re.fullmatch(r"\s*(\d{1,2}|[*#A-D])\s*", text)
    else:
        return ""
    if found is None:
        return ""
    if found[1].isdigit():  # 10 and 11 are * and # in some telephones' words
        return KEYS[int(found[1])] if int(found[1]) < len(KEYS) else ""
    return found[1]
