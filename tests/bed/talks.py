"""Talks of several calls made in memory: exchanges that send calls on, transfers, ring groups. Each person speaks one tone, so that a
listener can tell who is heard on which channel at any moment.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyrage  # type: ignore[import-untyped]
from numpy.typing import NDArray

from appliance.box import Box
from appliance.calls import Recording
from appliance.moments import SECOND
from capture.frames import LINK_ETHERNET, Address
from capture.pcapfile import Captured
from tests.bed.made import PTIME, tone
from tests.capture.playbook import frame
from tests.fakes.clock import START

SIP = 5060
REASONS = {180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted", 486: "Busy Here", 487: "Request Terminated"}


def host(number: int) -> bytes:
    """10.0.0.`number`."""
    return bytes([10, 0, 0, number])


@dataclass(frozen=True, slots=True)
class Person:
    """A telephone (or an exchange) with its address, its audio port and its tone (Hz)."""

    user: str
    number: int
    hz: int = 0
    port: int = 20000

    @property
    def media(self) -> Address:
        """Where it receives audio."""
        return Address(host(self.number), self.port)


@dataclass(slots=True, kw_only=True)
class Dial:
    """One call between two hosts; its methods put its messages into a scene, `at` seconds after the beginning."""

    scene: Scene
    name: str
    caller: Person
    called: Person
    user: str = ""
    """Whom the INVITE is for; the called person where empty."""
    shown: str = ""
    """The From header's name-addr; the caller's own where empty."""
    offer: Address | None = None
    answer: Address | None = None
    """Announced addresses; the person's own where None."""
    hops: tuple[int, ...] = ()
    """Proxies between the two: the mirror shows every hop."""

    def invite(self, at: float, *extra: str, sdp: bool = True) -> Dial:
        """The INVITE."""
        return self._request(at, "INVITE", 1, sdp=self._offer if sdp else None, extra=extra, within=False)

    def ring(self, at: float) -> Dial:
        """180."""
        return self._response(at, 180, "INVITE", 1)

    def answered(self, at: float) -> Dial:
        """200 and ACK."""
        self._response(at, 200, "INVITE", 1, sdp=self._answer)
        return self._request(at + 0.005, "ACK", 1)

    def again(self, at: float, *, offer: Address, answer: Address, by_caller: bool = True, direction: str = "sendrecv") -> Dial:
        """A re-INVITE with its answer."""
        self._request(at, "INVITE", 5, sdp=offer, by_caller=by_caller, direction=direction)
        return self._response(at + 0.005, 200, "INVITE", 5, sdp=answer, by_caller=not by_caller)

    def bye(self, at: float, *, by_caller: bool = True) -> Dial:
        """BYE and its 200."""
        self._request(at, "BYE", 9, by_caller=by_caller)
        return self._response(at + 0.003, 200, "BYE", 9, by_caller=not by_caller)

    def cancel(self, at: float) -> Dial:
        """CANCEL and 487."""
        self._request(at, "CANCEL", 1, within=False)
        return self._response(at + 0.003, 487, "INVITE", 1)

    def busy(self, at: float) -> Dial:
        """486."""
        return self._response(at, 486, "INVITE", 1)

    def refer(self, at: float, target: str, *extra: str, by_caller: bool = False, accepted: bool = True) -> Dial:
        """REFER and 202."""
        self._request(at, "REFER", 7, by_caller=by_caller, extra=(f"Refer-To: {target}", *extra))
        return self._response(at + 0.003, 202, "REFER", 7, by_caller=not by_caller) if accepted else self

    def press(self, at: float, keys: str, *, by_caller: bool = False) -> Dial:
        """Keys by INFO, 50 ms apart."""
        for place, key in enumerate(keys):
            self._request(at + place / 20, "INFO", 20 + place, by_caller=by_caller, key=key)
        return self

    def replaces(self, *, of_called: bool) -> str:
        """The value of Replaces that names this call to its called (or calling) party."""
        tags = ("called", "caller") if of_called else ("caller", "called")
        return f"{self.name};to-tag={tags[0]}-{self.name};from-tag={tags[1]}-{self.name}"

    def talk(
        self, begin: float, end: float, *, caller: Person | None = None, called: Person | None = None, both: bool = True
    ) -> Dial:
        """Both speak, each into this call's address of the other; `caller` and `called` are who is really heard."""
        first, second = caller or self.caller, called or self.called
        self.scene.speak(begin, end, first.hz, self._offer, self._answer)
        if both:
            self.scene.speak(begin, end, second.hz, self._answer, self._offer)
        return self

    @property
    def _offer(self) -> Address:
        return self.offer or self.caller.media

    @property
    def _answer(self) -> Address:
        return self.answer or self.called.media

    def _request(self, at: float, method: str, number: int, *, by_caller: bool = True, within: bool = True, **rest: Any) -> Dial:
        uri = (
            f"sip:{self.user or self.called.user}@10.0.0.{self.called.number}" if by_caller else f"sip:{self.caller.user}@10.0.0.1"
        )
        return self._say(
            at, f"{method} {uri} SIP/2.0", method, number, sender=by_caller, by_caller=by_caller, within=within, **rest
        )

    def _response(self, at: float, status: int, method: str, number: int, *, by_caller: bool = False, **rest: Any) -> Dial:
        first = f"SIP/2.0 {status} {REASONS[status]}"
        return self._say(at, first, method, number, sender=not by_caller, by_caller=by_caller, within=True, **rest)

    def _say(
        self, at: float, first: str, method: str, number: int, *, sender: bool, by_caller: bool, within: bool,
        sdp: Address | None = None, extra: Iterable[str] = (), direction: str = "sendrecv", key: str = "",
    ) -> Dial:  # fmt: skip
        """`sender`: whether From is the caller; `by_caller`: whether the caller's side sends it."""
        ends = [
            f"{self.shown or f'<sip:{self.caller.user}@10.0.0.{self.caller.number}>'};tag=caller-{self.name}",
            f"<sip:{self.user or self.called.user}@10.0.0.{self.called.number}>" + (f";tag=called-{self.name}" if within else ""),
        ]
        ends = ends if sender else ends[::-1]
        body = described(sdp, direction, self.scene.payload_type) if sdp else f"Signal={key}\r\n" if key else ""
        lines = [
            first, f"Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK-{self.name}-{'INVITE' if method == 'ACK' else method}-{number}",
            f"From: {ends[0]}", f"To: {ends[1]}", f"Call-ID: {self.name}", f"CSeq: {number} {method}", *extra,
            *([f"Content-Type: application/{'sdp' if sdp else 'dtmf-relay'}"] if body else []), f"Content-Length: {len(body)}",
        ]  # fmt: skip
        places = [self.caller.number, *self.hops, self.called.number]
        places = places if by_caller else places[::-1]
        for step, (one, other) in enumerate(pairwise(places)):
            text = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
            self.scene.put(at + 0.001 * step, Address(host(one), SIP), Address(host(other), SIP), text)
        return self


@dataclass(slots=True)
class Scene:
    """All that the mirror port carries."""

    payload_type: int = 0
    captured: list[Captured] = field(default_factory=list)
    dials: list[Dial] = field(default_factory=list)
    _streams: int = 0

    def dial(self, name: str, caller: Person, called: Person, **rest: Any) -> Dial:
        """A call to be told."""
        self.dials.append(Dial(scene=self, name=name, caller=caller, called=called, **rest))
        return self.dials[-1]

    def put(self, at: float, source: Address, destination: Address, payload: bytes) -> None:
        """One datagram."""
        self.captured.append(Captured(LINK_ETHERNET, frame(source, destination, payload), START + round(at * SECOND)))

    def speak(self, begin: float, end: float, hz: int, source: Address, destination: Address) -> None:
        """A tone from one address to another."""
        self._streams += 1
        count = round((end - begin) * SECOND) // PTIME
        for place, payload in enumerate(tone("PCMU", hz, count)):
            header = struct.pack(">BBHII", 0x80, self.payload_type, place & 0xFFFF, place * 160, 0xAA000000 + self._streams)
            self.put(begin + place * PTIME / SECOND, source, destination, header + payload)

    @property
    def frames(self) -> list[Captured]:
        """Every frame in the order of time."""
        return sorted(self.captured, key=lambda captured: captured.at)


def described(address: Address, direction: str, payload_type: int) -> str:
    """A session description with PCMU, or with a payload type of which it says nothing."""
    name = ".".join(map(str, address.host))
    lines = [
        "v=0", f"o=- 1 1 IN IP4 {name}", "s=-", f"c=IN IP4 {name}", "t=0 0",
        f"m=audio {address.port} RTP/AVP {payload_type}", f"a={direction}",
    ]  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


def opened(box: Box, path: Path) -> bytes:
    """What the reference implementation of age finds in a sealed file."""
    text = (box.folders.keys / "playback.key").read_text()
    secret = next(line for line in text.splitlines() if line.startswith("AGE-SECRET"))
    return bytes(pyrage.decrypt(path.read_bytes(), [pyrage.x25519.Identity.from_str(secret)]))


class Ear:
    """Listens to a recording: who is heard on which channel at what moment."""

    def __init__(self, box: Box, recording: Recording) -> None:
        with av.open(io.BytesIO(opened(box, box.folders.recordings / recording.facts.file)), "r") as container:
            resampler = av.AudioResampler(format="s16", layout="stereo")
            parts = [part.to_ndarray().reshape(-1, 2) for found in container.decode(audio=0) for part in resampler.resample(found)]
            self.rate = container.streams.audio[0].rate
        self.samples: NDArray[np.int16] = np.concatenate(parts)
        self.begin = (recording.facts.started_at - START) / SECOND

    def hears(self, at: float, length: float = 0.2) -> tuple[int, int]:
        """The tones (Hz) left and right, `at` seconds after the scene's beginning; 0 where there is silence."""
        place = round((at - self.begin) * self.rate)
        part = self.samples[place : place + round(length * self.rate)]
        assert len(part), "the recording does not reach so far"
        return _tone(part[:, 0], self.rate), _tone(part[:, 1], self.rate)


def _tone(samples: NDArray[np.int16], rate: int) -> int:
    if not samples.any():
        return 0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return round(int(spectrum.argmax()) * rate / len(samples))
