"""The capture core: frames in, effects and spool buffers out. Pure; the tap, the replay and the tests drive it alike.

engine.frame(link, frame, at, now)   a frame with its timestamp, and the clock on which deadlines run
engine.tick(now)                     what is due
engine.effects                       what to do, in order; the shell takes and clears it
engine.media.fresh                   streams with packets for the spool
"""

from __future__ import annotations

from appliance.config import Config
from appliance.ids import CallId
from capture import sip
from capture.effects import Effect, Exclude, Keep, Secrecy, Watch, Weird
from capture.fragments import Fragments
from capture.frames import LINK_ETHERNET, Address, Datagram, Dissector, FrameError, Segment
from capture.media import STAMP, Media, Stream, stream_key
from capture.tcp import Streams
from capture.tracker import Tracker

_PLAIN_IPV4 = b"\x08\x00\x45"
_UDP = 17
_SHORTEST = 54
_stamp = STAMP.pack


class Engine:
    """Everything between the frames of one interface (or file) and its shell."""

    def __init__(self, config: Config, via: str) -> None:
        self.tracker = Tracker(config, via)
        self.media = Media()
        self._known = self.media.known
        self.effects: list[Effect] = []
        self.frames = 0
        self.rtp = 0
        self.sip = 0
        self.buffered = 0
        """Bytes that wait in stream buffers."""
        self._fragments = Fragments()
        self._dissector = Dissector(self._fragments)
        self._streams = Streams()
        self._segment_at = 0
        self._said = (0, 0, 0)

    def frame(self, link: int, frame: bytes, at: int, now: int) -> None:
        """One frame of this link type, captured `at`."""
        self.frames += 1
        # An ordinary RTP packet of a known stream: Ethernet, IPv4 without options or fragments, UDP, lengths that agree.
        if (
            link == LINK_ETHERNET
            and len(frame) >= _SHORTEST
            and frame[12:15] == _PLAIN_IPV4
            and frame[23] == _UDP
            and not (frame[20] & 0x3F or frame[21])
            and frame[42] & 0xC0 == 0x80
        ):
            stream = self._known(frame[26:38] + frame[50:54])
            end = 34 + (frame[38] << 8 | frame[39])
            if stream is not None and end == 14 + (frame[16] << 8 | frame[17]) and end >= _SHORTEST:
                self._gather(stream, frame[42:end], at)
                return
        try:
            found = self._dissector.dissect(link, frame, now)
        except FrameError as error:
            self.effects.append(Weird(error.name, frame[:256]))
            return
        if isinstance(found, Datagram):
            self._datagram(found, at, now)
        elif isinstance(found, Segment):
            self._segment_at = at
            for framed in self._streams.segment(found, now):
                self.message(framed.data, framed.source, framed.destination, at, now)

    def message(self, data: bytes, source: Address, destination: Address, at: int, now: int) -> None:
        """One SIP message's bytes."""
        self.sip += 1
        try:
            message = sip.parse(data)
        except sip.SipError as error:
            self.effects.append(Weird(error.name, data[:1024]))
            return
        self._perform(self.tracker.receive(message, source, destination, at, now))

    def tick(self, now: int) -> None:
        """What is due at `now`; call it about once a second, after the streams were taken (that says which calls live)."""
        for framed in self._streams.expire(now):
            self.message(framed.data, framed.source, framed.destination, self._segment_at, now)
        self._perform(self.tracker.tick(now))
        self._report_losses()

    def finish(self, reason: str = "end_not_seen", *, cut: bool = False) -> None:
        """The capture is over: close every call."""
        self._perform(self.tracker.finish(reason, cut=cut))
        self._report_losses()

    def take_effects(self) -> list[Effect]:
        """The effects so far, in order."""
        found, self.effects = self.effects, []
        return found

    def take_streams(self, now: int) -> list[tuple[Stream, bytes]]:
        """Every stream with new packets, and those as they stand on the spool."""
        fresh, self.media.fresh = self.media.fresh, []
        self.buffered = 0
        taken = [(stream, stream.take()) for stream in fresh]
        for stream, _ in taken:
            self.tracker.heard(stream.call, stream.last, now)
        return taken

    def resume(self, call: CallId) -> None:
        """The call was rebuilt from the spool of a recorder that was stopped: wait only shortly for a sign of it."""
        dialog = self.tracker.dialogs.get(call)
        if dialog is not None:
            dialog.recovered = True

    def _datagram(self, datagram: Datagram, at: int, now: int) -> None:
        payload = datagram.payload
        if len(payload) >= 12 and payload[0] & 0xC0 == 0x80:
            key = stream_key(datagram.source, datagram.destination, int.from_bytes(payload[8:12], "big"))
            stream = self.media.known(key) or self.media.find(datagram, key)
            if stream is not None:
                self._gather(stream, payload, at)
        elif sip.looks_like_sip(payload):
            if datagram.cut:
                self.effects.append(Weird("sip-cut-by-capture", payload[:1024]))
            self.message(payload, datagram.source, datagram.destination, at, now)

    def _gather(self, stream: Stream, packet: bytes, at: int) -> None:
        """A packet of RTP version 2 into its stream's buffer; RTCP on the same port is passed over."""
        if 192 <= packet[1] < 224:
            return
        buffer = stream.buffer
        if not buffer:
            self.media.fresh.append(stream)
        buffer += _stamp(at, len(packet))
        buffer += packet
        self.buffered += len(packet)
        self.rtp += 1

    def _perform(self, effects: list[Effect]) -> None:
        """Watches are the engine's own business; everything else is the shell's."""
        for effect in effects:
            if isinstance(effect, Watch):
                self.media.watch(effect)
            elif isinstance(effect, Secrecy):
                self.media.learn(effect)
            elif isinstance(effect, Exclude):
                self.media.drop(effect.call)
            else:
                self.effects.append(effect)

    def _report_losses(self) -> None:
        """Bounds that were reached are weirds too."""
        now = (self._fragments.forgotten, self._streams.gaps, self.media.refused)
        for name, before, after in zip(("ip-fragments-lost", "tcp-gap", "media-streams-many"), self._said, now, strict=True):
            self.effects += [Weird(name, b"")] * min(after - before, 1000)
        self._said = now


def kept(effects: list[Effect]) -> list[Keep]:
    """The messages to be put on the spool."""
    return [effect for effect in effects if isinstance(effect, Keep)]
