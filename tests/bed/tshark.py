"""A second opinion: what tshark says of the RTP streams of a capture."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

_STREAM = re.compile(
    r"\s*[\d.]+\s+[\d.]+\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s+0x([0-9A-F]{8})\s+(.+?)\s+(\d+)\s+(-?\d+) \([^)]*\)"
    r"\s+[-\d.]+\s+[-\d.]+\s+[-\d.]+\s+[-\d.]+\s+([-\d.]+)\s+([-\d.]+)"
)


class Stream(NamedTuple):
    """One stream; jitter in ms."""

    source: str
    destination: str
    ssrc: int
    payloads: tuple[str, ...]
    packets: int
    lost: int
    jitter: float
    """Mean."""
    jitter_most: float


def said(capture: Path, *words: str) -> str:
    """What tshark prints of this file."""
    return subprocess.run(["tshark", "-r", str(capture), *words], capture_output=True, text=True, check=False).stdout


def streams(capture: Path) -> list[Stream]:
    """Every stream that it ties to a call or knows by its payload type."""
    found = []
    for line in said(capture, "-q", "-z", "rtp,streams").splitlines():
        if parts := _STREAM.match(line):
            source, sport, destination, dport, ssrc, names, packets, lost, mean, most = parts.groups()
            payloads = tuple(name.strip() for name in names.split(","))
            ends = (_address(source, sport), _address(destination, dport))
            found.append(Stream(*ends, int(ssrc, 16), payloads, int(packets), int(lost), float(mean), float(most)))
    return found


def calls(capture: Path) -> set[str]:
    """Call-IDs of the INVITEs."""
    return set(said(capture, "-Y", 'sip.Method == "INVITE"', "-T", "fields", "-e", "sip.Call-ID").split())


def _address(host: str, port: str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
