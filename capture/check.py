"""A look at a mirror port or a capture file, for the technician who sets it up: figures, and what is wrong with its mend."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from appliance.errors import CouldNotError
from capture import pcapfile
from capture.pcapfile import Captured
from capture.ring import Ring, open_socket
from capture.sight import Sight

MEGABYTES = 32
LOOK_S = 0.2


def of_interface(interface: str, seconds: float, progress: TextIO | None) -> tuple[Sight, int]:
    """What an interface carries in so many seconds, and how many frames the kernel dropped meanwhile. Raises RingError."""
    sight = Sight()
    with open_socket(interface, MEGABYTES, everything=True) as packets:
        ring = Ring(packets)
        begun = said = time.monotonic()
        try:
            while (now := time.monotonic()) - begun < seconds:
                ring.wait(LOOK_S)
                _take(sight, ring.drain(64))
                ring.release()
                if progress is not None and now - said >= 1:
                    said = now
                    left = seconds - (now - begun)
                    print(f"\r{left:3.0f} s left, {sight.frames} frames  ", end="", file=progress, flush=True)
            _, dropped = ring.statistics()
        finally:
            ring.close()
    if progress is not None:
        print("\r" + " " * 40 + "\r", end="", file=progress, flush=True)
    return sight, dropped


def of_file(path: Path) -> Sight:
    """What a capture file holds. Raises UsageError or CaptureFileError."""
    sight = Sight()
    _take(sight, pcapfile.frames(path))
    return sight


def report(sight: Sight, dropped: int, *, as_json: bool) -> None:
    """Print it; raises CouldNotError where calls cannot be recorded like this."""
    findings = list(sight.findings())
    facts = {**sight.facts(), "dropped": dropped}
    if as_json:
        print(json.dumps({**facts, "findings": [finding._asdict() for finding in findings]}, ensure_ascii=False))
    else:
        print("\n".join(_lines(facts)))
        for finding in findings:
            print(f"{finding.severity:8} {finding.what}\n{'':9}→ {finding.mend}")
        if not findings:
            print("calls can be recorded from this mirror")
    if any(finding.severity == "error" for finding in findings):
        raise CouldNotError("calls cannot be recorded like this; see above")


def _lines(facts: dict[str, object]) -> Iterator[str]:
    yield f"frames      {facts['frames']} in {facts['seconds']} s, {facts['dropped']} dropped by the kernel"
    for title, key in (("VLANs", "vlans"), ("tunnels", "tunnels"), ("damaged", "damaged")):
        counted = facts[key]
        if isinstance(counted, dict) and counted:
            yield f"{title:11} " + ", ".join(f"{name} ({count})" for name, count in counted.items())
    calls = facts["calls"]
    if isinstance(calls, dict):
        yield f"calls       {calls['seen']} seen, {calls['answered']} answered"
    peers, streams = facts["sip"], facts["streams"]
    for peer in peers if isinstance(peers, list) else []:
        yield f"SIP         {peer['from']} → {peer['to']}: {peer['messages']} messages"
    skinny = facts["skinny"]
    for peer in skinny if isinstance(skinny, list) else []:
        yield f"Skinny      {peer['from']} → {peer['to']}: {peer['messages']} messages"
    for stream in streams if isinstance(streams, list) else []:
        both = "both directions" if stream["both_directions"] else "this direction only"
        twice = f", {stream['twice']} twice" if stream["twice"] else ""
        yield (
            f"speech      {stream['from']} → {stream['to']}: {', '.join(stream['codecs'])}, {stream['packets']} packets, "
            f"{stream['lost']} lost{twice}, {both}"
        )


def _take(sight: Sight, captured: Iterator[Captured]) -> None:
    for link, frame, at in captured:
        sight.frame(link, frame, at)


def terminal() -> TextIO | None:
    """Where progress is shown: standard error, if a person reads it."""
    return sys.stderr if sys.stderr.isatty() else None
