"""RTP put to its call: who announced the address it goes to, and so who speaks. Pure, bounded.

Only the first packet of a stream comes here: from then on its key (addresses, ports, SSRC) is known to the walker (`walk.py`), which
gathers its packets as they will stand on the spool, until the shell takes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from appliance.ids import CallId, SegmentId, segment_id
from appliance.records import Side
from capture.effects import Secrecy, Watch
from capture.frames import Address, Datagram
from capture.payloads import STATIC, Encoding
from capture.rtp import looks_like_rtp
from capture.sdp import SrtpKey
from capture.walk import STAMP, Twin, Walker

MAX_STREAMS_PER_CALL = 64
MAX_KEYS_PER_CALL = 64
MAX_MODES = 16
MAX_CLAIMS = 16
"""Calls that announced one address, of which the newest counts and the others are remembered."""
MAX_IGNORED = 20_000
"""Streams of nobody that are remembered as such."""


@dataclass(slots=True, kw_only=True)
class Expectation:
    """Audio that arrives at `address` is the speech of `speaker`."""

    call: CallId
    speaker: Side
    address: Address
    encodings: dict[int, Encoding]
    sure: bool = True
    """False where only the sender's address was announced, not the one it sends to."""


class Mode(StrEnum):
    """How a packet that no key opens is to be taken."""

    SECURE = "secure"
    """Nothing but SRTP was agreed on: it is no speech."""
    EITHER = "either"
    """Nobody has answered yet: it is plain speech, unless other packets of its stream were opened."""
    PLAIN = "plain"
    """Plain RTP was agreed on."""


@dataclass(slots=True)
class Secrets:
    """What the signalling of a call said of SRTP, newest last."""

    keys: tuple[SrtpKey, ...] = ()
    history: tuple[tuple[int, Mode], ...] = ()
    """(since when (ns), mode)."""
    sides: dict[Side, Secrecy] = field(default_factory=dict)

    def learn(self, said: Secrecy) -> bool:
        """Take in what one side says now; returns whether that changes anything."""
        before = (self.keys, self.history)
        self.keys = tuple(dict.fromkeys([*said.keys, *self.keys]))[:MAX_KEYS_PER_CALL]
        self.sides[said.side] = said
        mode = self._mode()
        if not self.history or self.history[-1][1] is not mode:
            self.history = (*self.history, (said.at, mode))[-MAX_MODES:]
        return (self.keys, self.history) != before

    def _mode(self) -> Mode:
        """Whoever speaks one of the two alone decides; both speak either only if both have named keys (RFC 8643)."""
        if any(not said.secure for said in self.sides.values()):
            return Mode.PLAIN
        if any(not said.plain for said in self.sides.values()) or len(self.sides) == len(Side):
            return Mode.SECURE
        return Mode.EITHER


@dataclass(slots=True, kw_only=True, eq=False)
class Stream:
    """One RTP stream of a call, told apart by addresses, ports and SSRC (RFC 3550 §8)."""

    call: CallId
    segment: SegmentId
    speaker: Side
    source: Address
    destination: Address
    ssrc: int
    encodings: dict[int, Encoding]
    keys: tuple[SrtpKey, ...] = ()
    """Of the whole call: the packets tell which one opens them."""
    secrecy: tuple[tuple[int, Mode], ...] = ()
    """(since when (ns), mode); empty where nobody spoke of SRTP."""
    sure: bool = True
    """Whether it goes to an address that the listener announced; else the speaker is a conclusion."""
    guess: Side | None = None
    """Who speaks by the announcement alone, before anything is concluded from the other streams."""
    gap: bool = False
    """Whether packets were dropped by a pause since the last that was counted."""
    dropped: bool = False
    """Whether nothing of it is to be kept."""
    described: bool = False
    """Whether the spool knows the present encodings."""
    resumed: bool = False
    """Begun by a recorder that was stopped since: the counters do not cover all of it."""
    first: int = 0
    last: int = 0
    packets: int = 0
    passed: int = 0
    """Packets that the sequence numbers promise and a pause has dropped."""
    seen: int = 0
    """When the last packet that was dropped was captured (ns)."""
    highest: int = -1
    """Extended highest sequence number."""
    lowest: int = -1
    late: int = 0
    types: int = 0
    types_above: int = 0
    """Payload types that were heard, a bit each; those from 64 on in the second."""

    @property
    def lost(self) -> int:
        """Packets that the sequence numbers promise and nobody saw; duplicates hide some, the render knows exactly."""
        return max(0, self.highest - self.lowest + 1 - self.packets - self.passed) if self.packets else 0

    @property
    def codecs(self) -> tuple[str, ...]:
        """Names of the encodings that were heard."""
        heard = self.types_above << 64 | self.types
        return tuple(sorted({self.name(number) for number in range(128) if heard >> number & 1}))

    def name(self, payload_type: int) -> str:
        """The encoding's name of this payload type, `PT96` where nobody said it."""
        encoding = self.encodings.get(payload_type) or STATIC.get(payload_type)
        return encoding.name if encoding else f"PT{payload_type}"

    def count(self, counted: tuple[int, ...]) -> None:
        """Take over what the walker counted (see `walk.Counters`)."""
        self.first, self.last, self.packets, self.late, self.lowest, self.highest, self.types, self.types_above = counted

    def let_through(self, parts: list[bytes]) -> bytes:
        """What a pause has left of a run, counted here, since the walker counted all of it; between the parts something was dropped."""
        first, *rest = parts
        self.tally(first)
        for part in rest:
            self.gap = True
            self.tally(part)
        return b"".join(parts)

    def tally(self, run: bytes) -> None:
        """Count these packets."""
        if self.gap and run:
            self._pass_over(run)
        place, end = 0, len(run)
        while place < end:
            at, length = STAMP.unpack_from(run, place)
            place += STAMP.size
            sequence = run[place + 2] << 8 | run[place + 3]
            if not self.packets:
                self.highest = self.lowest = sequence + 0x10000
                self.first = at
            elif (step := (sequence - self.highest) & 0xFFFF) < 0x8000:
                self.highest += step
            else:
                self.late += 1
            number = run[place + 1] & 127
            if number < 64:
                self.types |= 1 << number
            else:
                self.types_above |= 1 << (number - 64)
            self.packets += 1
            self.last = max(self.last, at)
            place += length

    def _pass_over(self, block: bytes) -> None:
        """What is missing before this block was dropped, not lost."""
        self.gap = False
        begin = STAMP.size + 2
        step = ((block[begin] << 8 | block[begin + 1]) - self.highest) & 0xFFFF
        if self.highest >= 0 and 1 < step < 0xFF00:
            self.highest += step - 1
            self.passed += step - 1


class Media:
    """Announced addresses and the streams that were found at them."""

    def __init__(self, walker: Walker | None = None) -> None:
        self._walker = walker or Twin()
        self._ignored: set[bytes] = set()
        self._expected: dict[Address, Expectation] = {}
        self._before: dict[Address, list[Expectation]] = {}
        """What calls under way expected at an address before another announced it too (legs of one talk do), the newest last."""
        self._streams: dict[bytes, Stream] = {}
        self.known = self._streams.get
        """The stream of a key (see `stream_key`), None where there is none."""
        self._by_call: dict[CallId, list[tuple[bytes, Stream]]] = {}
        self._addresses: dict[CallId, list[Address]] = {}
        self._secrets: dict[CallId, Secrets] = {}
        self._reports: dict[Address, CallId] = {}
        """Who announced an address for RTCP alone (RFC 3605)."""
        self._rtcp: dict[tuple[CallId, Address], Address] = {}
        """That address, by the one for RTP."""
        self.refused = 0
        """Streams beyond the bound of their call."""

    @property
    def size(self) -> int:
        """Streams that are known."""
        return len(self._streams)

    def watch(self, watch: Watch) -> None:
        """An address was announced. The newest announcement counts: ports are used again by later calls."""
        expectation = Expectation(
            call=watch.call, speaker=watch.side.other, address=watch.address, encodings=dict(watch.media.encodings)
        )  # fmt: skip
        before = self._expected.get(watch.address)
        if before is not None and before.call != watch.call:
            others = [told for told in self._before.get(watch.address, []) if told.call not in (before.call, watch.call)]
            self._before[watch.address] = [*others, before][-MAX_CLAIMS:]
        self._expected[watch.address] = expectation
        self._unreport(watch.call, watch.address)
        if watch.media.rtcp is not None:
            self._rtcp[watch.call, watch.address] = reported = Address(*watch.media.rtcp)
            self._reports[reported] = watch.call
        addresses = self._addresses.setdefault(watch.call, [])
        if watch.address not in addresses:
            addresses.append(watch.address)
        for key, stream in self._by_call.get(watch.call, []):
            if stream.destination == watch.address:
                stream.encodings = {**stream.encodings, **expectation.encodings}
                stream.described = False
                if self._streams.get(key) is not stream:  # a later call had this port meanwhile
                    stream.resumed = True
                    self._know(key, stream)
        self._heed()

    def ignore(self, key: bytes) -> None:
        """Packets of this key belong to no call: they are passed over until somebody announces an address."""
        if len(self._ignored) >= MAX_IGNORED:
            self._heed()
        self._ignored.add(key)
        self._walker.learn(key, None)

    def _heed(self) -> None:
        """Whatever was ignored may be speech now."""
        for key in self._ignored:
            if key not in self._streams:
                self._walker.learn(key)
        self._ignored.clear()

    def _know(self, key: bytes, stream: Stream) -> None:
        self._streams[key] = stream
        self._walker.learn(key, stream)

    def learn(self, said: Secrecy) -> None:
        """A side spoke of SRTP: if that changes anything, every stream of the call is described anew."""
        secrets = self._secrets.setdefault(said.call, Secrets())
        if secrets.learn(said):
            for _, stream in self._by_call.get(said.call, []):
                stream.keys, stream.secrecy, stream.described = secrets.keys, secrets.history, False

    def find(self, datagram: Datagram, key: bytes) -> Stream | None:
        """The stream of a first packet, begun if its address was announced; None if it belongs to no call."""
        expected = self._expected.get(datagram.destination)
        if expected is None:
            announced = self._expected.get(datagram.source)
            if announced is None:
                return None
            expected = Expectation(  # it comes from an address that its speaker announced: the other end sits behind NAT
                call=announced.call, speaker=announced.speaker.other, address=datagram.destination,
                encodings=announced.encodings, sure=False,
            )  # fmt: skip
        if not looks_like_rtp(datagram.payload):
            return None
        return self._begin(expected, datagram, key)

    def call_at(self, *addresses: Address) -> CallId | None:
        """The call that announced one of these addresses."""
        return next((expected.call for address in addresses if (expected := self._expected.get(address)) is not None), None)

    def call_told_at(self, *addresses: Address) -> CallId | None:
        """The call that announced one of these addresses for RTCP alone."""
        return next((call for address in addresses if (call := self._reports.get(address)) is not None), None)

    def resume(self, stream: Stream) -> None:
        """Take over a stream of a recorder that was stopped."""
        key = stream_key(stream.source, stream.destination, stream.ssrc)
        self._know(key, stream)
        self._by_call.setdefault(stream.call, []).append((key, stream))

    def streams(self, call: CallId) -> list[Stream]:
        """The call's streams, in the order they were first seen."""
        return [stream for _, stream in self._by_call.get(call, [])]

    def close(self, call: CallId) -> list[Stream]:
        """Forget the call's addresses and streams; returns the streams."""
        for address in self._addresses.pop(call, []):
            self._let_go(address, call)
            self._unreport(call, address)
        self._secrets.pop(call, None)
        found = self._by_call.pop(call, [])
        for key, stream in found:
            if self._streams.get(key) is stream:
                del self._streams[key]
                self._walker.learn(key)
        return [stream for _, stream in found]

    def drop(self, call: CallId) -> None:
        """Forget the call as `close` does, and what was gathered of its streams too."""
        for stream in self.close(call):
            stream.dropped = True

    def _unreport(self, call: CallId, address: Address) -> None:
        reported = self._rtcp.pop((call, address), None)
        if reported is not None and self._reports.get(reported) == call:
            del self._reports[reported]

    def _let_go(self, address: Address, call: CallId) -> None:
        """The call no longer expects anything at this address: whoever did before it does again."""
        others = [told for told in self._before.pop(address, []) if told.call != call]
        if (expected := self._expected.get(address)) is not None and expected.call == call:
            del self._expected[address]
            if others:
                self._expected[address] = others.pop()
                self._heed()
        if others:
            self._before[address] = others

    def _begin(self, expected: Expectation, datagram: Datagram, key: bytes) -> Stream | None:
        siblings = self._by_call.setdefault(expected.call, [])
        if len(siblings) >= MAX_STREAMS_PER_CALL:
            self.refused += 1
            return None
        ssrc = int.from_bytes(datagram.payload[8:12], "big")
        secrets = self._secrets.get(expected.call, Secrets())
        stream = Stream(
            call=expected.call,
            segment=segment_id(expected.call, expected.speaker.value, str(datagram.source), str(datagram.destination), ssrc),
            speaker=expected.speaker,
            source=datagram.source,
            destination=datagram.destination,
            ssrc=ssrc,
            encodings=expected.encodings,
            keys=secrets.keys,
            secrecy=secrets.history,
            sure=expected.sure,
            guess=expected.speaker,
        )
        self._know(key, stream)
        siblings.append((key, stream))
        _conclude([sibling for _, sibling in siblings])
        return stream


def _conclude(streams: list[Stream]) -> None:
    """An announced address that sends may be the phone itself or a relay that passes on the other side's speech. Where the side it
    would be is heard elsewhere for sure, and the other side is not, it is the relay.
    """
    heard = {stream.speaker for stream in streams if stream.sure}
    for stream in streams:
        if not stream.sure and stream.guess is not None:
            speaker = stream.guess.other if heard == {stream.guess} else stream.guess
            if speaker is not stream.speaker:
                stream.speaker = speaker
                stream.described = False


def stream_key(source: Address, destination: Address, ssrc: int) -> bytes:
    """The stream's key: for IPv4 just the bytes 26 to 38 of an Ethernet frame and the four of the SSRC."""
    ports = source.port.to_bytes(2, "big") + destination.port.to_bytes(2, "big")
    return source.host + destination.host + ports + ssrc.to_bytes(4, "big")
