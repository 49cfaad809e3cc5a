"""What the spool tells of a talk's streams beside their own packets: hold, keys told by INFO, the same packets elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from appliance.records import Side
from capture import digits, holds, voice
from capture.blocks import SipBlock
from capture.missing import Known, Run
from capture.spool import signalling
from capture.talk import Heard


def gather(heard: Sequence[Heard]) -> dict[Path, Known]:
    """For each stream, by its file."""
    told = {folder: _told(folder) for folder in {found.survey.path.parent for found in heard}}
    known = {}
    for found in heard:
        silent, keys = told[found.survey.path.parent]
        speaker = found.survey.speaker or Side.CALLER
        known[found.survey.path] = Known(silent=silent[speaker], keys=keys[speaker], runs=_elsewhere(found, heard))
    return known


def _told(folder: Path) -> tuple[dict[Side, list[holds.Stretch]], dict[Side, list[int]]]:
    """When each side of the call was silent, and when it told keys; a call without its signalling is heard all the same."""
    kept: list[SipBlock] = []
    with contextlib.suppress(OSError):
        kept = signalling(folder)
    keys: dict[Side, list[int]] = {side: [] for side in Side}
    for key in digits.of_signalling(kept):
        keys[key.side].append(key.at)
    return holds.of_signalling(kept), keys


def _elsewhere(found: Heard, heard: Sequence[Heard]) -> list[Run]:
    """Of the streams that go on with this one's numbers: the same side and SSRC, and one end in common."""
    return [run for other in heard if other is not found and _continues(found, other) for run in voice.runs(other.survey)]


def _continues(one: Heard, other: Heard) -> bool:
    same = (one.side, one.survey.ssrc) == (other.side, other.survey.ssrc)
    return same and any(here == there for here, there in zip(one.survey.ends, other.survey.ends, strict=False))
