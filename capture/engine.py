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
from capture.effects import Effect, Exclude, Hush, Keep, Secrecy, Watch, Weird
from capture.fragments import Fragments
from capture.frames import LINK_ETHERNET, Address, Datagram, Dissector, FrameError, Segment
from capture.media import STAMP, Media, Stream, stream_key
from capture.pauses import CARRIES_KEYS, PauseRefusedError, Pauses
from capture.sip import Message
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
        self.pauses = Pauses(config.capture)
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
        effects = self.tracker.receive(message, source, destination, at, now)
        if message.is_request and message.method in CARRIES_KEYS:
            effects = self._private(message, effects, at)
        self._perform(effects)

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
        if self.pauses.listens:
            self._hear_keys(fresh)
        taken = [(stream, stream.take(self.pauses.gate if stream.call in self.pauses else None)) for stream in fresh]
        for stream, _ in taken:
            self.tracker.heard(stream.call, max(stream.last, stream.seen), now)
        return [(stream, packets) for stream, packets in taken if packets]

    def command(self, call: CallId, at: int, *, pause: bool, who: str, why: str, ticket: int = 0) -> None:
        """Pause or resume a call from the moment `at` on. Raises PauseRefusedError."""
        dialog = self.tracker.dialogs.get(call)
        if dialog is None:
            raise PauseRefusedError(f"call {call}: is not under way here; `appliance calls` lists what is known")
        if not dialog.live:
            raise PauseRefusedError(f"call {call}: is over")
        if not dialog.verdict.record:
            raise PauseRefusedError(f"call {call}: is not recorded ({dialog.verdict.detail})")
        self.effects.append(Hush(call, self.pauses.command(call, at, pause=pause, who=who, how="api", why=why), ticket))

    def expire(self, at: int) -> None:
        """Pauses that come to their end by themselves at this moment of the wall clock."""
        self.effects += [Hush(call, mark) for call, mark in self.pauses.due(at)]

    def close(self, call: CallId) -> list[Stream]:
        """Forget the call's streams and pauses; returns the streams."""
        streams = self.media.close(call)
        self.pauses.forget(call, [stream.segment for stream in streams])
        return streams

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

    def _private(self, message: Message, effects: list[Effect], at: int) -> list[Effect]:
        """A request that may carry keys: obeyed, and in a pause kept nowhere."""
        call = next((effect.call for effect in effects if isinstance(effect, Keep)), None)
        dialog = self.tracker.dialogs.get(call) if call else None
        if call is None or dialog is None:
            return effects
        tag = sip.name_address(message.get("from")).parameters.get("tag", "")
        key, hide = self.pauses.told(call, message, tag, dialog.side_of(message, tag), at)
        if hide:
            effects = [effect for effect in effects if not isinstance(effect, Keep)]
        if key is not None and dialog.live and dialog.verdict.record:
            mark = self.pauses.heard(call, key, dialog.parties.direction)
            if mark is not None:
                effects = [*(effect for effect in effects if not isinstance(effect, Keep)), Hush(call, mark)]
        return effects

    def _hear_keys(self, fresh: list[Stream]) -> None:
        """Obey the keys that were pressed, in the order of time."""
        found = [(key, stream.call) for stream in fresh for key in self.pauses.pressed(stream)]
        for key, call in sorted(found):
            dialog = self.tracker.dialogs.get(call)
            mark = self.pauses.heard(call, key, dialog.parties.direction) if dialog is not None and dialog.live else None
            if mark is not None:
                self.effects.append(Hush(call, mark))

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


def kept(effects: list[Effect]) -> list[Keep | Hush]:
    """The messages and marks to be put on the spool."""
    return [effect for effect in effects if isinstance(effect, (Keep, Hush))]
