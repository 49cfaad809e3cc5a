"""Ids are hashes of what was seen, so a replay writes the same rows and nothing twice (design §2). Pure.

An id is 16 characters of lower-case base32 (80 bits of SHA-256): short enough to read over the telephone, without 0, 1, 8 or 9,
safe in file names, object keys and URLs.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import NewType

CallId = NewType("CallId", str)
SegmentId = NewType("SegmentId", str)
RecordingId = NewType("RecordingId", str)

ID_PATTERN = re.compile(r"[a-z2-7]{16}\Z")


def hash_id(*parts: str | int) -> str:
    """The id of these facts, in this order; each part is length-prefixed so that no two lists collide."""
    digest = hashlib.sha256()
    for part in parts:
        raw = str(part).encode("utf-8", "surrogateescape")
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return base64.b32encode(digest.digest()[:10]).decode("ascii").lower()


def call_id(sip_call_id: str, caller_tag: str, first_seen: int) -> CallId:
    """The id of a call: its SIP Call-ID and caller's tag at the moment (ns) it was first seen.

    The moment is part of it because test tools and old exchanges use a Call-ID again.
    """
    return CallId(hash_id("call", sip_call_id, caller_tag, first_seen))


def segment_id(call: CallId, side: str, source: str, destination: str, ssrc: int) -> SegmentId:
    """The id of one RTP stream of a call: RTP streams are told apart by addresses, ports and SSRC (RFC 3550 §8)."""
    return SegmentId(hash_id("segment", call, side, source, destination, ssrc))


def recording_id(call: CallId) -> RecordingId:
    """The id of a call's recording."""
    return RecordingId(hash_id("recording", call))


def is_id(text: str) -> bool:
    """Whether this has the form of an id (and so is harmless in a path)."""
    return ID_PATTERN.match(text) is not None
