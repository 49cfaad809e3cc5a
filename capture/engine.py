"""The capture core: frames in, effects and spool buffers out. Pure; the tap, the replay and the tests drive it alike.

engine.walker                        takes the packets of known streams out of blocks of frames, the hot path
engine.odd(frames, now)              what the walker left
engine.frame(link, frame, at, now)   a single frame with its timestamp, and the clock on which deadlines run
engine.tick(now)                     what is due
engine.effects                       what to do, in order; the shell takes and clears it
engine.take_streams(now)             streams with packets for the spool
"""

from __future__ import annotations

from appliance.config import Config
from appliance.ids import CallId
from capture import dark, sccp, sip
from capture.alone import Alone
from capture.dialog import Dialog
from capture.effects import Bar, Close, Effect, Keep, Secrecy, Shun, Watch, Weird
from capture.fragments import Fragments
from capture.frames import LINK_ETHERNET, Address, Datagram, Dissector, FrameError, Segment
from capture.media import Media, Stream, stream_key
from capture.skinny import Skinny
from capture.tcp import Streams
from capture.tracker import Tracker
from capture.walk import Odd, Walker, fastest, with_tag

_LOSSES = ("ip-fragments-lost", "tcp-gap", "tcp-streams-many", "media-streams-many", "rtp-alone-many")


class Engine:
    """Everything between the frames of one interface (or file) and its shell."""

    def __init__(self, config: Config, via: str, walker: Walker | None = None) -> None:
        self.walker = walker or fastest()
        self.tracker = Tracker(config, via)
        self.skinny = Skinny(config, via)
        self.alone = Alone(config, via)
        self.media = Media(self.walker)
        self.effects: list[Effect] = []
        self.sip = 0
        self._single = 0
        self._fragments = Fragments()
        self._dissector = Dissector(self._fragments)
        self._streams = Streams()
        self._tls = dark.Tls()
        self._segment_at = 0
        self._said = (0,) * len(_LOSSES)

    @property
    def frames(self) -> int:
        """Frames seen."""
        return self.walker.frames + self._single

    @property
    def rtp(self) -> int:
        """Packets of speech seen."""
        return self.walker.taken

    @property
    def buffered(self) -> int:
        """Bytes that wait for the spool."""
        return self.walker.buffered

    def odd(self, frames: Odd, now: int) -> None:
        """Ethernet frames that the walker left, in order."""
        for frame, at, tag in frames:
            self._frame(LINK_ETHERNET, with_tag(frame, tag) if tag else frame, at, now)

    def frame(self, link: int, frame: bytes, at: int, now: int) -> None:
        """One frame of this link type, captured `at`."""
        self._single += 1
        self._frame(link, frame, at, now)

    def _frame(self, link: int, frame: bytes, at: int, now: int) -> None:
        try:
            found = self._dissector.dissect(link, frame, now)
        except FrameError as error:
            self.effects.append(Weird(error.name, frame[:256]))
            return
        if isinstance(found, Datagram):
            self._datagram(found, at, now)
        elif isinstance(found, Segment):
            self._segment(found, at, now)

    def message(self, data: bytes, source: Address, destination: Address, at: int, now: int) -> None:
        """The bytes of one message, SIP or Skinny."""
        self.sip += 1
        if sccp.is_whole(data):
            self._skinny(data, source, destination, at, now)
            return
        try:
            message = sip.parse(data)
        except sip.SipError as error:
            self.effects.append(Weird(error.name, data[:1024]))
            return
        self._tls.speaks(source, destination)
        self._perform(self.tracker.receive(message, source, destination, at, now), now)

    def _skinny(self, data: bytes, source: Address, destination: Address, at: int, now: int) -> None:
        try:
            message = sccp.parse(data)
        except sccp.SccpError as error:
            self.effects.append(Weird(error.name, data[:1024]))
            return
        self._perform(self.skinny.receive(message, data, source, destination, at, now), now)

    def note(self, note: bytes, source: Address, destination: Address, at: int, now: int) -> None:
        """What the spool says of a call without signalling, after a restart."""
        self._perform(self.alone.rebuild(note, source, destination, at, now), now)

    def dialog(self, call: CallId) -> Dialog | None:
        """The call of this id, where it is under way or still remembered."""
        return self.tracker.dialogs.get(call) or self.skinny.dialogs.get(call) or self.alone.dialogs.get(call)

    @property
    def open_calls(self) -> int:
        """Calls under way."""
        return sum(dialog.live for calls in (self.tracker, self.skinny, self.alone) for dialog in calls.dialogs.values())

    def tick(self, now: int) -> None:
        """What is due at `now`; call it about once a second, after the streams were taken (that says which calls live)."""
        for framed in self._streams.expire(now):
            self.message(framed.data, framed.source, framed.destination, self._segment_at, now)
        self.effects += self._streams.take_weirds()
        for calls in (self.tracker, self.skinny, self.alone):
            self._perform(calls.tick(now), now)
        self._report_losses()

    def finish(self, reason: str = "end_not_seen", *, cut: bool = False) -> None:
        """The capture is over: close every call."""
        for calls in (self.tracker, self.skinny, self.alone):
            self._perform(calls.finish(reason, cut=cut), 0)
        self._report_losses()

    def take_effects(self) -> list[Effect]:
        """The effects so far, in order."""
        found, self.effects = self.effects, []
        return found

    def take_streams(self, now: int) -> list[tuple[Stream, bytes]]:
        """Every stream with new packets, and those as they stand on the spool."""
        taken = []
        for owner, run, counted in self.walker.take():
            assert isinstance(owner, Stream)
            owner.count(counted)
            for calls in (self.tracker, self.skinny, self.alone):
                calls.heard(owner.call, owner.last, now)
            taken.append((owner, run))
        return taken

    def resume(self, call: CallId) -> None:
        """The call was rebuilt from the spool of a recorder that was stopped: wait only shortly for a sign of it."""
        dialog = self.dialog(call)
        if dialog is not None:
            dialog.recovered = True

    def _segment(self, segment: Segment, at: int, now: int) -> None:
        self._segment_at = at
        for framed in self._streams.segment(segment, now):
            self.message(framed.data, framed.source, framed.destination, at, now)
        self.effects += self._streams.take_weirds()
        if (found := self._tls.segment(segment)) is not None:
            self.effects.append(Weird(found.name, segment.payload[: dark.SAMPLE]))

    def _datagram(self, datagram: Datagram, at: int, now: int) -> None:
        payload = datagram.payload
        if len(payload) >= 12 and payload[0] & 0xC0 == 0x80:
            if 192 <= payload[1] < 224:  # RTCP on the same port
                return
            key = stream_key(datagram.source, datagram.destination, int.from_bytes(payload[8:12], "big"))
            if self.media.known(key) or self.media.find(datagram, key):
                self.walker.gather(key, at, payload)
            elif self.alone.on:
                self._strange(datagram, at, now)
            else:
                self.media.ignore(key)
        elif hello := dark.dtls_hello(payload):
            call = self.media.call_at(datagram.destination, datagram.source)
            if call is not None:
                self._perform(self.tracker.greeted(call, hello, datagram.source, datagram.destination, at), now)
        elif sip.looks_like_sip(payload):
            if datagram.cut:
                self.effects.append(Weird("sip-cut-by-capture", payload[:1024]))
            self.message(payload, datagram.source, datagram.destination, at, now)

    def _strange(self, datagram: Datagram, at: int, now: int) -> None:
        """RTP that nobody announced; where it becomes a call, what was heard before is its own too."""
        self._perform(self.alone.hear(datagram, at, now), now)
        for held, since in self.alone.take():
            self._datagram(held, since, now)

    def _perform(self, effects: list[Effect], now: int) -> None:
        """Watches are the engine's own business; everything else is the shell's."""
        for effect in effects:
            if isinstance(effect, Watch):
                self.media.watch(effect)
                if effect.call not in self.alone.dialogs:
                    self.effects += self.alone.claim(effect.address, effect.call, now)
            elif isinstance(effect, Shun):
                self.effects += self.alone.exclude(effect.address, effect.call, now)
            elif isinstance(effect, Secrecy):
                self.media.learn(effect)
            elif isinstance(effect, Bar):
                self.media.close(effect.call)
            else:
                if isinstance(effect, Close):
                    self.alone.closed(effect.call, now)
                self.effects.append(effect)

    def _report_losses(self) -> None:
        """Bounds that were reached are weirds too."""
        now = (self._fragments.forgotten, self._streams.gaps, self._streams.forgotten, self.media.refused, self.alone.refused)
        for name, before, after in zip(_LOSSES, self._said, now, strict=True):
            self.effects += [Weird(name, b"")] * min(after - before, 1000)
        self._said = now


def kept(effects: list[Effect]) -> list[Keep]:
    """The messages to be put on the spool."""
    return [effect for effect in effects if isinstance(effect, Keep)]
