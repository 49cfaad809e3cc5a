"""Capture files played onto an interface at their own pace: for the demonstration, and for a technician who tries a mirror port."""

from __future__ import annotations

import heapq
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.moments import SECOND
from capture.frames import LINK_ETHERNET
from capture.pcapfile import Captured, frames
from capture.ring import RingError


def play(interface: str, files: list[Path], stagger: float) -> int:
    """Send the frames of every file, each beginning `stagger` seconds after the one before; returns how many were sent.

    Only Ethernet frames can be sent. Raises RingError where the interface does not take them.
    """
    sent = 0
    begun = time.monotonic_ns()
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
            sender.bind((interface, 0))
            for due, frame in schedule(files, stagger):
                wait = (begun + due - time.monotonic_ns()) / SECOND
                if wait > 0:
                    time.sleep(wait)
                sender.send(frame)
                sent += 1
    except PermissionError as error:
        raise RingError(f"{interface}: sending frames needs CAP_NET_RAW; start as root") from error
    except OSError as error:
        raise RingError(f"{interface}: cannot be sent on ({error.strerror})") from error
    return sent


def schedule(files: list[Path], stagger: float) -> Iterator[tuple[int, bytes]]:
    """(nanoseconds from the beginning, frame) of all files together, in order of time."""
    streams = [_one(file, round(place * stagger * SECOND)) for place, file in enumerate(files)]
    yield from heapq.merge(*streams, key=lambda item: item[0])


def _one(file: Path, offset: int) -> Iterator[tuple[int, bytes]]:
    first: Captured | None = None
    for captured in frames(file):
        first = first or captured
        if captured.link == LINK_ETHERNET:
            yield offset + captured.at - first.at, captured.frame
