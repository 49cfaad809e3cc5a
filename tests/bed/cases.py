"""What a capture case tells: its events in the order of time, in words that a reader can judge. Moments are seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from appliance.box import Box
from appliance.keys import identities_in
from appliance.ledger import Ledger
from appliance.library.playback import waveform
from appliance.lookup import get_recording
from appliance.records import (
    CallAnswered,
    CallEnded,
    CallNotRecorded,
    CallRinging,
    Record,
    RecordingFailed,
    RecordingReady,
    SegmentClosed,
    Side,
    WeirdSeen,
)
from capture.opening import open_recording
from capture.pcapfile import frames
from capture.replay import replay

CASES = Path(__file__).resolve().parents[1] / "captures"
SETTINGS = """
[site]
area_code = "03"
[[lines]]
number = "0312345678"
"""
WINDOW = 0.1
QUIET = 300
"""Root mean square (of 32768) below which a window is silence."""


def cases() -> list[Path]:
    """The folders of all cases."""
    return sorted(path.parent for path in CASES.glob("*/capture.pcap"))


def told(capture: Path, folder: Path) -> list[dict[str, Any]]:
    """The events of a replay of this file into a box in `folder`."""
    folder.mkdir(parents=True)
    (folder / "appliance.toml").write_text(SETTINGS, "utf-8")
    box = Box.at(folder)
    replay(box, capture)
    first = next(frames(capture)).at
    with Ledger.open(box.folders.ledger) as ledger:
        records = [row.record for row in ledger.since(0, limit=100_000)]
    numbers: dict[str, int] = {}
    for record in records:
        if isinstance(record, CallRinging):
            numbers.setdefault(record.call, len(numbers) + 1)
    found = []
    for record in records:
        event = _event(record, first) or (_recording(record, box, first) if isinstance(record, RecordingReady) else None)
        if event is not None:
            call = getattr(record, "call", None)
            found.append({**({"call": numbers.get(call, 0)} if call else {}), **event})
    return found


def _event(record: Record, first: int) -> dict[str, Any] | None:
    def at(moment: int) -> float:
        return round((moment - first) / 1e9, 3)

    match record:
        case CallRinging():
            return {
                "event": "ringing", "at": at(record.at), "direction": str(record.direction), "caller": record.caller,
                "name": record.caller_name, "called": record.called,
            }  # fmt: skip
        case CallAnswered():
            return {"event": "answered", "at": at(record.at)}
        case CallEnded():
            return {"event": "ended", "at": at(record.at), "reason": record.reason}
        case SegmentClosed():
            return {
                "event": "stream", "side": record.side, "from": record.source, "to": record.destination, "codecs": list(record.codecs),
                "packets": record.packets, "lost": record.lost, "first": at(record.first), "last": at(record.last),
            }  # fmt: skip
        case CallNotRecorded():
            return {"event": "not recorded", "reason": record.reason, "detail": record.detail}
        case RecordingFailed():
            return {"event": "failed"}
        case WeirdSeen():
            return {"event": "weird", "name": record.name, "count": record.count}
        case _:
            return None


def _recording(record: RecordingReady, box: Box, first: int) -> dict[str, Any]:
    wav = box.folders.data / f"{record.recording}.wav"
    open_recording(box, record.recording, wav, None)
    samples, rate = soundfile.read(wav, dtype="int16")
    quality = record.quality
    found: dict[str, Any] = {
        "event": "recorded", "begins": round((record.started_at - first) / 1e9, 3), "seconds": round(record.seconds, 2),
        "rate": record.sample_rate, "codecs": list(record.codecs), "packets": record.packets, "lost": record.lost,
        "one_sided": record.one_sided, "left": heard(samples[:, 0], rate), "right": heard(samples[:, 1], rate),
    }  # fmt: skip
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:
        recording = get_recording(ledger.connection, record.recording)
    assert recording is not None
    if marks := waveform(box, recording, identities_in(box.folders.keys))["marks"]:
        found["marks"] = " ".join(f"{mark['key']}@{mark['at']} {mark['side']} {mark['how']}" for mark in marks)
    found |= {name: quality[name] for name in ("undecoded", "unopened") if quality.get(name)}
    return found | {f"mos of the {side.value}": quality[side.value]["mos"] for side in Side if "mos" in quality[side.value]}


def heard(samples: NDArray[np.int16], rate: int) -> str:
    """A channel in tenths of a second: the strongest tone of each (to 50 Hz), 0 for silence, like runs together."""
    size = round(rate * WINDOW)
    runs: list[list[int]] = []
    for begin in range(0, len(samples) - size + 1, size):
        window = samples[begin : begin + size].astype(np.float64)
        tone = 0
        if np.sqrt(np.mean(window**2)) >= QUIET:
            spectrum = np.abs(np.fft.rfft(window * np.hanning(size), 4 * size))
            tone = round(int(np.argmax(spectrum)) * rate / (4 * size) / 50) * 50
        if runs and runs[-1][0] == tone:
            runs[-1][1] += 1
        else:
            runs.append([tone, 1])
    return " ".join(f"{tone}x{count}" for tone, count in runs)


def lines(events: list[dict[str, Any]]) -> Iterator[str]:
    """The events as they stand in expected.jsonl."""
    for event in events:
        yield json.dumps(event, ensure_ascii=False)
