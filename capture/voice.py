"""One RTP stream of the spool as samples on the clock: what a side said, piece by piece, in bounded memory.

`survey` looks through the file once without decoding (what it holds, how much, since when); `pieces` then decodes it. A piece is a
stretch of consecutive packets of one codec; between pieces there is silence, or what `conceal` makes of a short loss.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from appliance.moments import SECOND
from appliance.records import Side
from capture import blocks, codecs
from capture.codecs import CodecError, Decoder, Payloads
from capture.codecs._resample import resample
from capture.conceal import CONTEXT_S, MOST_S, conceal
from capture.digits import Events, Key
from capture.drift import METHOD as DRIFT_METHOD
from capture.drift import Drift
from capture.index import Packets, index
from capture.media import Mode
from capture.missing import NOTHING, Known, Run, runs_of
from capture.payloads import NO_AUDIO, STATIC, Encoding
from capture.quality import METHOD, Jitter, Losses, opinion, rating
from capture.receivers import Origin, Origins, Reported
from capture.sdp import SrtpKey
from capture.srtp import Opener
from capture.stereo import Piece
from capture.timeline import MAX_DROPOUT, Counts, Placed, Timeline

SLICE_BYTES = 1 << 21
READ_AHEAD = 1 << 18
RUN_S = 60
"""Longer stretches are decoded in parts: a hostile packet of one octet may stand for a tenth of a second."""
RATES = (8000, 12000, 16000, 24000, 48000)
"""Of recordings, Hz: what Opus encodes (RFC 6716 §2)."""


@dataclass(slots=True)
class Survey:
    """What a stream's file holds."""

    path: Path
    speaker: Side | None = None
    """None where the file does not describe itself."""
    ssrc: int | None = None
    ends: tuple[str, ...] = ()
    """The addresses it was sent from and to."""
    hosts: tuple[bytes, bytes] = (b"", b"")
    encodings: dict[int, Encoding] = field(default_factory=dict)
    payload_types: Counter[int] = field(default_factory=Counter)
    packets: int = 0
    first: int = 0
    last: int = 0
    damaged: int = 0
    """Bytes that could not be read."""
    keys: dict[SrtpKey, None] = field(default_factory=dict)
    """Those of its call, newest first."""
    secrecy: dict[int, Mode] = field(default_factory=dict)
    """Since when (ns) which mode holds; empty where nobody spoke of SRTP."""

    def encoding(self, payload_type: int) -> Encoding | None:
        """What this payload type stands for."""
        return self.encodings.get(payload_type) or STATIC.get(payload_type)

    @property
    def audio(self) -> dict[str, int]:
        """Packets of each audio encoding, by name; `PT96` where nobody said what it is."""
        found: Counter[str] = Counter()
        for number, count in self.payload_types.items():
            encoding = self.encoding(number)
            name = encoding.name if encoding else f"PT{number}"
            if name not in NO_AUDIO:
                found[name] += count
        return dict(found)

    @property
    def decodable(self) -> dict[str, int]:
        """Packets of the encodings for which there is a codec."""
        return {name: count for name, count in self.audio.items() if name in codecs.by_encoding()}

    @property
    def sample_rate(self) -> int:
        """The highest among its codecs; 0 where none can be decoded."""
        found = (self.encoding(number) for number in self.payload_types)
        heard = [encoding for encoding in found if encoding is not None and encoding.name in self.decodable]
        return max((int(codecs.by_encoding()[encoding.name].sample_rate(encoding)) for encoding in heard), default=0)

    @property
    def clock(self) -> int:
        """The highest RTP clock of its audio encodings, Hz: the others are counted in it."""
        return max(
            (
                told.clock
                for number in self.payload_types
                if (told := self.encoding(number)) is not None and told.name not in NO_AUDIO
            ),
            default=8000,
        )


def survey(path: Path) -> Survey:
    """Look through a stream's file without decoding it."""
    found = Survey(path)
    for part in _slices(path, found):
        found.packets += len(part)
        numbers, counts = np.unique(part.payload_type, return_counts=True)
        found.payload_types.update(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))
        if len(part):
            found.first = int(part.at.min()) if not found.first else min(found.first, int(part.at.min()))
            found.last = max(found.last, int(part.at.max()))
    return found


def runs(found: Survey) -> list[Run]:
    """The packets of a stream's file as runs of sequence numbers."""
    return runs_of(_slices(found.path, Survey(found.path)))


class Clocks:
    """Brings RTP timestamps of one stream to one clock, where its encodings count in several."""

    def __init__(self, common: int, clocks: Mapping[int, int]) -> None:
        self._common = common
        self._clocks = {number: clock for number, clock in clocks.items() if clock != common}
        self._last: dict[int, tuple[int, int]] = {}

    def common(self, packets: Packets) -> Packets:
        """The same packets, in the order they came, with timestamps in units of the common clock."""
        if not self._clocks or not len(packets):
            return packets
        clock = np.full(len(packets), self._common)
        for number, own in self._clocks.items():
            clock[packets.payload_type == number] = own
        timestamp = packets.timestamp.copy()
        for own in np.unique(clock).tolist():
            rows = clock == own
            raw = packets.timestamp[rows]
            before, extended = self._last.get(own, (int(raw[0]), int(raw[0])))
            steps = (np.diff(raw, prepend=before) + 0x80000000) % 0x100000000 - 0x80000000
            along = extended + np.cumsum(steps)
            self._last[own] = (int(raw[-1]), int(along[-1]))
            timestamp[rows] = along * self._common // own % 0x100000000
        return replace(packets, timestamp=timestamp)


class _Packet(NamedTuple):
    """What says whether something was lost between two packets."""

    sequence: int
    payload_type: int
    marker: bool

    @classmethod
    def of(cls, placed: Placed, row: int) -> _Packet:
        return cls(int(placed.sequence[row]), int(placed.packets.payload_type[row]), bool(placed.packets.marker[row]))

    def lost_until(self, behind: _Packet) -> bool:
        """The marker begins speech after a pause (RFC 3551 §4.1); a pause without a missing number is the sender's own."""
        missing = behind.sequence - self.sequence - 1
        return 0 < missing < MAX_DROPOUT and behind.payload_type == self.payload_type and not behind.marker


class Voice:
    """One surveyed stream, decoded to `sample_rate` on the clock that begins at `origin` (ns)."""

    def __init__(self, found: Survey, sample_rate: int, origin: int, pauses: Sequence[int] = (), known: Known = NOTHING) -> None:
        self._survey = found
        self._rate = sample_rate
        self._clock = found.clock
        self._known = known
        self._timeline = Timeline(
            clock=self._clock, origin=origin, pauses=np.array(pauses, np.int64), known=known, origins=Origins(known.reported.told)
        )
        self._decoders: dict[Encoding, Decoder] = {}
        self._written: int | None = None
        self._tail = np.empty(0, np.int16)
        """What was said last, as far as concealment looks back."""
        self._context = round(CONTEXT_S * sample_rate)
        self._before: _Packet | None = None
        """The last one of the slice before."""
        self.undecoded = 0
        """Packets that a codec refused."""
        self._clocks = Clocks(
            self._clock, {number: told.clock for number in found.payload_types if (told := found.encoding(number))}
        )
        self._jitter, self._losses, self._drift = Jitter(self._clock), Losses(), Drift(self._clock)
        self._events = Events(found.speaker or Side.CALLER)
        self._event_types = [
            number
            for number in found.payload_types
            if (told := found.encoding(number)) is not None and told.name == "TELEPHONE-EVENT"
        ]
        self._spoken = [
            number
            for number in found.payload_types
            if (told := found.encoding(number)) is not None and told.name in found.decodable
        ]
        self._opener = Opener(found.keys, found.secrecy.items()) if found.secrecy else None

    @property
    def counts(self) -> Counts:
        """What happened to the packets so far."""
        return self._timeline.counts

    @property
    def origin(self) -> Origin:
        """Where what was lost so far was lost."""
        return self._timeline.origins.origin

    @property
    def reported(self) -> Reported:
        """What its receiver said of it."""
        return self._known.reported

    @property
    def unopened(self) -> int:
        """Packets of SRTP that no announced key opened."""
        return self._opener.refused if self._opener else 0

    @property
    def unheard(self) -> int:
        """Packets of codecs that we know, which are no sound all the same."""
        return self.undecoded + self.unopened

    @property
    def keys(self) -> list[Key]:
        """Keys that this side pressed, so far."""
        return self._events.keys

    @property
    def quality(self) -> dict[str, object]:
        """How the packets so far arrived: jitter (RFC 3550) in ms, losses in runs, drift in ppm, R and MOS."""
        names = self._survey.decodable
        rated = rating(max(names, key=lambda name: names[name]), self._losses) if names else None
        found: dict[str, object] = {
            "jitter": round(self._jitter.mean, 3),
            "jitter_most": round(self._jitter.most, 3),
            "bursts": self._losses.bursts,
            "longest_burst": self._losses.longest,
            "burst_ratio": round(self._losses.burst_ratio, 2),
        }
        if (ppm := self._drift.ppm) is not None:
            found |= {"drift": ppm, "drift_method": DRIFT_METHOD}
        if rated is not None:
            found |= {"r": round(rated, 1), "mos": round(opinion(rated), 2), "method": METHOD}
        return found

    def pieces(self) -> Iterator[Piece]:
        """Decoded stretches, in order; a stretch never begins before the end of the one before it."""
        for given in _slices(self._survey.path, Survey(self._survey.path), self._opener):
            yield from self.speak(given)
        yield from self.speak(index(b""), final=True)

    def speak(self, given: Packets, *, final: bool = False) -> Iterator[Piece]:
        """The same for the next packets of the stream; with `final` nothing is held back for those that may be late."""
        part = self._clocks.common(given)
        if self._event_types:
            self._events.add(part.pick(np.isin(part.payload_type, self._event_types)))
        speech = np.isin(part.payload_type, self._spoken)
        self._jitter.add(part.at[speech], part.timestamp[speech])
        self._drift.add(part.at[speech], part.timestamp[speech])
        for placed in self._heard(self._timeline.place(part, final=final)):
            for piece, lost in self._decode(placed):
                yield from self._joined(piece, lost=lost)

    def _joined(self, piece: Piece, *, lost: bool) -> Iterator[Piece]:
        """The piece, behind what was lost before it where that can be concealed."""
        written = self._written
        start = piece.start if written is None else max(piece.start, written)
        samples = piece.samples[start - piece.start :]
        if not len(samples):
            return
        if written is not None and lost and 0 < start - written <= MOST_S * self._rate:
            yield Piece(written, conceal(self._tail, samples, start - written, self._rate), made=True)
        before = self._tail if start == written else self._tail[:0]
        self._tail = np.concatenate([before, samples[-self._context :]])[-self._context :]
        self._written = start + len(samples)
        yield Piece(start, samples)

    def _heard(self, placed: Placed | None) -> Iterator[Placed]:
        if placed is not None:
            self._losses.add(placed.sequence, MAX_DROPOUT)
            yield placed

    def _decode(self, placed: Placed) -> Iterator[tuple[Piece, bool]]:
        """Decoded stretches, and whether all that lies before one was lost on the way: no pause, no other codec."""
        packets = placed.packets
        for begin, end, encoding in self._stretches(placed):
            lost = self._lost_before(placed, begin)
            codec = codecs.by_encoding()[encoding.name]
            decoder = self._decoders.get(encoding)
            if decoder is None:
                decoder = self._decoders[encoding] = codec.Decoder(encoding)
            try:
                samples = decoder.decode(_payloads(packets.pick(slice(begin, end))))
            except CodecError:
                self.undecoded += end - begin
                continue
            samples = resample(samples, codec.sample_rate(encoding), self._rate)
            start = int(placed.position[begin]) * self._rate // self._clock
            yield Piece(start, samples), lost
        self._before = _Packet.of(placed, len(packets) - 1) if len(packets) else self._before

    def _lost_before(self, placed: Placed, place: int) -> bool:
        before = _Packet.of(placed, place - 1) if place else self._before
        return before is not None and before.lost_until(_Packet.of(placed, place))

    def _stretches(self, placed: Placed) -> Iterator[tuple[int, int, Encoding]]:
        """(begin, end, encoding) of packets that follow one another without a gap."""
        packets = placed.packets
        names = packets.payload_type
        lasting = np.zeros(len(packets), np.int64)
        for number in np.unique(names).tolist():
            encoding = self._survey.encoding(number)
            if encoding is not None and encoding.name in codecs.by_encoding() and encoding.name not in NO_AUDIO:
                rows = names == number
                units = codecs.by_encoding()[encoding.name].units(_payloads(packets.pick(rows)), encoding)
                lasting[rows] = units * self._clock // encoding.clock
                self.undecoded += int(((units == 0) & (packets.size[rows] > 0)).sum())
        joined = (placed.position[1:] == placed.position[:-1] + lasting[:-1]) & (names[1:] == names[:-1])
        joined &= (lasting[1:] > 0) & (lasting[:-1] > 0)  # a packet of no length begins and ends nothing
        joined &= np.diff(np.cumsum(lasting) // (RUN_S * self._clock)) == 0
        edges = [0, *(np.flatnonzero(~joined) + 1).tolist(), len(packets)]
        for begin, end in pairwise(edges):
            encoding = self._survey.encoding(int(names[begin]))
            if lasting[begin] and encoding is not None:
                yield begin, end, encoding


def origin_of(surveys: list[Survey]) -> int:
    """The moment (ns) at which a recording of these streams begins: their first packet."""
    return min(found.first for found in surveys)


def rate_of(surveys: list[Survey]) -> int:
    """The sample rate (Hz) of a recording of these streams: the highest among them, or the next above it that Opus knows."""
    highest = max(found.sample_rate for found in surveys)
    return next((rate for rate in RATES if rate >= highest), RATES[-1])


def seconds_of(surveys: list[Survey]) -> float:
    """How long these streams last together, in seconds."""
    return (max(found.last for found in surveys) - origin_of(surveys)) / SECOND


def _payloads(packets: Packets) -> Payloads:
    return Payloads(packets.data, packets.start, packets.size)


def _slices(path: Path, found: Survey, opener: Opener | None = None) -> Iterator[Packets]:
    """The file's packets (opened, where they are SRTP) in slices of about 2 MB; descriptions and damage are noted in `found`."""
    damage = blocks.Damage()
    with path.open("rb", buffering=READ_AHEAD) as file:
        held: list[bytes] = []
        size = 0
        for block in blocks.read(file, damage):
            if block.kind == blocks.DESCRIPTION:
                facts = blocks.read_description(block.body)
                found.speaker = Side(facts["speaker"])
                found.ssrc = facts["ssrc"]
                found.hosts = bytes.fromhex(facts["source"][0]), bytes.fromhex(facts["destination"][0])
                found.ends = blocks.ends(facts)
                found.encodings.update({int(number): Encoding(*told) for number, told in facts["encodings"].items()})
                found.keys = dict.fromkeys([*(SrtpKey(*key) for key in facts.get("keys", [])), *found.keys])
                found.secrecy.update({int(since): Mode(mode) for since, mode in facts.get("secrecy", [])})
            elif block.kind == blocks.PACKETS:
                held.append(opener.open(block.body) if opener else block.body)
                size += len(block.body)
            if size >= SLICE_BYTES:
                yield index(b"".join(held))
                held, size = [], 0
        if held:
            yield index(b"".join(held))
    found.damaged = damage.bytes
