"""What receivers report of a stream, and so where its losses arose. Pure, NumPy.

A receiver says how many packets it has missed up to a sequence number (RFC 3550 §6.4.1). From one report to the next that is compared with
what we miss up to the same number:
- what both miss was lost on the network before the mirror port (`network_lost`),
- what we miss alone was lost by the mirror port or by this recorder (`mirror_lost`),
- what the receiver misses alone was lost behind the mirror port (`beyond_lost`): the recording has it, the listener never heard it,
- what we miss and nobody reports on, at the end at least, is of unknown origin (`unknown_lost`).
Numbers that are no losses at all (hold, keys; `missing.py`) are missing for the receiver too, and taken from its count.

The way to a party and back (`round_trip`) is measured from the mirror port: from a sender's report to the receiver's answer to it, less
the time that the receiver kept it (§6.4.1, LSR and DLSR).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from appliance.moments import SECOND
from capture import rtcp
from capture.blocks import SipBlock
from capture.index import Ints

METHOD = "RTCP receiver reports, RFC 3550 §6.4"
RESTART = 50
"""A count that falls by more was begun anew; by less, packets had come late."""
LONGEST_TRIP = 10 * SECOND


class Told(NamedTuple):
    """One report on a stream."""

    at: int
    highest: int
    """Sequence number, 16 bits."""
    lost: int
    """Packets missed so far."""


@dataclass(slots=True)
class Reported:
    """All that was reported on a stream."""

    told: list[Told] = field(default_factory=list)
    trips: list[int] = field(default_factory=list)
    """To its receiver and back (ns)."""
    metrics: rtcp.VoipMetrics | None = None
    """The newest."""

    @property
    def round_trip(self) -> float | None:
        """The middle one, in milliseconds."""
        return round(float(np.median(self.trips)) / 1e6, 1) if self.trips else None


def about(ssrc: int, source: bytes, destination: bytes, kept: Iterable[SipBlock]) -> Reported:
    """What the host `destination` reported to the host `source`, which sends the stream."""
    found = Reported()
    sent: dict[int, int] = {}
    for block in kept:
        ends = block.source.host, block.destination.host
        if ends not in ((source, destination), (destination, source)):
            continue
        try:
            compound = rtcp.parse(block.raw)
        except rtcp.RtcpError:
            continue
        if ends == (source, destination):
            sent |= {told.sender.middle: block.at for told in compound.reports if told.ssrc == ssrc and told.sender}
        if ends == (destination, source):
            for one in (one for report in compound.reports for one in report.blocks if one.ssrc == ssrc):
                found.told.append(Told(block.at, one.highest & 0xFFFF, one.lost))
                trip = block.at - sent.get(one.lsr, block.at + 1) - (one.dlsr * SECOND >> 16) if one.lsr else -1
                if 0 <= trip < LONGEST_TRIP:
                    found.trips.append(trip)
            found.metrics = next((one for one in compound.metrics if one.ssrc == ssrc), found.metrics)
    return found


class Origin(NamedTuple):
    """Where the losses of a stream arose, in packets; the first three are what we miss."""

    network: int = 0
    mirror: int = 0
    unknown: int = 0
    beyond: int = 0


class Origins:
    """Compares what we miss of a stream with what its receiver reports."""

    def __init__(self, told: Sequence[Told] = ()) -> None:
        told = [one for one in sorted(told) if one.highest or one.lost]
        self._at: Ints = np.array([one.at for one in told], np.int64)
        self._highest = [one.highest for one in told]
        self._lost = [one.lost for one in told]
        self._missed = [0] * (len(told) + 1)
        self._never = [0] * (len(told) + 1)
        """Missing, and no loss."""
        self._first: int | None = None

    def begin(self, number: int) -> None:
        """The sequence number of the first packet."""
        self._first = number if self._first is None else self._first

    def miss(self, number: int, at: int, *, lost: int, never: int) -> None:
        """Before the packet of this number, which came at this moment (ns), so many are missing."""
        place = self._reported_in(number, at)
        self._missed[place] += lost
        self._never[place] += never

    def _reported_in(self, number: int, at: int) -> int:
        """The first report that covers this packet; reports were on their way when it came, so the numbers decide."""
        near = int(np.searchsorted(self._at, at))
        for place in range(max(0, near - 2), min(len(self._highest), near + 4)):
            if (self._highest[place] - number) % 0x10000 < 0x8000:
                return place
        return len(self._highest)

    @property
    def origin(self) -> Origin:
        """What has come of it so far."""
        network = mirror = beyond = 0
        steps = self._steps()
        unknown = self._missed[-1]
        for missed, never, told in zip(self._missed, self._never, steps, strict=False):
            if told is None:
                unknown += missed
                continue
            theirs = max(0, told - never)
            both = min(missed, theirs)
            network, mirror, beyond = network + both, mirror + missed - both, beyond + theirs - both
        return Origin(network, mirror, unknown, beyond)

    def _steps(self) -> list[int | None]:
        """What was lost from report to report; None where the receiver counts from before our first packet."""
        found: list[int | None] = []
        base = 0
        for place, lost in enumerate(self._lost):
            restarted = place > 0 and lost < self._lost[place - 1] - RESTART
            base = 0 if restarted else base
            total = self._settled(place)
            if place == 0 and self._first is not None and total > (self._highest[0] - self._first) % 0x10000:
                found.append(None)
            else:
                found.append(max(0, total - base))
            base = max(base, total)
        return found

    def _settled(self, place: int) -> int:
        """The count at a report without those that came later after all, which the next report or two tell."""
        least = self._lost[place]
        for later in self._lost[place + 1 : place + 3]:
            if later < least - RESTART:
                break
            least = min(least, later)
        return least
