"""The audio addresses that the parties of a call announced to one another, by what lies on the spool."""

from __future__ import annotations

from pathlib import Path

from capture import sdp, sip
from capture.frames import Address
from capture.spool import signalling


def announced(folder: Path) -> frozenset[str]:
    """As `Close.announced` has it; what cannot be read announces nothing. Raises OSError."""
    return frozenset(str(address) for block in signalling(folder) for address in _in(block.raw))


def _in(raw: bytes) -> list[Address]:
    try:
        message = sip.parse(raw)
        body = sdp.body_of(message.get("content-type"), message.body)
        sections = sdp.parse(body) if body else ()
    except (sip.SipError, sdp.SdpError):
        return []
    return [
        Address(media.host, media.port)
        for media in sections
        if media.kind == "audio" and media.port and media.host and not media.held
    ]
