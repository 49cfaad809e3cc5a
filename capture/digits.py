"""Keys that were pressed: telephone events in RTP (RFC 4733), SIP INFO, and tones in the audio (`tones.py`). Pure, NumPy.

An event is sent again and again while the key is held, and thrice at its end, always with the same RTP timestamp: it is one key. INFO says
it once (`application/dtmf-relay`: `Signal=5`; `application/dtmf`: `5`). A key that is
told in two ways, or told and heard, is one.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from appliance.moments import SECOND
from appliance.records import Side
from capture import sip
from capture.blocks import SipBlock
from capture.index import Packets

KEYS = "0123456789*#ABCD"
"""Events 0 to 15 (RFC 4733 §3.2); what lies beyond (flash, fax tones) is no key."""
TOGETHER = SECOND // 20
"""The same key of the same side within this time is one, seen on two hops."""
BOTH_WAYS = SECOND
"""So far apart one key may be told by RTP and by INFO."""
HEARD_WAYS = 3 * SECOND // 10
"""So far apart one key may be told by RTP and be heard: a gateway lets it through until it has understood it."""
_RECENT = 64


class Key(NamedTuple):
    """One key."""

    at: int
    """When it was first seen pressed (ns)."""
    side: Side
    key: str
    how: str
    """`rfc4733`, `info` or `inband`."""


class Events:
    """The telephone events of one stream, fed in slices."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._recent: deque[tuple[int, int]] = deque(maxlen=_RECENT)
        self.keys: list[Key] = []

    def add(self, packets: Packets) -> None:
        """Packets of the payload type of telephone events, in the order they came."""
        for at, timestamp, start, size in zip(
            packets.at.tolist(), packets.timestamp.tolist(), packets.start.tolist(), packets.size.tolist(), strict=True
        ):
            if size < 4:
                continue
            event = int(packets.data[start])
            if event < len(KEYS) and (timestamp, event) not in self._recent:
                self._recent.append((timestamp, event))
                self.keys.append(Key(at, self._side, KEYS[event], "rfc4733"))


def of_signalling(blocks: Iterable[SipBlock]) -> Iterator[Key]:
    """Keys in the INFO requests of a call, whose first message is its caller's (or the answer to it)."""
    caller = ""
    seen: set[tuple[str, int]] = set()
    for block in blocks:
        try:
            message = sip.parse(block.raw)
        except sip.SipError:
            continue
        tag = sip.name_address(message.get("from")).parameters.get("tag", "")
        caller = caller or tag
        if not message.is_request or message.method != "INFO" or (tag, message.sequence) in seen:
            continue
        seen.add((tag, message.sequence))
        key = _key(message)
        if key:
            yield Key(block.at, Side.CALLER if tag == caller else Side.CALLED, key, "info")


def _key(message: sip.Message) -> str:
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


def marks(keys: Iterable[Key], origin: int) -> list[dict[str, object]]:
    """The keys in the order of time, each once, with its place in a recording that begins at `origin` (seconds)."""
    found: list[dict[str, object]] = []
    last: dict[tuple[Side, str], Key] = {}
    for key in sorted(keys):
        before = last.get((key.side, key.key))
        if before is None or key.at - before.at > _apart(key.how, before.how):
            last[key.side, key.key] = key
            found.append({"at": round(max(0, key.at - origin) / SECOND, 3), "side": key.side.value, "key": key.key, "how": key.how})
    return found


def _apart(how: str, before: str) -> int:
    """Up to which time two tellings are of one key."""
    if how == before:
        return TOGETHER
    return BOTH_WAYS if "info" in (how, before) else HEARD_WAYS
