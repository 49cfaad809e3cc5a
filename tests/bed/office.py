"""A whole office on the mirrored LAN: an Asterisk, telephones, and the box that listens. Many talks are held in it at once.

A talk through Asterisk is two calls on the wire, one for each of its legs.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import soundfile

from appliance import keys, manifest, sealed
from appliance.calls import Call, Recording
from appliance.moments import SECOND
from capture import blocks
from capture.opening import open_recording
from tests.bed import hearing, speech
from tests.bed.asterisk import Asterisk, Endpoint
from tests.bed.encode import spoken
from tests.bed.house import SETTINGS, House, wait_for
from tests.bed.lan import MIRROR, Lan
from tests.bed.phone import Phone
from tests.bed.speech import Samples

SETTLE_S = 40.0
WORDS = (
    "さくら", "みなと", "とけい", "でんわ", "かいぎ", "くるま", "しんかんせん", "ひこうき", "やまのて", "りんご", "てがみ", "まどぐち",
    "えんぴつ", "ふくろ", "たまご", "はしご", "いりぐち", "ゆうびん", "おちゃ", "せんせい", "にもつ", "ぎんこう", "つくえ", "めがね",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """A telephone that is to be there."""

    number: str
    codecs: tuple[str, ...] = ("ulaw",)
    direct_media: bool = False
    dtmf: str = "rfc4733"
    srtp: bool = False
    answers: str = "auto"
    registers: bool = True
    """False: it knows no server, and Asterisk does not know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One call of the wire and its recording, opened."""

    call: Call
    recording: Recording | None
    samples: Samples
    """Shape (samples, 2); empty where there is no recording."""
    rate: int
    facts: Mapping[str, Any]
    """Of the sealed manifest."""

    def heard(self, channel: int, words: Samples, begin: float = 0.0, end: float | None = None) -> float:
        """How well these words are heard in the left (0) or right (1) channel between two moments (s): 1.0 is the same."""
        cut = self.samples[int(begin * self.rate) : None if end is None else int(end * self.rate), channel]
        return hearing.likeness(spoken(words, speech.RATE, self.rate), cut, self.rate) if cut.any() else 0.0

    def place(self, moment: int) -> float:
        """Where a moment (ns) lies in the recording (s)."""
        assert self.recording is not None, self.call
        return (moment - self.recording.facts.started_at) / SECOND

    def loudness(self, channel: int, begin: float, end: float) -> float:
        """Root mean square between two moments (s)."""
        cut = self.samples[int(begin * self.rate) : int(end * self.rate), channel].astype(np.float64)
        return float(np.sqrt(np.mean(cut**2))) if len(cut) else 0.0

    @property
    def seconds(self) -> float:
        """Of the recording."""
        return len(self.samples) / self.rate


class Office:
    """Everything is started when the object is entered; `hold` begins a talk, and what it returns is had from the future."""

    def __init__(
        self, folder: Path, sets: Iterable[Set], dialplan: Sequence[str], endpoints: Iterable[Endpoint] = (), settings: str = "",
        **more: Any,
    ) -> None:  # fmt: skip
        self.folder, self._sets, self._settings = folder, tuple(sets), SETTINGS + settings
        self._dialplan, self._endpoints, self._more = dialplan, tuple(endpoints), more
        self._stack = ExitStack()
        self.lan = Lan()
        self.phones: dict[str, Phone] = {}

    def __enter__(self) -> Office:
        with ExitStack() as stack:
            stack.enter_context(self.lan)
            self.pbx_address = server = self.lan.add("pbx")
            crew = stack.enter_context(ThreadPoolExecutor(32))
            words = crew.map(lambda one: say(one.number), self._sets)
            for one, text in zip(self._sets, words, strict=True):
                self.phones[one.number] = Phone(
                    self.lan, one.number, text, self.folder / one.number, server=server if one.registers else "", codecs=one.codecs,
                    answers=one.answers, srtp=one.srtp,
                )  # fmt: skip
            self.house = House(self.folder / "var", self.lan.names["box"], self._settings)
            house = crew.submit(self.house.start)
            stack.callback(self.house.stop)
            stack.callback(wait, [house])  # it can only be stopped when it has been started
            endpoints = [
                Endpoint(number=one.number, codecs=one.codecs, direct_media=one.direct_media, dtmf=one.dtmf, srtp=one.srtp)
                for one in self._sets
                if one.registers
            ]  # fmt: skip
            pbx = Asterisk(
                self.lan, "pbx", self.folder / "pbx", endpoints=[*endpoints, *self._endpoints], dialplan=self._dialplan, **self._more
            )  # fmt: skip
            self.pbx = stack.enter_context(pbx)
            house.result()
            for started in [crew.submit(phone.__enter__) for phone in self.phones.values()]:
                phone = started.result()
                stack.callback(phone.stop)
            self._crew = crew
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def hold(self, talk: Any, *arguments: Any) -> Future[Any]:
        """Begin a talk; all that were begun are held at once."""
        return self._crew.submit(talk, self, *arguments)

    def legs(self, caller: str, count: int = 2) -> list[Leg]:
        """The calls that this number made, and those that are tied to them, oldest first, once it is settled what became of them.

        A number shows as the caller in the calls that Asterisk makes in its name too.
        """

        def look() -> list[Call]:
            everything = self.house.calls()
            own = {call.id for call in everything if call.caller == caller}
            found = [call for call in everything if call.ended_at is not None and (call.id in own or call.main in own)]
            return found if len(found) >= count and all(call.settled for call in found) else []

        try:
            calls = wait_for(f"{count} calls of {caller}", look, SETTLE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}: {[call for call in self.house.calls() if call.caller == caller]}") from None
        return [self._open(call) for call in calls]

    def on_spool(self, caller: str) -> list[tuple[str, int]]:
        """(call, when it was captured) of every packet of speech that now lies on the spool of this number's calls."""
        found = []
        for call in [call.id for call in self.house.calls() if call.caller == caller]:
            for path in sorted(self.house.box.folders.spool.glob(f"*/{call}/*.rtp")):
                with path.open("rb") as file:
                    held = [block.body for block in blocks.read(file) if block.kind == blocks.PACKETS]
                found += [(call, at) for body in held for at, _ in blocks.packets(body)]
        return found

    @contextmanager
    def captured(self) -> Iterator[Path]:
        """What the mirror carries goes to this file as long as the block lasts."""
        path = self.folder / "mirror.pcap"
        command = self.lan.inside("box", ["tcpdump", "-q", "-U", "-i", MIRROR, "-w", str(path), "--immediate-mode"])
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tcpdump:
            try:
                wait_for("tcpdump", path.exists)
                yield path
            finally:
                tcpdump.terminate()

    def _open(self, call: Call) -> Leg:
        recording = self.house.recording(call.id)
        if recording is None:
            return Leg(call=call, recording=None, samples=np.zeros((0, 2), np.int16), rate=8000, facts={})
        wav = self.folder / f"{call.id}.wav"
        open_recording(self.house.box, recording.facts.recording, wav, None)
        samples, rate = soundfile.read(wav, dtype="int16")
        return Leg(call=call, recording=recording, samples=samples, rate=rate, facts=self._facts(recording))

    def _facts(self, recording: Recording) -> Mapping[str, Any]:
        folders = self.house.box.folders
        document = (folders.recordings / recording.facts.manifest).read_bytes()
        return manifest.decode(sealed.open_sealed(document, keys.load_identities(folders.keys / "playback.key"))).facts


@cache
def say(number: str) -> Samples:
    """What the telephone of this number says: two words, and nobody else in its talk says one of them."""
    talk, place = divmod(int(number), 8)
    words = random.Random(talk).sample(WORDS[3 * place : 3 * place + 3], 2)
    return speech.say("、".join(words), high=int(number) % 2 == 0)
