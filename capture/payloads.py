"""Static RTP payload types (RFC 3551 §6, table 4), by name and RTP clock. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Encoding(NamedTuple):
    """What a payload type stands for: the encoding's name in capitals, its RTP clock in Hz, channels, and `a=fmtp` if any."""

    name: str
    clock: int
    channels: int = 1
    parameters: str = ""


STATIC: dict[int, Encoding] = {
    0: Encoding("PCMU", 8000),
    2: Encoding("G726-32", 8000),  # RFC 1890 called it G721; RFC 3551 reserved the number, and devices kept it
    3: Encoding("GSM", 8000),
    4: Encoding("G723", 8000),
    5: Encoding("DVI4", 8000),
    6: Encoding("DVI4", 16000),
    7: Encoding("LPC", 8000),
    8: Encoding("PCMA", 8000),
    9: Encoding("G722", 8000),  # it samples at 16 kHz; RFC 3551 §4.5.2 keeps the clock at 8 kHz for history's sake
    10: Encoding("L16", 44100, 2),
    11: Encoding("L16", 44100),
    12: Encoding("QCELP", 8000),
    13: Encoding("CN", 8000),
    14: Encoding("MPA", 90000),
    15: Encoding("G728", 8000),
    16: Encoding("DVI4", 11025),
    17: Encoding("DVI4", 22050),
    18: Encoding("G729", 8000),
}

NO_AUDIO = frozenset({"CN", "TELEPHONE-EVENT", "TONE"})
"""Encodings that stand beside the audio and are no speech themselves."""
