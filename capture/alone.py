"""RTP that no signalling announced, recorded as calls of their own, where the configuration wishes it. Pure, bounded.

Whoever hears every UDP packet hears much that looks like RTP. A pair of addresses becomes a call only after two seconds, and only if
one direction is speech beyond doubt: numbers that follow one another, a payload type whose codec is known without signalling (static,
or `capture.rtp_alone_codecs`), and timestamps that advance by just what each payload holds. Payloads that are a tag too long are
SRTP: such a call is named and never becomes sound. Steady RTP of unknown payload types is counted as a weird, not recorded.

What was heard before the decision is kept in memory and belongs to the call. Addresses that signalling announces are its own, also
those of lines that are never recorded, until a minute of silence after their call; a call that was begun there ends there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from appliance.config import Config
from appliance.ids import CallId, call_id
from appliance.moments import SECOND
from appliance.numbers import Kind, Number
from appliance.records import CallAnswered, Direction, NotRecorded, Side
from capture import rtp, sdp
from capture.dialog import Dialog, State
from capture.effects import Effect, Emit, Keep, Watch, Weird
from capture.frames import Address, Datagram, host_text
from capture.parties import Parties
from capture.payloads import NO_AUDIO, STATIC, Encoding
from capture.policy import Facts, Verdict, decide
from capture.tracker import closing, give_up

WAIT = 2 * SECOND
"""How long a pair is listened to, so that signalling that comes a little late still finds its call."""
PACKETS = 20
SILENCE = 30 * SECOND
AFTER = 60 * SECOND
"""How long addresses must be silent after their call until they are free."""
MAX_PAIRS = 200
MAX_HELD = 600
"""Packets of a pair that are kept until it is decided."""
MAX_FLOWS = 8
MAX_CLAIMS = 50_000
TAGS = (4, 10, 16)
"""Octets by which SRTP makes a payload longer (RFC 3711 §5.2, RFC 7714)."""
SRTP = "each payload is a tag of SRTP longer than its codec makes it, and no signalling was seen"
PLAIN, SECRET = b"rtp-alone plain", b"rtp-alone secret"
"""How a note on the spool begins: it stands where signalling stands, before the packet that was heard first."""
_BYTES = {"PCMU": (1, 1), "PCMA": (1, 1), "G722": (1, 1), "G726-32": (1, 2), "GSM": (33, 160), "G729": (10, 80)}
"""Octets of so many ticks of the RTP clock."""


def ticks(encoding: Encoding, size: int) -> int:
    """How far the timestamp goes with a payload of this size; 0 where the size is none of this encoding's."""
    if encoding.name == "L16":
        octets, last = 2 * encoding.channels, size // (2 * encoding.channels)
        return last if size % octets == 0 else 0
    if encoding.name == "G723":
        return next((240 * (size // frame) for frame in (24, 20) if size and size % frame == 0), 240 if size == 4 else 0)
    octets, last = _BYTES.get(encoding.name, (1, 0))
    rest = 2 if encoding.name == "G729" and size % octets == 2 else 0  # a frame of silence behind the others
    whole, over = divmod(size - rest, octets)
    return 0 if over else whole * last + (last if rest else 0)


@dataclass(slots=True)
class _Flow:
    """One stream of a pair that is still listened to."""

    packets: int = 0
    odd: int = 0
    """Packets that do not follow the one before."""
    fits: int = 0
    tagged: Counter[int] = field(default_factory=Counter)
    """How often a payload was so many octets too long."""
    judged: int = 0
    mapped: int = 0
    last: rtp.Rtp | None = None

    def add(self, packet: rtp.Rtp, codecs: dict[int, Encoding]) -> None:
        before, self.last = self.last, packet
        self.packets += 1
        if before is None:
            return
        step = (packet.sequence - before.sequence) & 0xFFFF
        if step > 50:
            self.odd += step < 0xFFF0  # a little late is no wonder
        if not step:  # the mirror shows it twice
            self.packets -= 1
            return
        if step != 1 or packet.payload_type != before.payload_type or packet.marker:
            return
        forward = (packet.timestamp - before.timestamp) & 0xFFFFFFFF
        if before.payload_type in codecs:
            self.mapped += codecs[before.payload_type].name != "TELEPHONE-EVENT" and 0 < forward < codecs[before.payload_type].clock
            return
        encoding, size = STATIC.get(before.payload_type), len(before.payload)
        if encoding is None or encoding.name in NO_AUDIO or not forward:
            return
        self.judged += 1
        self.fits += ticks(encoding, size) == forward
        for tag in TAGS:
            self.tagged[tag] += size > tag and ticks(encoding, size - tag) == forward

    @property
    def verdict(self) -> str:
        """`speech`, `secret`, `unknown`, or "" where it is not even RTP for sure."""
        if self.packets < PACKETS or self.odd * 20 > self.packets:
            return ""
        if 4 * self.mapped >= 3 * self.packets:
            return "speech"
        if self.judged < PACKETS // 2:
            return "unknown"
        if 5 * self.fits >= 4 * self.judged:
            return "speech"
        return "secret" if 5 * max(self.tagged.values(), default=0) >= 4 * self.judged else "unknown"


@dataclass(slots=True)
class _Pair:
    """Two addresses that exchange what looks like RTP."""

    first: Datagram
    first_at: int
    seen: int
    flows: dict[tuple[Address, int], _Flow] = field(default_factory=dict)
    held: list[tuple[Datagram, int]] = field(default_factory=list)
    passed_over: bool = False


_Key = tuple[Address, Address]


class Alone:
    """Pairs that are listened to, and the calls that were made of them."""

    def __init__(self, config: Config, via: str) -> None:
        self.on = config.capture.rtp_alone
        self._config, self._via = config, via
        self._codecs = sdp.rtpmaps(config.capture.rtp_alone_codecs)
        self._pairs: dict[_Key, _Pair] = {}
        self._dialogs: dict[CallId, Dialog] = {}
        self._calls: dict[Address, CallId] = {}
        """Address → the call that was made of it."""
        self._claims: dict[Address, CallId] = {}
        self._free: dict[Address, int] = {}
        """Addresses whose call is over, and when they were last heard."""
        self._held: list[tuple[Datagram, int]] = []
        self.refused = 0
        """Pairs that were let go, and addresses that found no place, because there were too many."""

    @property
    def dialogs(self) -> dict[CallId, Dialog]:
        """The calls under way or still remembered."""
        return self._dialogs

    def hear(self, datagram: Datagram, at: int, now: int) -> list[Effect]:
        """A packet that looks like RTP and belongs to no stream; what follows. See `take`."""
        if not self.on or datagram.cut or not rtp.looks_like_rtp(datagram.payload):
            return []
        ends = (datagram.source, datagram.destination)
        if any(end in self._claims for end in ends) or len(self._claims) >= MAX_CLAIMS:
            self._free |= {end: now for end in ends if end in self._free}
            return []
        if (call := self._calls.get(ends[0]) or self._calls.get(ends[1])) is not None:
            self.heard(call, at, now)  # one that is secret: its packets go nowhere
            return []
        key = (min(ends), max(ends))
        pair = self._pairs.pop(key, None) or self._open(datagram, at, now)
        self._pairs[key] = pair
        pair.seen = now
        return [] if pair.passed_over else self._weigh(key, pair, datagram, at, now)

    def take(self) -> list[tuple[Datagram, int]]:
        """Packets from before the decision, in the order they came."""
        found, self._held = self._held, []
        return found

    def claim(self, address: Address, call: CallId, now: int) -> list[Effect]:
        """Signalling announced this address: what is heard there is its own affair."""
        if not self.on:
            return []
        self._free.pop(address, None)
        if address not in self._claims and len(self._claims) >= MAX_CLAIMS:
            self.refused += 1
            return []
        self._claims[address] = call
        for key in [key for key in self._pairs if address in key]:
            del self._pairs[key]
        mine = self._dialogs.get(self._calls.get(address, CallId("")))
        return self._end(mine, "claimed", now) if mine is not None and mine.live else []

    def exclude(self, address: Address, call: CallId, now: int) -> list[Effect]:
        """The same, for a call that is not to be recorded: neither is what was heard there so far."""
        mine = self._dialogs.get(self._calls.get(address, CallId("")))
        if mine is not None and mine.live:
            mine.verdict = Verdict(record=False, reason=NotRecorded.EXCLUDED_LINE, detail="signalling that came later forbids it")
        return self.claim(address, call, now)

    def closed(self, call: CallId, now: int) -> None:
        """This call of signalling is over: its addresses are free once they are silent."""
        if self.on:
            self._free |= {address: now for address, owner in self._claims.items() if owner == call}

    def heard(self, call: CallId, at: int, now: int) -> None:
        """Audio of this call was heard."""
        dialog = self._dialogs.get(call)
        if dialog is not None:
            dialog.heard(at, now)

    def tick(self, now: int) -> list[Effect]:
        """What is due at `now`."""
        effects: list[Effect] = []
        for dialog in [dialog for dialog in self._dialogs.values() if dialog.deadline() <= now]:
            if dialog.live:
                effects += self._end(dialog, "" if dialog.recovered else "silence", now)
            elif not dialog.closed:
                effects += self._close(dialog, now)
            else:
                del self._dialogs[dialog.call]
        self._pairs = {key: pair for key, pair in self._pairs.items() if now - pair.seen <= AFTER}
        for address in [address for address, heard in self._free.items() if now - heard > AFTER]:
            del self._free[address], self._claims[address]
        return effects

    def finish(self, reason: str = "end_not_seen", *, cut: bool = False) -> list[Effect]:
        """The capture is over."""
        effects: list[Effect] = []
        for dialog in list(self._dialogs.values()):
            if dialog.live:
                dialog.recovered = dialog.recovered or cut
                effects += self._end(dialog, reason, dialog.now)
            if not dialog.closed:
                effects += self._close(dialog, dialog.now)
        return effects

    def rebuild(self, note: bytes, source: Address, destination: Address, at: int, now: int) -> list[Effect]:
        """The call of this note on the spool, after a restart."""
        kind, _, packet = note.partition(b"\n")
        return self._begin(Datagram(source, destination, packet), at, now, secret=kind == SECRET)

    def _open(self, datagram: Datagram, at: int, now: int) -> _Pair:
        while len(self._pairs) >= MAX_PAIRS:
            del self._pairs[next(iter(self._pairs))]
            self.refused += 1
        return _Pair(datagram, at, now)

    def _weigh(self, key: _Key, pair: _Pair, datagram: Datagram, at: int, now: int) -> list[Effect]:
        """Another packet of a pair: is it time to decide?"""
        flow = (datagram.source, int.from_bytes(datagram.payload[8:12], "big"))
        if flow not in pair.flows and len(pair.flows) >= MAX_FLOWS:
            pair.passed_over, pair.held = True, []
            return []
        try:
            pair.flows.setdefault(flow, _Flow()).add(rtp.parse(datagram.payload), self._codecs)
        except rtp.RtpError:
            pair.flows.setdefault(flow, _Flow()).odd += 1
        pair.held.append((datagram, at))
        if at - pair.first_at < WAIT and len(pair.held) < MAX_HELD:
            return []
        verdicts = {one.verdict for one in pair.flows.values()}
        if "secret" in verdicts or "speech" in verdicts:
            del self._pairs[key]
            secret = "secret" in verdicts
            self._held = [] if secret else pair.held
            return self._begin(pair.first, pair.first_at, now, secret=secret)
        if len(pair.held) >= MAX_HELD // 2 or "unknown" in verdicts:
            pair.passed_over, pair.held = True, []
        return [Weird("rtp-alone-unknown", datagram.payload[:64])] if "unknown" in verdicts else []

    def _begin(self, first: Datagram, at: int, now: int, *, secret: bool) -> list[Effect]:
        """A call; whoever was heard first is the caller."""
        if len(self._dialogs) >= self._config.capture.max_calls:
            return [Weird("calls-too-many", first.payload[:64])]
        ends = (first.source, first.destination)
        name = _name(first.payload, *ends)
        people = _people(*ends)
        dialog = Dialog(
            call=call_id(name, "", at), sip_call_id=name, caller_tag="", parties=people, started_at=at,
            verdict=decide(people.facts, self._config, at),
            start_seen=False, now=now, state=State.ANSWERED, answered_at=at, last_at=at, idle_limit=SILENCE,
            encrypted=secret, offered_audio=True,
        )  # fmt: skip
        self._dialogs[dialog.call] = dialog
        effects: list[Effect] = [
            Emit(dialog.begun(self._via)),
            Keep(dialog.call, at, *ends, (SECRET if secret else PLAIN) + b"\n" + first.payload),
            Emit(CallAnswered(at=at, call=dialog.call)),
        ]
        for side, address in zip(Side, ends, strict=True):
            self._calls[address] = dialog.call
            media = sdp.Media(
                kind="audio", host=address.host, port=address.port, protocol="RTP/SAVP" if secret else "RTP/AVP",
                encodings=dict(self._codecs),
            )  # fmt: skip
            dialog.media[side, address.host, address.port] = media
            if not secret and dialog.verdict.record:
                effects.append(Watch(dialog.call, side, address, media))
        return effects

    def _end(self, dialog: Dialog, reason: str, now: int) -> list[Effect]:
        """It ends where it was last heard, and its addresses are free at once."""
        effects = give_up(dialog, reason)
        dialog.now = now
        if dialog.recovered:
            return effects
        return effects + (self._close(dialog, now) if reason == "claimed" else [])

    def _close(self, dialog: Dialog, now: int) -> list[Effect]:
        dialog.closed, dialog.now = True, now
        for address in _ends(dialog):
            if self._calls.get(address) == dialog.call:
                del self._calls[address]
        close = closing(dialog)
        return [close._replace(detail=SRTP) if dialog.encrypted and dialog.verdict.record else close]


def id_of(note: bytes, source: Address, destination: Address, at: int) -> CallId:
    """The id of the call that this note on the spool begins."""
    return call_id(_name(note.partition(b"\n")[2], source, destination), "", at)


def _name(packet: bytes, source: Address, destination: Address) -> str:
    return f"rtp-{source}-{destination}-{packet[8:12].hex()}"


def _ends(dialog: Dialog) -> tuple[Address, Address]:
    """Caller's and called party's address."""
    caller, called = (Address(host, port) for _, host, port in dialog.media)
    return caller, called


def _number(address: Address) -> Number:
    text = host_text(address.host)
    return Number(raw=text, national=text, e164=None, kind=Kind.OTHER, prefix=None, carrier=None)


def _people(caller: Address, called: Address) -> Parties:
    numbers = _number(caller), _number(called)
    return Parties(
        caller=numbers[0],
        caller_name="",
        caller_reason=None,
        called=numbers[1],
        direction=Direction.UNKNOWN,
        line=None,
        facts=_facts(numbers, caller, called),
        headers=("no signalling was seen", f"rtp: {caller} {called}"),
    )


def _facts(numbers: tuple[Number, Number], caller: Address, called: Address) -> Facts:
    """What rules can ask of it: addresses alone."""
    return Facts(
        callers=(numbers[0],), withheld=None, called=(numbers[1],), lines=(), direction=Direction.UNKNOWN,
        hosts=(caller.host, called.host), domains=(),
    )  # fmt: skip
