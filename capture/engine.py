"""The capture core: frames in, effects and spool buffers out. Pure; the tap, the replay and the tests drive it alike.

engine.walker                        takes the packets of known streams out of blocks of frames, the hot path
engine.odd(frames, now)              what the walker left
engine.frame(link, frame, at, now)   a single frame with its timestamp, and the clock on which deadlines run
engine.tick(now)                     what is due
engine.effects                       what to do, in order; the shell takes and clears it
engine.take_streams(now)             streams with packets for the spool
"""

from __future__ import annotations

import contextlib

from appliance.config import Config
from appliance.ids import CallId
from appliance.records import CallRinging, LegTied
from capture import dark, demand, rtcp, sccp, sip
from capture.alone import Alone
from capture.dialog import Dialog
from capture.effects import Close, Effect, Emit, Exclude, Hush, Keep, KeepReport, Secrecy, Shun, Watch, Weird
from capture.fragments import Fragments
from capture.frames import LINK_ETHERNET, Address, Datagram, Dissector, FrameError, Segment
from capture.marks import DEMAND, Mark
from capture.media import Media, Stream, stream_key
from capture.pauses import CARRIES_KEYS, PauseRefusedError, Pauses, Pressed
from capture.sip import Message
from capture.skinny import Skinny
from capture.tcp import Streams
from capture.tracker import Tracker
from capture.walk import Odd, Walker, fastest, with_tag

_LOSSES = ("ip-fragments-lost", "tcp-gap", "tcp-streams-many", "media-streams-many", "rtp-alone-many", "rtcp-many")

MAX_REPORTS_PER_CALL = 20_000
MAX_REPORT = 1500
EVERY = 1 << 40
MOST_PEERS = 12


class Engine:
    """Everything between the frames of one interface (or file) and its shell."""

    def __init__(self, config: Config, via: str, walker: Walker | None = None) -> None:
        self.walker = walker or fastest()
        self.tracker = Tracker(config, via)
        self.skinny = Skinny(config, via)
        self.alone = Alone(config, via)
        self.media = Media(self.walker)
        self._demands = any(rule.action == "on_demand" for rule in config.recording_rules)
        self.pauses = Pauses(config.capture, self._demands)
        self.effects: list[Effect] = []
        self.heeds = True
        """Whether calls that are kept on demand are told to wait; not while a stopped recorder's calls are rebuilt."""
        self.sip = 0
        self.peers: set[bytes] = set()
        """Addresses that spoke SIP, the first so many."""
        self._single = 0
        self._fragments = Fragments()
        self._dissector = Dissector(self._fragments)
        self._streams = Streams()
        self._tls = dark.Tls()
        self._segment_at = 0
        self._reports: dict[CallId, int] = {}
        """Kept so far."""
        self._reports_refused = 0
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
        if len(self.peers) < MOST_PEERS:
            self.peers.add(source.host)
        effects = self.tracker.receive(message, source, destination, at, now)
        if message.is_request and message.method in CARRIES_KEYS:
            effects = self._private(message, effects, at)
        self._perform(effects, now)

    def _skinny(self, data: bytes, source: Address, destination: Address, at: int, now: int) -> None:
        try:
            message = sccp.parse(data)
        except sccp.SccpError as error:
            self.effects.append(Weird(error.name, data[:1024]))
            return
        self._perform(self.skinny.receive(message, data, source, destination, at, now), now)

    def foretell(self, frame: bytes, at: int, now: int) -> CallRinging | None:
        """What is to be said of an Ethernet frame with an INVITE that comes again in its turn: nothing else follows from it now."""
        try:
            found = self._dissector.dissect(LINK_ETHERNET, frame, now)
            if not isinstance(found, Datagram) or found.cut or not found.payload.startswith(b"INVITE "):
                return None
            return self.tracker.foretell(sip.parse(found.payload), found.source, found.destination, at, now)
        except (FrameError, sip.SipError):
            return None

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

    def take_streams(self, now: int, most: int = EVERY) -> list[tuple[Stream, bytes]]:
        """Every stream with new packets, or up to so many, and those as they stand on the spool. None does not mean that none wait."""
        if self.pauses.listens:  # keys are obeyed in the order of time
            most = EVERY
        gathered = [(owner, run, counted) for owner, run, counted in self.walker.take(most) if isinstance(owner, Stream)]
        if self.pauses.listens:
            self._hear_keys([(stream, run) for stream, run, _ in gathered])
        taken = []
        for stream, run, counted in gathered:
            if stream.dropped:
                continue
            if stream.call in self.pauses:
                kept = stream.let_through(self.pauses.gate(stream, run))
            else:
                kept = run
                stream.count(counted)
            dialog = self.dialog(stream.call)
            if dialog is not None:
                dialog.heard(max(stream.last, stream.seen), now)
            if kept:
                taken.append((stream, kept))
        return taken

    def command(self, call: CallId, at: int, *, pause: bool, who: str, why: str, ticket: int = 0) -> None:
        """Pause or resume a call from the moment `at` on. Raises PauseRefusedError."""
        dialog = self.dialog(call)
        if dialog is None:
            raise PauseRefusedError(f"call {call}: is not under way here; `appliance calls` lists what is known")
        if not dialog.live:
            raise PauseRefusedError(f"call {call}: is over")
        if not dialog.verdict.record:
            raise PauseRefusedError(f"call {call}: is not recorded ({dialog.verdict.detail})")
        self._hush(call, self.pauses.command(call, at, pause=pause, who=who, how="api", why=why), ticket)

    def expire(self, at: int) -> None:
        """Pauses that come to their end by themselves at this moment of the wall clock."""
        self.effects += [Hush(call, mark) for call, mark in self.pauses.due(at)]

    def close(self, call: CallId) -> list[Stream]:
        """Forget the call's streams and pauses; returns the streams."""
        streams = self.media.close(call)
        self._reports.pop(call, None)
        self.pauses.forget(call, [stream.segment for stream in streams])
        return streams

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
            if payload[1] in rtcp.TYPES:
                self._report(datagram, at)
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

    def _report(self, datagram: Datagram, at: int) -> None:
        """RTCP on the port of a call's speech (RFC 5761), on the next one (RFC 3550 §11), or where the description said (RFC 3605): kept
        where it tells how speech arrives.
        """
        ends = datagram.destination, datagram.source
        call = self.media.call_told_at(*ends) or self.media.call_at(*ends, *(end._replace(port=end.port - 1) for end in ends))
        if call is None or len(datagram.payload) > MAX_REPORT:
            return
        try:
            if not rtcp.parse(datagram.payload).tells:
                return
        except rtcp.RtcpError:
            return
        kept = self._reports[call] = self._reports.get(call, 0) + 1
        if kept > MAX_REPORTS_PER_CALL:
            self._reports_refused += 1
        else:
            self.effects.append(KeepReport(call, at, datagram.source, datagram.destination, datagram.payload))

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
        if key is not None and self._obeys(call, key):
            effects = [effect for effect in effects if not isinstance(effect, Keep)]
        return effects

    def _hear_keys(self, runs: list[tuple[Stream, bytes]]) -> None:
        """Obey the keys that were pressed, in the order of time."""
        found = [(key, stream.call) for stream, run in runs for key in self.pauses.pressed(stream, run)]
        for key, call in sorted(found):
            self._obeys(call, key)

    def _obeys(self, call: CallId, key: Pressed) -> bool:
        """Whether the key ends a command, which is carried out."""
        dialog = self.dialog(call)
        if dialog is None or not dialog.live or not dialog.verdict.record:
            return False
        mark = self.pauses.heard(call, key, dialog.parties.direction)
        if mark is not None:
            self._hush(call, mark)
        return mark is not None

    def _hush(self, call: CallId, mark: Mark, ticket: int = 0) -> None:
        """The mark for the call, and the same for every other leg of its talk."""
        self.effects.append(Hush(call, mark, ticket))
        for other in self.tracker.ties.groups.members(call):
            if other != call:
                self._follow(other, mark)

    def _follow(self, leg: CallId, mark: Mark) -> None:
        dialog = self.tracker.dialogs.get(leg)
        if dialog is not None and dialog.live and dialog.verdict.record:
            with contextlib.suppress(PauseRefusedError):  # it is as it should be already
                told = self.pauses.command(leg, mark.at, pause=mark.paused, who=mark.who, how=mark.how, why=mark.why)
                self.effects.append(Hush(leg, told))

    def _tied(self, tied: LegTied) -> None:
        """A leg that joins a talk in a pause is paused with it."""
        if self.pauses.paused(CallId(tied.main), tied.at) is not None:
            self._follow(CallId(tied.call), self.pauses.last(CallId(tied.main))._replace(at=tied.at))

    def _agree(self, call: CallId, at: int) -> None:
        """The calls of this talk wait together until somebody asks for them, or none does."""
        for change in demand.changes(self.tracker.ties.groups.members(call), self.dialog, self.pauses, at):
            mark = self.pauses.command(change.call, at, pause=change.pause, who="", how=DEMAND, why=change.why)
            self.effects.append(Hush(change.call, mark))

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
            elif isinstance(effect, Exclude):
                self.media.drop(effect.call)
            else:
                if isinstance(effect, Close):
                    self.alone.closed(effect.call, now)
                self.effects.append(effect)
                if isinstance(effect, Emit) and isinstance(effect.record, LegTied):
                    self._tied(effect.record)
        if self._demands and self.heeds:
            for call, at in {effect.call: effect.at for effect in effects if isinstance(effect, Keep)}.items():
                self._agree(call, at)

    def _report_losses(self) -> None:
        """Bounds that were reached are weirds too."""
        now = (
            self._fragments.forgotten,
            self._streams.gaps,
            self._streams.forgotten,
            self.media.refused,
            self.alone.refused,
            self._reports_refused,
        )
        for name, before, after in zip(_LOSSES, self._said, now, strict=True):
            self.effects += [Weird(name, b"")] * min(after - before, 1000)
        self._said = now


def kept(effects: list[Effect]) -> list[Keep | KeepReport | Hush]:
    """The messages, reports and marks to be put on the spool."""
    return [effect for effect in effects if isinstance(effect, (Keep, KeepReport, Hush))]
