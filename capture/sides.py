"""What a recording says of how each side's speech arrived: packets and where they were lost, jitter, R and MOS with their methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from appliance.moments import MILLISECOND
from appliance.records import Side
from capture.receivers import METHOD, Origin
from capture.voice import Voice


def arrivals(voices: Mapping[Side, Sequence[Voice]], concealed: Mapping[Side, int], rate: int) -> dict[str, dict[str, Any]]:
    """By side; `concealed` are its interpolated samples, `rate` their number a second (Hz)."""
    return {side.value: _arrival(voices[side], voices[side.other], concealed[side] * 1000 / rate) for side in Side}


def silent_side(voices: Mapping[Side, Sequence[Voice]]) -> str:
    """The side of which nothing was heard although the other was; "" where there is none."""
    heard = {side: sum(voice.counts.packets - voice.undecoded - voice.unopened for voice in voices[side]) > 0 for side in Side}
    return next((side.value for side in Side if not heard[side] and heard[side.other]), "")


def _arrival(voices: Sequence[Voice], others: Sequence[Voice], concealed_ms: float) -> dict[str, Any]:
    counts = [voice.counts for voice in voices]
    packets = sum(count.packets for count in counts)
    found: dict[str, Any] = {
        "packets": packets,
        "lost": sum(count.lost for count in counts),
        "paused": sum(count.paused for count in counts),
        "keyed": sum(count.keyed for count in counts),
        "elsewhere": sum(count.elsewhere for count in counts),
        "outage": sum(count.outage for count in counts) // MILLISECOND,
        "late": sum(count.late for count in counts),
        "duplicates": sum(count.duplicates for count in counts),
        "streams": len(counts),
        "concealed": round(concealed_ms),
        "refused": sum(voice.undecoded for voice in voices),
    }
    if not packets:
        return found
    main = max(voices, key=lambda voice: voice.counts.packets)
    return found | main.quality | _told(voices, main, others)


def _told(voices: Sequence[Voice], main: Voice, others: Sequence[Voice]) -> dict[str, Any]:
    """What RTCP adds, where there was any."""
    found: dict[str, Any] = {}
    if any(voice.reported.told for voice in voices):
        origins = [voice.origin for voice in voices]
        found = {f"{name}_lost": sum(getattr(origin, name) for origin in origins) for name in Origin._fields}
        found["origin_method"] = METHOD
    metrics = main.reported.metrics
    if metrics is not None:
        told = {"r": metrics.r, "mos": metrics.mos_lq, "discarded": round(metrics.discard_rate / 2.56, 1)}
        found["receiver_says"] = {name: value for name, value in told.items() if value is not None}
    trips = next((trip for voice in others if (trip := voice.reported.round_trip) is not None), None)
    if trips is not None:
        found["round_trip"] = trips
    return found
