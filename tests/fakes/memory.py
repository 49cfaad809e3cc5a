"""A spool and a pen that keep everything in memory: what an engine's recorder would write, at the speed of a dictionary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from appliance.ids import CallId
from appliance.records import CallEnded, CallNotRecorded, CallRinging, Record, SegmentClosed
from capture.effects import Hush, Keep, KeepReport
from capture.media import Stream
from capture.scribe import Entry
from capture.spool import Reel


class MemoryReel(Reel):
    """Counts what it is given: messages of each call, bytes of each segment."""

    def __init__(self, name: str = "memory") -> None:
        self.name, self.folder = name, Path("spool") / name
        self.messages: Counter[CallId] = Counter()
        self.segments: Counter[str] = Counter()

    def keep(self, messages: Iterable[Keep | KeepReport | Hush]) -> None:
        """Count these messages and marks."""
        self.messages.update(message.call for message in messages)

    def packets(self, stream: Stream, packets: bytes) -> None:
        """Count these packets."""
        self.segments[stream.segment] += len(packets)
        stream.described = True

    def close_call(self, call: CallId) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""

    def sync(self) -> None:
        """Memory is as durable as it gets."""


class MemoryPen:
    """Everything that a ledger would hold."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.jobs: list[str] = []
        """Calls that are to be rendered."""

    def put(self, entry: Entry) -> None:
        """Write this entry."""
        self.records += entry.records
        self.jobs += [job.subject for job in entry.jobs]

    def unaccounted(self) -> list[str]:
        """What contradicts "every call that was seen ends once, as a recording to be made or with a reason"; empty where nothing does."""
        seen = Counter(record.call for record in self.records if isinstance(record, CallRinging))
        ended = Counter(
            record.call for record in set(self.records) if isinstance(record, CallEnded)
        )  # told at the BYE, and at the close
        settled = Counter(self.jobs) + Counter(record.call for record in self.records if isinstance(record, CallNotRecorded))
        segments = Counter(record.segment for record in self.records if isinstance(record, SegmentClosed))
        once = dict.fromkeys(seen, 1)
        wrong = [f"{name}: {found} of {once}" for name, found in (("ended", ended), ("settled", settled)) if found != once]
        return wrong + [f"segment {segment} closed {count} times" for segment, count in segments.items() if count != 1]
