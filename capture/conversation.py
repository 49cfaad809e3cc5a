"""The SIP messages of a call as they were kept, each with the side that sent it. Pure.

The first message is the caller's, or the answer to it (whose From still names the caller, RFC 3261 §8.2.6.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from appliance.records import Side
from capture import sip
from capture.blocks import SipBlock
from capture.sip import Message


class Said(NamedTuple):
    """One message of a call."""

    at: int
    side: Side
    message: Message
    transaction: tuple[str, int]
    """A request and its answers share it: the tag of who asked, and the sequence number (RFC 3261 §8.1.1.5)."""


def conversation(blocks: Iterable[SipBlock]) -> Iterator[Said]:
    """The messages among these blocks, in their order; what cannot be read is passed over."""
    caller = ""
    for block in blocks:
        try:
            message = sip.parse(block.raw)
        except sip.SipError:
            continue
        tag = sip.name_address(message.get("from")).parameters.get("tag", "")
        caller = caller or tag
        side = Side.CALLER if (tag == caller) == message.is_request else Side.CALLED
        yield Said(block.at, side, message, (tag, message.sequence))
