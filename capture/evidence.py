"""What the spool tells of a talk's streams beside their own packets: hold, keys told by INFO, the same packets elsewhere, RTCP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from appliance.records import Side
from capture import blocks, digits, holds, voice
from capture.blocks import SipBlock
from capture.index import Ints
from capture.missing import Known, Run
from capture.receivers import Reported, about
from capture.spool import signalling
from capture.talk import Heard


class _Told:
    """What the spool of one call tells; a call without its signalling is heard all the same."""

    def __init__(self, folder: Path) -> None:
        kept: list[SipBlock] = []
        self.reports: list[SipBlock] = []
        with contextlib.suppress(OSError):
            kept, self.reports = signalling(folder), signalling(folder, blocks.RTCP)
        self.silent = holds.of_signalling(kept)
        self.keys: dict[Side, list[int]] = {side: [] for side in Side}
        for key in digits.of_signalling(kept):
            self.keys[key.side].append(key.at)


def gather(heard: Sequence[Heard], folders: Iterable[Path]) -> dict[Path, Known]:
    """For each stream, by its file; `folders` are those of all calls of the talk: one may hold the reports on another's stream."""
    calls = {folder: _Told(folder) for folder in folders}
    reports = sorted((report for told in calls.values() for report in told.reports), key=lambda report: report.at)
    known = {}
    for found in heard:
        survey = found.survey
        told, speaker = calls[survey.path.parent], survey.speaker or Side.CALLER
        reported = Reported() if survey.ssrc is None else about(survey.ssrc, *survey.hosts, reports)
        known[survey.path] = Known(
            silent=told.silent[speaker], keys=told.keys[speaker], runs=_elsewhere(found, heard), reported=reported
        )
    return known


def _elsewhere(found: Heard, heard: Sequence[Heard]) -> Ints:
    """Of the streams that go on with this one's numbers: the same side and SSRC, and one end in common."""
    runs = [run for other in heard if other is not found and _continues(found, other) for run in voice.runs(other.survey)]
    return np.array(runs, np.int64).reshape(-1, len(Run._fields))


def _continues(one: Heard, other: Heard) -> bool:
    same = (one.side, one.survey.ssrc) == (other.side, other.survey.ssrc)
    return same and any(here == there for here, there in zip(one.survey.ends, other.survey.ends, strict=False))
