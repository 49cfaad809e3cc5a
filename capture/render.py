"""Spool to recording: one stereo file a call, sealed while it is written, chained and signed.

Order of things: sealed file on the disk under its name, then in one transaction the sealed manifest and the row that speaks of both,
the end of the render job and the beginning of the upload. Whoever dies in between leaves the spool, and the job is done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from appliance import __version__, manifest, registry, shelf
from appliance.box import Box
from appliance.calls import Call
from appliance.clock import Clock
from appliance.ids import CallId, recording_id
from appliance.jobs import Job, NewJob, enqueue, finish
from appliance.keys import Recipient, SigningKey
from appliance.ledger import Ledger, append
from appliance.lookup import get_call
from appliance.moments import SECOND, to_datetime
from appliance.records import CallNotRecorded, NotRecorded, Record, RecordingFailed, RecordingReady, SegmentClosed, Side
from appliance.sealed import SealingFile, seal
from capture import digits
from capture.codecs import by_encoding
from capture.digits import Key
from capture.hearing import Hearing
from capture.redaction import Redacted
from capture.spool import signalling
from capture.stereo import Channel, mix
from capture.voice import Survey, Voice, origin_of, rate_of, survey
from capture.waveform import Waveform

UPLOAD = "upload"
TAR = "tar"


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
        self._format = registry.load("capture.formats", box.config.capture.format)

    def render(self, job: Job, hold: Hold) -> None:
        """Do the job: its call ends as a recording, or as the reason why there is none."""
        call = get_call(self._ledger.connection, job.subject)
        folder = self._box.folders.spool / str(job.body["reel"]) / job.subject
        if call is None or call.recording is not None:
            self._finish(job, [])
            return
        surveys = [found for path in sorted(folder.glob("*.rtp")) if (found := survey(path)).packets]
        usable = [found for found in surveys if found.speaker is not None and found.decodable]
        if not usable:
            self._refuse(job, call, surveys, folder)
            return
        try:
            written = self._write(call, usable, hold)
        except _NoSoundError as error:
            self._refuse(job, call, surveys if error.undecoded or error.unopened else [], folder, error.unopened)
        else:
            left = any(found.speaker is None or found.audio != found.decodable for found in surveys)
            left = left or any(voice.unheard > voice.counts.packets // 100 for side in Side for voice in written.voices[side])
            self._enter(job, call, written, surveys, self._quarantine(folder) if left else "", self._marks(folder, written))

    def give_up(self, job: Job, why: str) -> None:
        """The call's spool defeats us again and again: keep it sealed in quarantine and say so."""
        folder = self._box.folders.spool / str(job.body["reel"]) / job.subject
        place = self._quarantine(folder) if folder.is_dir() else ""
        self._finish(job, [RecordingFailed(at=self._clock.now(), call=job.subject, reason=why, quarantine=place)])

    def _write(self, call: Call, usable: list[Survey], hold: Hold) -> Written:
        origin, rate = origin_of(usable), rate_of(usable)
        voices = {side: [Voice(found, rate, origin) for found in _by_preference(usable) if found.speaker is side] for side in Side}
        day = to_datetime(origin)
        name = f"{recording_id(CallId(call.id))}.{self._format.EXTENSION}.age"
        path = self._box.folders.recordings / f"{day:%Y/%m/%d}" / name
        waveform, samples = Waveform(rate), 0
        channels = {side: Channel([voice.pieces() for voice in voices[side]]) for side in Side}
        begins = min((place for channel in channels.values() if (place := channel.begins_at()) is not None), default=0)
        hearing = Hearing(rate, origin + begins * SECOND // rate)
        mixed = mix(channels[Side.CALLER], channels[Side.CALLED], rate)
        chunks = hearing.hushed(mixed, lambda: _announced(voices)) if self._drops_digits else hearing.listened(mixed)
        with shelf.create(path) as file:
            sealing = SealingFile(file, self._recipients)
            encoder = self._format.encoder(cast(IO[bytes], sealing), rate, self._box.config.capture.opus_kilobits)
            for chunk in chunks:
                encoder.write(chunk)
                waveform.add(chunk)
                samples += len(chunk)
                hold(surely=False)
            if not samples:
                heard = [voice for side in Side for voice in voices[side]]
                raise _NoSoundError(sum(voice.undecoded for voice in heard), sum(voice.unopened for voice in heard))
            encoder.close()
            sealing.close()
            sealed, plain, size = sealing.check()
            hold(surely=True)  # the file appears under its name now: nobody else may make it at the same time
        return Written(
            path=path, origin=origin + begins * SECOND // rate, sample_rate=rate, samples=samples,
            sealed_sha256=sealed, plain_sha256=plain, size=size,
            voices=voices, waveform=waveform.encode(), heard=hearing.keys,
            concealed={side: channel.concealed for side, channel in channels.items()},
        )  # fmt: skip

    @property
    def _drops_digits(self) -> bool:
        return self._box.config.capture.digits == "drop"

    def _marks(self, folder: Path, written: Written) -> list[dict[str, object]]:
        """Keys that were pressed, where they are to be kept."""
        if self._drops_digits:
            return []
        keys = [*_announced(written.voices), *written.heard]
        with contextlib.suppress(OSError):  # a call without its signalling is heard all the same
            keys += digits.of_signalling(signalling(folder))
        return digits.marks(keys, written.origin)

    def _enter(
        self, job: Job, call: Call, written: Written, surveys: list[Survey], kept: str, marks: list[dict[str, object]]
    ) -> None:
        """Chain, sign, write the manifest, and commit it all. `kept`: the quarantine of what could not be made audible, if any."""
        now = self._clock.now()
        with self._ledger.transaction() as connection:
            head = connection.execute(
                "SELECT sequence, json_extract(body, '$.chain') FROM recording ORDER BY sequence DESC LIMIT 1"
            )
            sequence, previous = head.fetchone() or (0, manifest.FIRST)
            facts = self._facts(call, written, surveys, cut=bool(job.body.get("cut")))
            facts["quality"]["quarantine"] = kept
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
                "segments": [
                    _segment_facts(row.record) for row in self._ledger.of(call.id) if isinstance(row.record, SegmentClosed)
                ],
                "recording": facts,
                "waveform": written.waveform,
                "marks": marks,
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
        quality = {
            side.value: {
                "packets": heard[side],
                "lost": sum(count.lost for count in counts[side]),
                "late": sum(count.late for count in counts[side]),
                "duplicates": sum(count.duplicates for count in counts[side]),
                "streams": len(counts[side]),
                "concealed": round(written.concealed[side] * 1000 / written.sample_rate),
                "refused": heard[side] - decoded[side],
                **(max(written.voices[side], key=lambda voice: voice.counts.packets).quality if heard[side] else {}),
            }
            for side in Side
        }
        damaged = sum(found.damaged for found in surveys)
        unopened = sum(voice.unopened for side in Side for voice in written.voices[side])
        return {
            "recording": recording_id(CallId(call.id)),
            "call": call.id,
            "file": str(written.path.relative_to(self._box.folders.recordings)),
            "format": self._box.config.capture.format,
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
            "quality": {**quality, "undecoded": undecoded, "unopened": unopened, "damaged_bytes": damaged},
            "recipients": tuple(str(recipient) for recipient in self._recipients),
        }

    def _refuse(self, job: Job, call: Call, surveys: list[Survey], folder: Path, unopened: int = 0) -> None:
        """No stream can be made audible: say why, and keep what was captured, sealed."""
        now = self._clock.now()
        audio = _packets(surveys)
        if audio:
            place = self._quarantine(folder)
            names = ", ".join(f"{name} ({count} packets)" for name, count in sorted(audio.items()))
            known = any(found.speaker is None or found.decodable for found in surveys)
            reason = NotRecorded.DAMAGED if known else NotRecorded.UNKNOWN_CODEC
            if unopened:
                reason, names = NotRecorded.ENCRYPTED, f"{names}, which no key of the signalling opens"
            record = CallNotRecorded(at=now, call=call.id, reason=reason.value, detail=f"{names}; kept in quarantine/{place}")
        else:
            record = CallNotRecorded(at=now, call=call.id, reason=NotRecorded.NO_MEDIA.value, detail="no packet held audio")
        self._finish(job, [record])

    def _quarantine(self, folder: Path) -> str:
        """The folder as one sealed tar archive, without keys where none are kept; returns its name."""
        path = self._box.folders.quarantine / f"{folder.name}.{TAR}.age"
        with shelf.create(path) as file:
            sealing = SealingFile(file, self._recipients)
            with tarfile.open(fileobj=cast(IO[bytes], sealing), mode="w|") as archive:
                if self._drops_digits:
                    _add_redacted(archive, folder)
                else:
                    archive.add(folder, arcname=folder.name)
            sealing.close()
            sealing.check()
        return path.name

    def _finish(self, job: Job, records: list[Record]) -> None:
        now = self._clock.now()
        with self._ledger.transaction() as connection:
            append(connection, records)
            finish(connection, job, now)


def _announced(voices: dict[Side, list[Voice]]) -> list[Key]:
    """Telephone events so far."""
    return [key for side in Side for voice in voices[side] for key in voice.keys]


def _add_redacted(archive: tarfile.TarFile, folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        told = survey(path).encodings if path.suffix == ".rtp" else {}
        with path.open("rb") as file:
            about = archive.gettarinfo(arcname=f"{folder.name}/{path.name}", fileobj=file)
            events = [number for number, encoding in told.items() if encoding.name == "TELEPHONE-EVENT"]
            archive.addfile(about, cast(IO[bytes], Redacted(file, about.size, events)))


def _packets(surveys: list[Survey]) -> Counter[str]:
    """Packets of each audio encoding, in all streams together."""
    found: Counter[str] = Counter()
    for one in surveys:
        found.update(one.audio)
    return found


def _by_preference(surveys: list[Survey]) -> list[Survey]:
    """The stream with most packets first: the others only fill what it leaves."""
    return sorted(surveys, key=lambda found: (-found.packets, found.first, found.path.name))


def _call_facts(call: Call) -> dict[str, Any]:
    names = (
        "id", "started_at", "ringing_at", "answered_at", "ended_at", "end_reason", "sip_status", "direction", "caller",
        "caller_raw", "caller_e164", "caller_name", "caller_reason", "called", "called_raw", "called_e164", "line", "via",
        "start_seen", "end_seen",
    )  # fmt: skip
    return {name: getattr(call, name) for name in names}


def _segment_facts(record: SegmentClosed) -> dict[str, Any]:
    names = ("segment", "side", "source", "destination", "ssrc", "codecs", "first", "last", "packets", "lost", "late")
    return {name: getattr(record, name) for name in names}
