"""Skinny messages in, effects out: what phones and their call manager say becomes the same facts that SIP gives. Pure, bounded.

A talk is what people call a call: one leg (`legs.py`), or the legs of both phones on the mirror. Legs are of one talk when they have
one reference; when one calls and the other rings with the same two numbers; and when one sends its audio to the address at which the
other receives. The phone that calls is the caller, whichever was seen first.

A leg's messages wait until it is known who calls whom; a phone that is only lifted and laid down leaves nothing. What the spool holds
of a talk are its messages as seen, so that they rebuild it. A talk is a `Dialog`, moved by that table.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance.config import Config
from appliance.ids import CallId
from appliance.moments import SECOND
from appliance.records import CallAnswered, NotRecorded, Side
from capture import sccp, sdp
from capture.dialog import Dialog, Event, State
from capture.effects import Close, Effect, Emit, Keep, Secrecy, Shun, Watch, Weird
from capture.frames import Address
from capture.legs import RINGS, Key, Leg, id_of
from capture.policy import decide
from capture.sccp_codes import FROM_PHONE, CallState, Id
from capture.tracker import MAX_MEDIA, closing, give_up

MAX_PENDING = 64
"""Messages of a leg that wait until it is known who calls whom."""
MAX_LEGS = 32
"""Of one talk: a group of phones that ring."""
MAX_RECEIVES = 16
_BEGIN = frozenset({CallState.OFF_HOOK, CallState.RING_OUT, CallState.RING_IN, CallState.CONNECTED, CallState.PROCEED})


class Skinny:
    """All talks of Skinny phones under way."""

    def __init__(self, config: Config, via: str) -> None:
        self._config, self._via = config, via
        self._legs: dict[Key, Leg] = {}
        self._talks: dict[CallId, Dialog] = {}
        self._of: dict[CallId, list[Leg]] = {}
        self._parties: dict[tuple[Address, Address, int], Key] = {}
        """(call manager, phone, passThruPartyID) → leg, for answers that name no call."""
        self._receiving: dict[Address, Leg] = {}

    @property
    def dialogs(self) -> dict[CallId, Dialog]:
        """Every talk that is under way or still remembered."""
        return self._talks

    def receive(self, message: sccp.Message, raw: bytes, source: Address, destination: Address, at: int, now: int) -> list[Effect]:
        """What follows from this message."""
        phone, manager = (source, destination) if message.id in FROM_PHONE else (destination, source)
        if message.id in (Id.REGISTER, Id.UNREGISTER):
            return self._let_go(phone.host, now)
        leg = self._leg(message, manager, phone, at, now)
        if leg is None:
            return self._beyond(raw) if self._may_begin(message) else []
        if leg.over and not (leg.talk is not None and leg.talk.live):
            return []
        leg.now = now
        effects: list[Effect] = []
        if leg.talk is None:
            leg.pending.append(Keep(CallId(""), at, source, destination, raw))
            if len(leg.pending) > MAX_PENDING:  # the first one names the call
                del leg.pending[1]
        else:
            leg.talk.now, leg.talk.last_at, leg.talk.recovered = now, max(at, leg.talk.last_at), False
            effects.append(Keep(leg.talk.call, at, source, destination, raw))
        leg.learn(message)
        if isinstance(message, sccp.Receive):
            self._expect(leg, message)
        if leg.talk is None and not leg.over and (leg.is_told or isinstance(message, (sccp.Send, sccp.Ack))):
            effects += self._place(leg, message, at, now)
        if leg.talk is not None:
            effects += self._audio(leg, message, at)
            effects += self._advance(leg, message, at)
        elif leg.over:
            self._drop(leg)
        return effects

    def tick(self, now: int) -> list[Effect]:
        """What is due at `now` without a message."""
        effects: list[Effect] = []
        for talk in [talk for talk in self._talks.values() if talk.deadline() <= now]:
            if talk.live:
                effects += give_up(talk)
                talk.now = now
            elif not talk.closed:
                talk.closed, talk.now = True, now
                effects.append(closing(talk))
            else:
                self._forget(talk)
        limit = self._config.capture.idle_minutes * 60 * SECOND
        for leg in [leg for leg in self._legs.values() if leg.talk is None and now - leg.now > limit]:
            self._drop(leg)
        return effects

    def finish(self, reason: str = "end_not_seen", *, cut: bool = False) -> list[Effect]:
        """The capture is over: every talk that is open ends where it was last heard."""
        effects: list[Effect] = []
        for talk in self._talks.values():
            if talk.live:
                talk.recovered = talk.recovered or cut
                effects += give_up(talk, reason)
            if not talk.closed:
                talk.closed = True
                effects.append(closing(talk))
        return effects

    def heard(self, call: CallId, at: int, now: int) -> None:
        """Audio of this talk was heard."""
        talk = self._talks.get(call)
        if talk is not None:
            talk.heard(at, now)

    # Legs

    def _leg(self, message: sccp.Message, manager: Address, phone: Address, at: int, now: int) -> Leg | None:
        """The leg that a message is of, begun if it may begin one."""
        reference = message.reference
        if not reference and isinstance(message, sccp.Ack):
            key = self._parties.get((manager, phone, message.party))
            return None if key is None else self._legs.get(key)
        if not reference:
            if message.id not in (Id.ON_HOOK, Id.SOFT_KEY, Id.KEYPAD):
                return None
            held = [leg for leg in self._legs.values() if leg.key[:2] == (manager, phone) and not leg.over]
            return held[0] if len(held) == 1 else None
        key = (manager, phone, reference)
        leg = self._legs.get(key)
        if leg is None and self._may_begin(message) and len(self._legs) < 2 * self._config.capture.max_calls:
            leg = self._legs[key] = Leg(key=key, began_at=at, now=now)
        return leg

    def _may_begin(self, message: sccp.Message) -> bool:
        if isinstance(message, sccp.State):
            return message.reference > 0 and message.state in _BEGIN
        return message.reference > 0 and isinstance(message, (sccp.Info, sccp.Receive, sccp.Send))

    def _expect(self, leg: Leg, message: sccp.Receive) -> None:
        while len(leg.receives) >= MAX_RECEIVES:
            self._parties.pop((*leg.key[:2], next(iter(leg.receives))), None)
            del leg.receives[next(iter(leg.receives))]
        leg.receives[message.party] = message
        self._parties[(*leg.key[:2], message.party)] = leg.key

    def _drop(self, leg: Leg) -> None:
        self._legs.pop(leg.key, None)
        for party in leg.receives:
            self._parties.pop((*leg.key[:2], party), None)

    def _let_go(self, phone: bytes, now: int) -> list[Effect]:
        """A phone registers (again): whatever it had is over."""
        effects: list[Effect] = []
        for leg in [leg for leg in self._legs.values() if leg.key[1].host == phone and not leg.over]:
            leg.over = True
            talk = leg.talk
            if talk is None:
                self._drop(leg)
            elif talk.live and all(other.over for other in self._of[talk.call]):
                effects += give_up(talk)
                talk.now = now
        return effects

    # Talks

    def _place(self, leg: Leg, message: sccp.Message, at: int, now: int) -> Iterator[Effect]:
        """Put a leg into its talk, begun if there is none; its messages so far are the talk's."""
        leg.side = Side.CALLER if leg.calls else Side.CALLED
        far, mate = self._far(leg, message), self._mate(leg)
        if far is not None and far.talk is not None:
            talk, leg.side = far.talk, far.side.other
        elif mate is not None and mate.talk is not None:
            talk = mate.talk
        elif len(self._talks) >= self._config.capture.max_calls and not self._drop_a_tombstone():
            yield Weird("calls-too-many", message.__class__.__name__.encode())
            self._drop(leg)
            return
        else:
            talk = self._begin(leg, now)
            yield Emit(talk.begun(self._via))
        leg.talk = talk
        self._of.setdefault(talk.call, []).append(leg)
        for keep in leg.pending:
            yield keep._replace(call=talk.call)
        leg.pending = []
        if talk.verdict.record:  # the other phone may know a number that is never recorded
            talk.verdict = decide(leg.people(self._config).facts, self._config, talk.started_at)
        for receive in leg.receives.values():
            yield from _secrecy(talk, leg.side.other, receive, at)

    def _far(self, leg: Leg, message: sccp.Message) -> Leg | None:
        """The leg that receives where this one sends."""
        if not isinstance(message, sccp.Send) or message.address is None:
            return None
        far = self._receiving.get(message.address)
        usable = far is not None and far.talk is not None and far.talk.live and far.key[1] != leg.key[1]
        return far if usable else None

    def _mate(self, leg: Leg) -> Leg | None:
        """A leg of the same talk, by reference or numbers."""
        for talk in reversed(self._talks.values()):
            mates = self._of.get(talk.call, [])
            if (
                talk.live
                and len(mates) < MAX_LEGS
                and (found := next((one for one in mates if leg.is_of_one_talk_with(one)), None))
            ):
                return found
        return None

    def _begin(self, leg: Leg, now: int) -> Dialog:
        manager, phone, reference = leg.key
        call = id_of(leg.key, leg.began_at)
        self._talks[call] = talk = Dialog(
            call=call, sip_call_id=f"skinny-{reference}@{manager}", caller_tag=str(phone), parties=leg.people(self._config),
            started_at=leg.began_at, start_seen=leg.start_seen, now=now, last_at=leg.pending[-1].at,
            idle_limit=self._config.capture.idle_minutes * 60 * SECOND,
        )  # fmt: skip
        talk.verdict = decide(talk.parties.facts, self._config, leg.began_at)
        return talk

    def _advance(self, leg: Leg, message: sccp.Message, at: int) -> Iterator[Effect]:
        """Move the talk along its table."""
        talk = leg.talk
        if talk is None or not talk.live:
            return
        if isinstance(message, (sccp.State, sccp.Info)) and leg.state in RINGS:
            talk.take(Event.RINGING, at)
        if leg.connected and talk.take(Event.ANSWER, at):
            yield Emit(CallAnswered(at=at, call=talk.call))
        mates = self._of[talk.call]
        if leg.over and (all(mate.over for mate in mates) or (leg.connected and not any(mate.holds for mate in mates))):
            answered = talk.state is State.ANSWERED
            ender = next((mate for mate in mates if mate.hung_up), None)
            side = ender.side if ender is not None else leg.side.other
            why = next((mate.why for mate in mates if mate.why), "cancelled")
            if talk.take(Event.BYE if answered else Event.FAILURE, at):
                talk.end_reason = f"hangup_{side.value}" if answered else why
                yield Emit(talk.ended())

    # Audio

    def _audio(self, leg: Leg, message: sccp.Message, at: int) -> Iterator[Effect]:
        """Where audio goes, and in which encodings."""
        talk = leg.talk
        if talk is None or not talk.live:
            return
        if isinstance(message, sccp.Receive):
            yield from _secrecy(talk, leg.side.other, message, at)
        elif isinstance(message, sccp.Ack) and message.id == Id.RECEIVE_ACK and message.address is not None:
            told = leg.receives.get(message.party)
            if told is not None:
                yield from self._watch(talk, leg.side, message.address, told)
                if (leg.side, message.address.host, message.address.port) in talk.media:
                    self._receiving[message.address] = leg
        elif isinstance(message, sccp.Send) and message.address is not None:
            yield from self._join(leg, message.address)
            if leg.talk is not None:
                yield from _secrecy(leg.talk, leg.side, message, at)
                yield from self._watch(leg.talk, leg.side.other, message.address, message)

    def _watch(self, talk: Dialog, side: Side, address: Address, told: sccp.Receive | sccp.Send) -> Iterator[Effect]:
        media = sdp.Media(
            kind="audio", host=address.host, port=address.port, protocol="RTP/SAVP" if told.secret else "RTP/AVP",
            encodings=told.encodings, keyed=told.secret, keys=told.keys,
        )  # fmt: skip
        talk.offered_audio = True
        talk.encrypted = talk.encrypted or (told.secret and not told.keys)
        key = (side, address.host, address.port)
        if talk.media.get(key) == media:
            return
        if len(talk.media) >= MAX_MEDIA and key not in talk.media:
            yield Weird("media-addresses-many", str(address).encode())
            return
        talk.media[key] = media
        if talk.verdict.record and (media.keys or not media.encrypted):
            yield Watch(talk.call, side, address, media)
        else:
            yield Shun(talk.call, address)

    def _join(self, leg: Leg, address: Address) -> Iterator[Effect]:
        """The leg sends where a leg of another talk receives: the numbers did not show that they are one."""
        far, talk = self._receiving.get(address), leg.talk
        if far is None or far.talk is None or talk is None or far.talk is talk or not far.talk.live or far.key[1] == leg.key[1]:
            return
        first, second = sorted((talk, far.talk), key=lambda each: each.started_at)
        moved, stays = (leg, far) if second is talk else (far, leg)
        mates = self._of.pop(second.call)
        side = stays.side.other
        for mate in mates:
            mate.talk, mate.side = first, side if mate.side is moved.side else side.other
        self._of[first.call] += mates
        answered = second.state is State.ANSWERED
        second.take(Event.BYE if answered else Event.FAILURE, second.last_at)
        second.end_reason, second.closed = "joined", True
        self._of[second.call] = []
        first.verdict = first.verdict if second.verdict.record else second.verdict
        yield Emit(second.ended())
        detail = f"the same talk as call {first.call}"
        yield Close(
            second.call, second.ended(), cut=False, recordable=False, reason=NotRecorded.TIED, detail=detail, tied=first.call
        )
        for (was, host, port), media in second.media.items():
            now = side if was is moved.side else side.other
            first.media[now, host, port] = media
            if first.verdict.record:
                yield Watch(first.call, now, Address(host, port), media)

    def _forget(self, talk: Dialog) -> None:
        del self._talks[talk.call]
        for leg in self._of.pop(talk.call, []):
            self._drop(leg)
        gone = [address for address, leg in self._receiving.items() if leg.talk is talk]
        for address in gone:
            del self._receiving[address]

    def _drop_a_tombstone(self) -> bool:
        oldest = next((talk for talk in self._talks.values() if talk.closed), None)
        if oldest is not None:
            self._forget(oldest)
        return oldest is not None

    def _beyond(self, raw: bytes) -> list[Effect]:
        return [Weird("calls-too-many", raw[:256])]


def _secrecy(talk: Dialog, side: Side, told: sccp.Receive | sccp.Send, at: int) -> Iterator[Effect]:
    """What is said of SRTP, once there is something to be said."""
    if told.secret or talk.secret:
        talk.secret = True
        yield Secrecy(talk.call, side, at, told.keys, secure=told.secret, plain=not told.secret)
