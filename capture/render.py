"""Spool to recording: one stereo file a call, sealed while it is written, chained and signed.

Order of things: sealed file on the disk under its name, then in one transaction the sealed manifest and the row that speaks of both,
the end of the render job and the beginning of the upload. Whoever dies in between leaves the spool, and the job is done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Protocol, cast

from appliance import __version__, manifest, registry, shelf
from appliance.box import Box
from appliance.calls import Call
from appliance.clock import Clock
from appliance.ids import CallId, recording_id
from appliance.jobs import Job, NewJob, due_since, enqueue, finish
from appliance.keys import Recipient, SigningKey
from appliance.ledger import Ledger, append
from appliance.lookup import get_call
from appliance.moments import SECOND, to_datetime
from appliance.records import CallNotRecorded, NotRecorded, Record, RecordingFailed, RecordingReady, SegmentClosed, Side
from appliance.sealed import SealingFile, seal
from capture import digits, drops, evidence
from capture.codecs import by_encoding
from capture.digits import Key
from capture.hearing import Hearing
from capture.marks import FOREVER, Span, apart, spans
from capture.missing import Known
from capture.recorder import RENDER
from capture.redaction import add_redacted
from capture.sides import arrivals, silent_side
from capture.spool import pauses, signalling
from capture.stereo import Channel, Piece, mix, silence, without
from capture.talk import TRANSFERS, Heard, Part, choose, parts
from capture.voice import Survey, Voice, origin_of, rate_of, survey
from capture.waveform import Waveform

UPLOAD = "upload"
BUSY = 60 * SECOND
"""Once a call has waited for so long (ns), speed counts more than the last of the sound."""
TAR = "tar"
SMALL = "opus"
"""The format once the disk's reserve is reached: smaller is better than nothing."""


class Hold(Protocol):
    """Called now and then: keeps the job ours, `surely` for long enough to end it. Raises CouldNotError where it no longer is."""

    def __call__(self, *, surely: bool) -> None:
        """Keep it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A sealed recording on the disk and what is known of it."""

    path: Path
    origin: int
    sample_rate: int
    samples: int
    sealed_sha256: str
    plain_sha256: str
    size: int
    voices: dict[Side, list[Voice]]
    waveform: dict[str, str | int]
    pauses: list[Span]
    heard: list[Key]
    """Keys that sound in the audio."""
    concealed: dict[Side, int]
    """Samples of each side that were interpolated."""


class _NoSoundError(Exception):
    """Packets of codecs that we know, and not one sample in them."""

    def __init__(self, undecoded: int, unopened: int) -> None:
        super().__init__(f"{undecoded} packets could not be decoded, {unopened} not be opened")
        self.undecoded, self.unopened = undecoded, unopened


class Renderer:
    """Makes recordings of one box."""

    def __init__(self, box: Box, ledger: Ledger, key: SigningKey, recipients: Sequence[Recipient], clock: Clock) -> None:
        self._box, self._ledger, self._key, self._recipients, self._clock = box, ledger, key, recipients, clock
        self._use(box.config.capture.format)

    def render(self, job: Job, hold: Hold) -> None:
        """Do the job: its call ends as a recording, or as the reason why there is none."""
        call = get_call(self._ledger.connection, job.subject)
        if call is None or call.recording is not None:
            self._finish(job, [])
            return
        tight = shelf.free_bytes(self._box.folders.data) < self._box.config.health.disk_reserve_megabytes * 1_000_000
        self._use(SMALL if tight else self._box.config.capture.format)
        talk = self._talk(job)
        surveys = [found for part in talk for found in part.surveys]
        heard = choose(talk)
        if not heard:
            self._refuse(job, call, surveys)
            return
        try:
            known = evidence.gather(heard, [self._folder(job, part.call) for part in talk])
            written = self._write(call, heard, hold, self._pauses(job, talk), known)
        except _NoSoundError as error:
            self._refuse(job, call, surveys if error.undecoded or error.unopened else [], error.unopened)
        else:
            left = any(found.speaker is None or found.audio != found.decodable for found in surveys)
            left = left or any(voice.unheard > voice.counts.packets // 100 for side in Side for voice in written.voices[side])
            self._enter(job, call, written, talk, self._quarantine(job) if left else "", self._marks(job, talk, written))

    def _use(self, name: str) -> None:
        self._format_name, self._format = name, registry.load("capture.formats", name)

    def _talk(self, job: Job) -> list[Part]:
        """The call and its legs, with their streams."""
        talk = parts(job.subject, job.body)
        for part in talk:
            known = get_call(self._ledger.connection, part.call)
            if known is not None and known.answered_at is not None and known.ended_at is not None:
                part.answered = (known.answered_at, known.ended_at)
            if part.heard:
                paths = sorted(self._folder(job, part.call).glob("*.rtp"))
                part.surveys = [found for path in paths if (found := survey(path)).packets]
        return talk

    def _folder(self, job: Job, call: str) -> Path:
        return self._box.folders.spool / str(job.body["reel"]) / call

    def give_up(self, job: Job, why: str) -> None:
        """The call's spool defeats us again and again: keep it sealed in quarantine and say so."""
        place = self._quarantine(job) if any(self._folder(job, part.call).is_dir() for part in parts(job.subject, job.body)) else ""
        self._finish(job, [RecordingFailed(at=self._clock.now(), call=job.subject, reason=why, quarantine=place)])

    def _write(self, call: Call, heard: list[Heard], hold: Hold, paused: list[Span], known: dict[Path, Known]) -> Written:
        usable = [found.survey for found in heard]
        origin, rate = min([origin_of(usable), *(span.begin for span in paused)]), rate_of(usable)
        begun = [span.begin for span in paused]
        voices: dict[Side, list[Voice]] = {side: [] for side in Side}
        pieces: dict[Side, list[Iterator[Piece]]] = {side: [] for side in Side}
        for found in _by_preference(heard):
            voice = Voice(replace(found.survey, speaker=found.side), rate, origin, begun, known[found.survey.path])
            silent = [((begin - origin) * rate // SECOND, (end - origin) * rate // SECOND) for begin, end in found.silent]
            voices[found.side].append(voice)
            pieces[found.side].append(without(voice.pieces(), silent) if silent else voice.pieces())
        day = to_datetime(origin)
        name = f"{recording_id(CallId(call.id))}.{self._format.EXTENSION}.age"
        path = self._box.folders.recordings / f"{day:%Y/%m/%d}" / name
        waveform, samples = Waveform(rate), 0
        channels = {side: Channel(pieces[side]) for side in Side}
        quiet = [((span.begin - origin) * rate // SECOND, (span.end - origin) * rate // SECOND) for span in paused]
        channels[Side.CALLER].add(silence(quiet, rate))
        begins = min((place for channel in channels.values() if (place := channel.begins_at()) is not None), default=0)
        hearing = Hearing(rate, origin + begins * SECOND // rate)
        mixed = mix(channels[Side.CALLER], channels[Side.CALLED], rate)
        chunks = hearing.hushed(mixed, lambda: _announced(voices)) if self._drops_digits else hearing.listened(mixed)
        with shelf.create(path) as file:
            sealing = SealingFile(file, self._recipients)
            encoder = self._format.encoder(cast(IO[bytes], sealing), rate, self._box.config.capture.opus_kilobits, self._complexity)
            for chunk in chunks:
                encoder.write(chunk)
                waveform.add(chunk)
                samples += len(chunk)
                hold(surely=False)
            if not samples:
                mute = [voice for side in Side for voice in voices[side]]
                raise _NoSoundError(sum(voice.undecoded for voice in mute), sum(voice.unopened for voice in mute))
            encoder.close()
            sealing.close()
            sealed, plain, size = sealing.check()
            hold(surely=True)  # the file appears under its name now: nobody else may make it at the same time
        return Written(
            path=path, origin=origin + begins * SECOND // rate, sample_rate=rate, samples=samples,
            sealed_sha256=sealed, plain_sha256=plain, size=size,
            voices=voices, waveform=waveform.encode(), pauses=paused, heard=hearing.keys,
            concealed={side: channel.concealed for side, channel in channels.items()},
        )  # fmt: skip

    @property
    def _complexity(self) -> int:
        """Opus' effort: what is set, or what the queue allows."""
        asked = self._box.config.capture.opus_complexity
        if asked != "auto":
            return asked
        now = self._clock.now()
        since = due_since(self._ledger.connection, RENDER, now)
        return complexity(None if since is None else now - since)

    @property
    def _drops_digits(self) -> bool:
        return self._box.config.capture.digits == "drop"

    def _pauses(self, job: Job, talk: list[Part]) -> list[Span]:
        """The pauses within the talk, each call's from its answer (where there was one) to its end."""
        found: list[Span] = []
        for part in talk:
            call = get_call(self._ledger.connection, part.call)
            with contextlib.suppress(OSError):
                begin, end = (call.answered_at or call.started_at, call.ended_at or FOREVER) if call else (0, FOREVER)
                told = spans(pauses(self._folder(job, part.call)))
                found += [span._replace(begin=max(span.begin, begin), end=min(span.end, end)) for span in told]
        return apart(span for span in found if span.begin < span.end < FOREVER)

    def _marks(self, job: Job, talk: list[Part], written: Written) -> list[dict[str, object]]:
        """Keys that were pressed, where they are to be kept; a box on the way sends them on, so its copy of the call is passed over."""
        if self._drops_digits:
            return []
        keys = [*_announced(written.voices), *written.heard]
        for part in talk:
            if not part.why or part.why in TRANSFERS:
                with contextlib.suppress(OSError):  # a call without its signalling is heard all the same
                    kept = signalling(self._folder(job, part.call))
                    told = [*digits.of_signalling(kept), *digits.of_skinny(kept)]
                    keys += [key._replace(side=key.side.other) if part.swapped else key for key in told]
        return digits.marks(keys, written.origin)

    def _enter(self, job: Job, call: Call, written: Written, talk: list[Part], kept: str, marks: list[dict[str, object]]) -> None:
        """Chain, sign, write the manifest, and commit it all. `kept`: the quarantine of what could not be made audible, if any."""
        now = self._clock.now()
        with self._ledger.transaction() as connection:
            head = connection.execute(
                "SELECT sequence, json_extract(body, '$.chain') FROM recording ORDER BY sequence DESC LIMIT 1"
            )
            sequence, previous = head.fetchone() or (0, manifest.FIRST)
            surveys = [found for part in talk for found in part.surveys]
            facts = self._facts(call, written, surveys, cut=bool(job.body.get("cut")))
            facts["quality"]["quarantine"] = kept
            ended = call.ended_at or now
            if dropped := drops.during(connection, str(job.body["reel"]), call.started_at, ended):
                facts["quality"]["kernel_dropped"] = dropped
            described: dict[str, Any] = {
                "box": {
                    "serial": self._box.config.site.serial,
                    "contract": self._box.config.site.contract,
                    "software": __version__,
                },
                "epoch": self._box.config.site.epoch,
                "sequence": sequence + 1,
                "previous": previous,
                "signed_at": now,
                "call": _call_facts(call),
                "legs": [_leg_facts(known, part) for part in talk[1:] if (known := get_call(connection, part.call)) is not None],
                "segments": [
                    _segment_facts(row.record)
                    for part in talk
                    for row in self._ledger.of(part.call)
                    if isinstance(row.record, SegmentClosed)
                ],
                "recording": facts,
                "waveform": written.waveform,
                "marks": marks,
                "pauses": [_pause_facts(span, written.origin) for span in written.pauses],
            }
            signed = manifest.sign(described, self._key)
            beside = written.path.with_name(f"{facts['recording']}.json.age")
            sealed = seal(signed.encode(), self._recipients)
            shelf.write(beside, sealed)
            below = self._box.folders.recordings
            ready = RecordingReady(
                at=now, **facts, manifest=str(beside.relative_to(below)),
                manifest_sha256=hashlib.sha256(sealed).hexdigest(), epoch=self._box.config.site.epoch,
                sequence=sequence + 1, previous=previous, chain=signed.chain, signature=signed.signature,
            )  # fmt: skip
            append(connection, [ready])
            finish(connection, job, now)
            enqueue(connection, [NewJob(kind=UPLOAD, subject=ready.recording, body={})], now)

    def _facts(self, call: Call, written: Written, surveys: list[Survey], *, cut: bool) -> dict[str, Any]:
        counts = {side: [voice.counts for voice in written.voices[side]] for side in Side}
        heard = {side: sum(count.packets for count in counts[side]) for side in Side}
        decoded = {side: heard[side] - sum(voice.undecoded for voice in written.voices[side]) for side in Side}
        audio = [name for found in surveys for name in found.audio]
        undecoded = {name: count for name, count in _packets(surveys).items() if name not in by_encoding()}
        quality = arrivals(written.voices, written.concealed, written.sample_rate)
        damaged = sum(found.damaged for found in surveys)
        unopened = sum(voice.unopened for side in Side for voice in written.voices[side])
        return {
            "recording": recording_id(CallId(call.id)),
            "call": call.id,
            "file": str(written.path.relative_to(self._box.folders.recordings)),
            "format": self._format_name,
            "channels": 2,
            "sample_rate": written.sample_rate,
            "seconds": written.samples / written.sample_rate,
            "started_at": written.origin,
            "bytes": written.size,
            "sealed_sha256": written.sealed_sha256,
            "plain_sha256": written.plain_sha256,
            "codecs": tuple(sorted(set(audio))),
            "packets": sum(heard.values()),
            "lost": sum(count.lost for side in Side for count in counts[side]),
            "late": sum(count.late for side in Side for count in counts[side]),
            "one_sided": not all(decoded.values()),
            "cut": cut,
            "quality": {
                **quality,
                "silent": silent_side(written.voices),
                "undecoded": undecoded,
                "unopened": unopened,
                "damaged_bytes": damaged,
            },
            "recipients": tuple(str(recipient) for recipient in self._recipients),
        }

    def _refuse(self, job: Job, call: Call, surveys: list[Survey], unopened: int = 0) -> None:
        """No stream can be made audible: say why, and keep what was captured, sealed."""
        now = self._clock.now()
        audio = _packets(surveys)
        if audio:
            place = self._quarantine(job)
            names = ", ".join(f"{name} ({count} packets)" for name, count in sorted(audio.items()))
            known = any(found.speaker is None or found.decodable for found in surveys)
            reason = NotRecorded.DAMAGED if known else NotRecorded.UNKNOWN_CODEC
            if unopened:
                why = f" ({job.body['why']})" if "why" in job.body else ""
                reason, names = NotRecorded.ENCRYPTED, f"{names}, which no key of the signalling opens{why}"
            record = CallNotRecorded(at=now, call=call.id, reason=reason.value, detail=f"{names}; kept in quarantine/{place}")
        else:
            reason = NotRecorded.PAUSED if self._pauses(job, self._talk(job)) else NotRecorded.NO_MEDIA
            record = CallNotRecorded(at=now, call=call.id, reason=reason.value, detail="no packet held audio")
        self._finish(job, [record])

    def _quarantine(self, job: Job) -> str:
        """The folders of the call and its legs as one sealed tar archive, without keys where none are kept; returns its name."""
        path = self._box.folders.quarantine / f"{job.subject}.{TAR}.age"
        folders = [self._folder(job, part.call) for part in parts(job.subject, job.body)]
        with shelf.create(path) as file:
            sealing = SealingFile(file, self._recipients)
            with tarfile.open(fileobj=cast(IO[bytes], sealing), mode="w|") as archive:
                for folder in folders:
                    if folder.is_dir() and self._drops_digits:
                        add_redacted(archive, folder)
                    elif folder.is_dir():
                        archive.add(folder, arcname=folder.name)
            sealing.close()
            sealing.check()
        return path.name

    def _finish(self, job: Job, records: list[Record]) -> None:
        now = self._clock.now()
        with self._ledger.transaction() as connection:
            append(connection, records)
            finish(connection, job, now)


def complexity(waited: int | None) -> int:
    """Opus' effort while the oldest call has waited for so long (ns); None: no call waits."""
    return 10 if waited is None else 5 if waited < BUSY else 0


def _announced(voices: dict[Side, list[Voice]]) -> list[Key]:
    """Telephone events so far."""
    return [key for side in Side for voice in voices[side] for key in voice.keys]


def _packets(surveys: list[Survey]) -> Counter[str]:
    """Packets of each audio encoding, in all streams together."""
    found: Counter[str] = Counter()
    for one in surveys:
        found.update(one.audio)
    return found


def _by_preference(heard: list[Heard]) -> list[Heard]:
    """The stream with most packets first (the main call's before a later leg's): the others only fill what it leaves."""
    return sorted(heard, key=lambda found: (found.rank, -found.survey.packets, found.survey.first, found.survey.path.name))


def _call_facts(call: Call) -> dict[str, Any]:
    names = (
        "id", "started_at", "ringing_at", "answered_at", "ended_at", "end_reason", "sip_status", "direction", "caller",
        "caller_raw", "caller_e164", "caller_name", "caller_reason", "called", "called_raw", "called_e164", "line", "via",
        "start_seen", "end_seen",
    )  # fmt: skip
    return {name: getattr(call, name) for name in names}


def _leg_facts(call: Call, part: Part) -> dict[str, Any]:
    return {**_call_facts(call), "to": part.to, "tied_by": part.why, "swapped": part.swapped}


def _pause_facts(span: Span, origin: int) -> dict[str, object]:
    """A pause with its place in the recording and its length, in seconds."""
    at, seconds = round((span.begin - origin) / SECOND, 3), round((span.end - span.begin) / SECOND, 3)
    return {"at": at, "seconds": seconds, "who": span.who, "how": span.how, "why": span.why}


def _segment_facts(record: SegmentClosed) -> dict[str, Any]:
    names = ("call", "segment", "side", "source", "destination", "ssrc", "codecs", "first", "last", "packets", "lost", "late")
    return {name: getattr(record, name) for name in names}
