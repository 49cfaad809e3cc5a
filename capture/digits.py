"""Keys that were pressed: telephone events in RTP (RFC 4733), SIP INFO, Skinny's keypad, and tones in the audio (`tones.py`). Pure, NumPy.

An event is sent again and again while the key is held, and thrice at its end, always with the same RTP timestamp: it is one key. INFO says
it once (`application/dtmf-relay`: `Signal=5`; `application/dtmf`: `5`). A key that is
told in two ways, or told and heard, is one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from appliance.moments import SECOND
from appliance.records import Side
from capture import legs as legs_
from capture import sccp
from capture.blocks import SipBlock
from capture.conversation import conversation
from capture.index import Packets
from capture.legs import Leg
from capture.pressed import KEYS, key_of
from capture.sccp_codes import KEYS as PRESSED
from capture.sccp_codes import Id

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
    """`rfc4733`, `info`, `skinny` or `inband`."""


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
    """Keys in the INFO requests of a call."""
    seen: set[tuple[str, int]] = set()
    for said in conversation(blocks):
        if not said.message.is_request or said.message.method != "INFO" or said.transaction in seen:
            continue
        seen.add(said.transaction)
        key = key_of(said.message)
        if key:
            yield Key(said.at, said.side, key, "info")


def of_skinny(blocks: Iterable[SipBlock]) -> Iterator[Key]:
    """Keys of Skinny phones while they are connected; before that they dial."""
    legs: dict[legs_.Key, Leg] = {}
    for block in blocks:
        if not sccp.is_whole(block.raw):
            continue
        try:
            message = sccp.parse(block.raw)
        except sccp.SccpError:
            continue
        key = legs_.key_of(message, block.source, block.destination)
        leg = legs.setdefault(key, Leg(key=key, began_at=block.at, now=block.at))
        leg.learn(message)
        if isinstance(message, sccp.Pressed) and message.id == Id.KEYPAD and leg.holds and message.key in PRESSED:
            yield Key(block.at, Side.CALLER if leg.calls else Side.CALLED, PRESSED[message.key], "skinny")


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
