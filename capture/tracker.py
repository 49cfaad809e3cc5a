"""SIP messages in, effects out: finds the call each message belongs to, or begins one. Pure; bounded by `capture.max_calls`.

A call is known by its Call-ID and the caller's tag. `now` is the clock on which deadlines run (monotonic when live, the capture's
own time in a replay); `at` is the message's timestamp.
"""

from __future__ import annotations

import re
from dataclasses import replace

from appliance.config import Config
from appliance.ids import CallId, call_id
from appliance.moments import SECOND
from appliance.records import CallAnswered, CallRinging, Direction, NotRecorded, Side
from capture import dark, parties, sdp
from capture.dialog import Dialog, Event, State, end_reason, event_of
from capture.effects import Close, Effect, Emit, Exclude, Keep, Secrecy, Shun, Watch, Weird
from capture.foretold import Foretold, Invite
from capture.frames import Address
from capture.groups import Groups
from capture.policy import decide
from capture.sip import Message, name_address
from capture.ties import Ties

MAX_MEDIA = 32
"""Addresses that one call may announce."""
MAX_BRANCHES = 64
"""INVITE transactions of one call that are open at once."""
_WITHIN = frozenset({"INVITE", "ACK", "UPDATE", "PRACK"})
"""Requests that show a call under way even if its beginning was not seen."""


class Tracker:
    """All calls under way."""

    def __init__(self, config: Config, via: str) -> None:
        self._config = config
        self._via = via
        self._by_call_id: dict[str, list[Dialog]] = {}
        self._dialogs: dict[CallId, Dialog] = {}
        self._foretold = Foretold()
        self.ties = Ties()

    def __len__(self) -> int:
        return len(self._dialogs)

    @property
    def dialogs(self) -> dict[CallId, Dialog]:
        """Every call that is under way or still remembered."""
        return self._dialogs

    def receive(self, message: Message, source: Address, destination: Address, at: int, now: int) -> list[Effect]:
        """What follows from this message."""
        if not message.call_id:
            return [Weird("sip-no-call-id", message.raw)]
        from_tag = name_address(message.get("from")).parameters.get("tag", "")
        to_tag = name_address(message.get("to")).parameters.get("tag", "")
        dialog = self._find(message, from_tag, to_tag)
        if dialog is None:
            foretold = self._foretold.began(message.call_id, from_tag)
            at = at if foretold is None else foretold
            dialog = self._begin(message, source, destination, at, now, from_tag=from_tag, to_tag=to_tag)
            if dialog is None:
                self.ties.contacts.hear(message, source)
                return self._unplaced(message, to_tag)
            effects: list[Effect] = [] if foretold else [Emit(dialog.begun(self._via))]
            effects.append(Keep(dialog.call, at, source, destination, message.raw))
            if dialog.state is State.ANSWERED:
                effects.append(Emit(CallAnswered(at=at, call=dialog.call)))
        else:
            effects = [Keep(dialog.call, at, source, destination, message.raw)] if not dialog.closed else []
        side = dialog.side_of(message, from_tag)
        if dialog.live:
            dialog.now, dialog.last_at, dialog.recovered = now, at, False
            if message.is_request and message.method == "INVITE":
                effects += self._judge(dialog, side, message, source, destination)
            effects += self._describe(dialog, side, message, at)
            effects += _advance(dialog, side, message, at)
        if not dialog.closed:
            effects += self.ties.hear(dialog, side, message, source, destination, at)
        return effects

    def foretell(self, message: Message, source: Address, destination: Address, at: int, now: int) -> CallRinging | None:
        """What `receive` will tell of the call that this INVITE is to begin; None where it begins none, or was foretold."""
        from_tag = name_address(message.get("from")).parameters.get("tag", "")
        to_tag = name_address(message.get("to")).parameters.get("tag", "")
        full = len(self._dialogs) + len(self._foretold) >= self._config.capture.max_calls
        if full or to_tag or not message.call_id or self._find(message, from_tag, to_tag) is not None:
            return None
        dialog = self._made(message, source, destination, at, now, from_tag=from_tag, fresh=True)
        told = self._foretold.add(from_tag, Invite(message, source, destination, at, now))
        return dialog.begun(self._via) if told else None

    def greeted(self, call: CallId, hello: int, source: Address, destination: Address, at: int) -> list[Effect]:
        """A hello of DTLS at an address of this call. Once both sides have said theirs, what follows is SRTP without known keys."""
        dialog = self._dialogs.get(call)
        if dialog is None or not dialog.live or dialog.dtls:
            return []
        if hello == dark.CLIENT_HELLO:
            dialog.hello = source
        if hello != dark.SERVER_HELLO or dialog.hello != destination:
            return []
        effects: list[Effect] = [Secrecy(call, side, at, (), secure=True, plain=False) for side in Side]
        if not dialog.secret:  # what was heard before was plain
            effects.insert(0, Secrecy(call, Side.CALLER, dialog.started_at, (), secure=False, plain=True))
        dialog.dtls = dialog.secret = True
        return effects

    def tick(self, now: int) -> list[Effect]:
        """What is due at `now` without a message: calls that are over, unanswered or forgotten."""
        effects: list[Effect] = []
        for invite in self._foretold.overdue(now):
            effects += self.receive(invite.message, invite.source, invite.destination, invite.at, now)
        for dialog in [dialog for dialog in self._dialogs.values() if dialog.deadline() <= now]:
            if dialog.live:
                effects += give_up(dialog)
                dialog.now = now
            elif not dialog.closed:
                if not self.ties.awaits(dialog, now):
                    dialog.now = now
                    effects.append(self._close(dialog))
            else:
                self._forget(dialog)
        return effects

    def finish(self, reason: str = "end_not_seen", *, cut: bool = False) -> list[Effect]:
        """The capture is over: every call that is open ends where it was last heard."""
        effects: list[Effect] = []
        for dialog in list(self._dialogs.values()):
            if dialog.live:
                dialog.recovered = dialog.recovered or cut
                effects += give_up(dialog, reason)
            if not dialog.closed:
                effects.append(self._close(dialog))
        return effects

    def heard(self, call: CallId, at: int, now: int) -> None:
        """Media of this call was heard."""
        dialog = self._dialogs.get(call)
        if dialog is not None:
            dialog.heard(at, now)

    def _find(self, message: Message, from_tag: str, to_tag: str) -> Dialog | None:
        """The newest call of this Call-ID and tag that the message may belong to; what is older than its INVITE is the one before's."""
        found = [
            dialog
            for dialog in reversed(self._by_call_id.get(message.call_id, []))
            if dialog.caller_tag in (from_tag, to_tag) and not _starts_anew(dialog, message, to_tag)
        ]
        for dialog in found:
            if from_tag != dialog.caller_tag or message.sequence >= dialog.sequence:
                return dialog
        return found[0] if found else None

    def _begin(
        self, message: Message, source: Address, destination: Address, at: int, now: int, *, from_tag: str, to_tag: str
    ) -> Dialog | None:
        """A call from its INVITE, or from a message that shows it under way."""
        fresh = message.is_request and message.method == "INVITE" and not to_tag
        if not fresh and not _shows_call(message, to_tag):
            return None
        if len(self._dialogs) >= self._config.capture.max_calls and not self._drop_a_tombstone():
            return None
        dialog = self._made(message, source, destination, at, now, from_tag=from_tag, fresh=fresh)
        self._dialogs[dialog.call] = dialog
        self._by_call_id.setdefault(message.call_id, []).append(dialog)
        return dialog

    def _made(
        self, message: Message, source: Address, destination: Address, at: int, now: int, *, from_tag: str, fresh: bool
    ) -> Dialog:
        under_way = not fresh and (message.is_request or message.status >= 200)
        found = parties.read(message, source, destination, self._config, reverse=not message.is_request)
        return Dialog(
            call=call_id(message.call_id, from_tag, at),
            sip_call_id=message.call_id,
            caller_tag=from_tag,
            parties=found,
            verdict=decide(found.facts, self._config, at),
            started_at=at,
            start_seen=fresh,
            now=now,
            state=State.ANSWERED if under_way else State.CALLING,
            answered_at=at if under_way else None,
            last_at=at,
            idle_limit=self._config.capture.idle_minutes * 60 * SECOND,
        )

    def _judge(self, dialog: Dialog, side: Side, message: Message, source: Address, destination: Address) -> list[Effect]:
        """Whether the call is recorded, asked anew at each INVITE: it may tell more. What was once excluded stays so."""
        if not dialog.verdict.record:
            return []
        facts = parties.read(message, source, destination, self._config, reverse=side is Side.CALLED).facts
        if dialog.parties.direction is not Direction.UNKNOWN:
            facts = replace(facts, direction=dialog.parties.direction)
        dialog.verdict = decide(facts, self._config, dialog.started_at)
        replaced = message.get("replaces").partition(";")[0].strip()  # RFC 3891: it goes on with another dialog's talk
        for other in self._by_call_id.get(replaced, []) if replaced else []:
            if not other.verdict.record:
                dialog.verdict = other.verdict
        return [] if dialog.verdict.record else [Exclude(dialog.call)]

    def _unplaced(self, message: Message, to_tag: str) -> list[Effect]:
        """Messages of no call: registrations and the like are none of ours; calls we should know are a weird."""
        if message.method == "INVITE" and message.is_request:
            return [Weird("calls-too-many", message.raw)]
        if message.method == "BYE" and message.is_request:
            return [Weird("sip-bye-without-call", message.raw)]
        if message.method == "INVITE" and message.status >= 200:
            return [Weird("sip-response-without-request", message.raw)]
        return []

    def _describe(self, dialog: Dialog, side: Side, message: Message, at: int) -> list[Effect]:
        """Addresses that a session description in this message announces for its sender."""
        body = sdp.body_of(message.get("content-type"), message.body) if message.body else b""
        if not body:
            return []
        try:
            sections = sdp.parse(body)
        except sdp.SdpError:
            return [Weird("sdp-damaged", message.raw)]
        sections = tuple(media for media in sections if media.kind == "audio" and media.port)
        effects = _secrecy(dialog, side, sections, at)
        for media in sections:
            dialog.offered_audio = True
            dialog.encrypted = dialog.encrypted or media.encrypted
            key = (side, media.host, media.port)
            if media.held or not media.host or dialog.media.get(key) == media:
                continue
            if len(dialog.media) >= MAX_MEDIA and key not in dialog.media:
                effects.append(Weird("media-addresses-many", message.raw))
                continue
            dialog.media[key] = media
            if dialog.verdict.record and (media.keys or not media.encrypted):
                effects.append(Watch(dialog.call, side, Address(media.host, media.port), media))
            else:
                effects.append(Shun(dialog.call, Address(media.host, media.port)))
        return effects

    def _close(self, dialog: Dialog) -> Close:
        dialog.closed = True
        return self.ties.close(_closing(dialog))

    def _forget(self, dialog: Dialog) -> None:
        del self._dialogs[dialog.call]
        rest = [other for other in self._by_call_id[dialog.sip_call_id] if other is not dialog]
        if rest:
            self._by_call_id[dialog.sip_call_id] = rest
        else:
            del self._by_call_id[dialog.sip_call_id]

    def _drop_a_tombstone(self) -> bool:
        oldest = next((dialog for dialog in self._dialogs.values() if dialog.closed), None)
        if oldest is not None:
            self._forget(oldest)
        return oldest is not None


def _secrecy(dialog: Dialog, side: Side, sections: tuple[sdp.Media, ...], at: int) -> list[Effect]:
    """What this description says of SRTP, once there is something to be said. A plain profile with keys speaks either (RFC 8643)."""
    secure = dialog.dtls or any(media.encrypted or media.keyed for media in sections)
    plain = not dialog.dtls and any(not media.encrypted for media in sections)
    if not sections or not (secure or dialog.secret):
        return []
    dialog.secret = True
    keys = tuple(key for media in sections for key in media.keys)
    return [Secrecy(dialog.call, side, at, keys, secure, plain)]


def _starts_anew(dialog: Dialog, message: Message, to_tag: str) -> bool:
    """Whether this is a new INVITE after the call has ended: the caller uses Call-ID and tag again, or a proxy tries the next phone."""
    if not message.is_request or message.method != "INVITE" or to_tag or dialog.live:
        return False
    return message.sequence > dialog.sequence or _branch(message) not in dialog.seen


def _branch(message: Message) -> str:
    """The branch of the topmost Via, which names the transaction (RFC 3261 §8.1.1.7)."""
    return name_address(next(iter(message.all("via")), "")).parameters.get("branch", "")


def _shows_call(message: Message, to_tag: str) -> bool:
    if message.is_request:
        return bool(to_tag) and message.method in _WITHIN and (message.method == "INVITE" or bool(message.body))
    return message.method == "INVITE" and 100 < message.status < 300


def _advance(dialog: Dialog, side: Side, message: Message, at: int) -> list[Effect]:
    """Move the call along its table and report what changed."""
    event = event_of(message)
    if event is None:
        return []
    branch = _branch(message)
    if event is Event.INVITE:
        many = branch not in dialog.seen and len(dialog.seen) >= MAX_BRANCHES
        if not many:
            dialog.seen.add(branch)
        if dialog.state is not State.ANSWERED and branch not in dialog.branches and len(dialog.branches) < MAX_BRANCHES:
            dialog.branches.add(branch)
            dialog.cancelled = False  # it was another branch that was cancelled: the call rings on at this one
        if side is Side.CALLER:
            dialog.sequence = max(dialog.sequence, message.sequence)
        dialog.session_expires = _session_expires(message) or dialog.session_expires
        dialog.take(event, at)
        return [Weird("sip-branches-many", message.raw)] if many else []
    if event is Event.CANCEL:
        dialog.cancelled = True
    elif event in (Event.FAILURE, Event.CHALLENGE):
        if branch not in dialog.branches and len(dialog.branches) == 1:  # some boxes on the way write a Via of their own
            dialog.branches.clear()
        dialog.branches.discard(branch)
        if dialog.branches:  # another branch of a forked INVITE is still open
            return []
        if dialog.state is not State.ANSWERED:  # else it is a re-INVITE or another branch that fails
            dialog.sip_status = message.status
            dialog.end_reason = end_reason(message, side, cancelled=dialog.cancelled)
    elif event is Event.ANSWER:
        dialog.session_expires = _session_expires(message)  # without one there is no session timer (RFC 4028 §7.2)
        dialog.sip_status = message.status
        dialog.branches.clear()
    if not dialog.take(event, at):
        return []
    if dialog.state is State.ANSWERED:
        return [Emit(CallAnswered(at=at, call=dialog.call))]
    if dialog.state is State.ENDED:
        dialog.end_reason = end_reason(message, side, cancelled=dialog.cancelled)
        return [Emit(dialog.ended())]
    return []


def _session_expires(message: Message) -> int | None:
    """Session-Expires in seconds (RFC 4028 §4)."""
    found = re.match(r"\s*(\d{1,7})", message.get("session-expires"))
    return int(found[1]) if found and int(found[1]) else None


def give_up(dialog: Dialog, reason: str = "") -> list[Effect]:
    """The call's end was not seen: it ends where it was last heard."""
    answered = dialog.state is State.ANSWERED
    challenged = dialog.state is State.CHALLENGED
    dialog.take(Event.DEADLINE, dialog.last_at)
    if challenged:  # and nobody tried again: the challenge itself said why
        return [Emit(dialog.ended())]
    dialog.end_seen = False
    if dialog.recovered:
        dialog.end_reason = "recorder_stopped"
    elif reason:
        dialog.end_reason = reason
    elif answered:
        dialog.end_reason = "end_not_seen"
    else:
        dialog.end_reason = "cancelled" if dialog.cancelled else "no_response"
    return [Emit(dialog.ended())]


def closing(dialog: Dialog) -> Close:
    """The end of a call that nothing is tied to."""
    return Groups().close(_closing(dialog))


def _closing(dialog: Dialog) -> Close:
    """Its end for the recorder: whether it may be a recording, and why not if it is none."""
    reason, detail = _why_not(dialog)
    return Close(
        dialog.call,
        dialog.ended(),
        cut=dialog.end_reason == "recorder_stopped",
        recordable=dialog.verdict.record and not (_srtp_agreed(dialog) and not _keys_seen(dialog)),
        reason=reason,
        detail=detail,
        announced=tuple(dict.fromkeys(str(Address(host, port)) for _, host, port in dialog.media)),
    )


def _srtp_agreed(dialog: Dialog) -> bool:
    """Whether both sides keyed a plain profile: then what flows is SRTP all the same (RFC 8643)."""
    return {side for (side, _, _), media in dialog.media.items() if media.keyed} == set(Side)


def _keys_seen(dialog: Dialog) -> bool:
    """Whether the signalling carried keys."""
    return any(media.keys for media in dialog.media.values())


def _why_not(dialog: Dialog) -> tuple[NotRecorded, str]:
    """Why there is no recording, in case no audio was captured."""
    if not dialog.verdict.record:
        return dialog.verdict.reason, dialog.verdict.detail
    if dialog.dtls or dialog.encrypted or _srtp_agreed(dialog):
        if dialog.dtls or (not _keys_seen(dialog) and any(media.fingerprint for media in dialog.media.values())):
            return NotRecorded.ENCRYPTED, dark.DTLS_SRTP
        return NotRecorded.ENCRYPTED, f"SRTP was negotiated{', and no packet was seen' if _keys_seen(dialog) else ''}"
    if dialog.answered_at is None:
        return NotRecorded.NOT_ANSWERED, dialog.end_reason
    if not dialog.offered_audio:
        return NotRecorded.NO_MEDIA, "no audio was described" if dialog.start_seen else "the beginning was not seen"
    return NotRecorded.NO_MEDIA, "no packet of the described audio was seen"
