"""One call as a state machine over SIP messages (RFC 3261 §12, §13, §15; RFC 3262; RFC 3311). Pure.

The theory: a call begins with an INVITE outside a dialog and ends once, with its last branch. A passive listener may have missed
its beginning (it then starts in ANSWERED, from a message within the dialog) or miss its end (a deadline ends it). A challenge or a
"try again so" (401, 407, 422 …) is no end: the same caller sends the INVITE again at once, and for the office it is one call.
A proxy on the mirror shows one INVITE as several transactions, some of which fail while another rings on: the call fails with the
last of them. `python -m capture.dialog` draws the table below with Graphviz.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from appliance.ids import CallId
from appliance.moments import SECOND
from appliance.records import CallEnded, CallRinging, Side
from capture.frames import Address
from capture.parties import Parties
from capture.policy import RECORD, Verdict
from capture.sdp import Media
from capture.sip import Message


class State(StrEnum):
    """Where a call is."""

    CALLING = "calling"
    RINGING = "ringing"
    CHALLENGED = "challenged"
    ANSWERED = "answered"
    ENDED = "ended"


class Event(StrEnum):
    """What a message means for the call."""

    INVITE = "invite"
    RINGING = "ringing"
    CHALLENGE = "challenge"
    ANSWER = "answer"
    FAILURE = "failure"
    CANCEL = "cancel"
    BYE = "bye"
    DEADLINE = "deadline"


TABLE: dict[tuple[State, Event], State] = {
    (State.CALLING, Event.RINGING): State.RINGING,
    (State.CALLING, Event.CHALLENGE): State.CHALLENGED,
    (State.CALLING, Event.ANSWER): State.ANSWERED,
    (State.CALLING, Event.FAILURE): State.ENDED,
    (State.CALLING, Event.BYE): State.ENDED,
    (State.CALLING, Event.DEADLINE): State.ENDED,
    (State.RINGING, Event.RINGING): State.RINGING,
    (State.RINGING, Event.CHALLENGE): State.CHALLENGED,
    (State.RINGING, Event.ANSWER): State.ANSWERED,
    (State.RINGING, Event.FAILURE): State.ENDED,
    (State.RINGING, Event.BYE): State.ENDED,
    (State.RINGING, Event.DEADLINE): State.ENDED,
    (State.CHALLENGED, Event.INVITE): State.CALLING,
    (State.CHALLENGED, Event.DEADLINE): State.ENDED,
    (State.ANSWERED, Event.BYE): State.ENDED,
    (State.ANSWERED, Event.DEADLINE): State.ENDED,
}
"""What is not in the table changes nothing (a re-INVITE, a late 180, a CANCEL that the answer overtook …)."""

_AGAIN = frozenset({401, 407, 413, 420, 421, 422, 423, 428, 429, 433, 436, 437, 438, 469, 494})
"""Final responses after which the same INVITE is sent again, amended (RFC 3261 §22, RFC 4028 §6 …)."""

NO_RESPONSE = 200 * SECOND
"""An INVITE without a final response: Timer C is above three minutes (§16.6)."""
AGAIN = 10 * SECOND
CANCELLED = 32 * SECOND
"""After a CANCEL the final response comes within 64·T1 (§9.1)."""
LINGER = 1 * SECOND
"""How long the last packets of an ended call may still be on their way."""
TOMBSTONE = 40 * SECOND
"""How long retransmissions of an ended call are recognised: 64·T1 and some (§17)."""

_END_REASONS = {
    300: "redirected", 301: "redirected", 302: "redirected", 305: "redirected", 380: "redirected",
    401: "unauthorized", 407: "unauthorized", 403: "rejected", 404: "not_found", 484: "not_found", 604: "not_found",
    408: "no_answer", 480: "no_answer", 486: "busy", 600: "busy", 487: "cancelled", 603: "rejected", 607: "rejected",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Dialog:
    """One call under way: its facts so far. Changed only by `Dialog.take` and the tracker."""

    call: CallId
    sip_call_id: str
    caller_tag: str
    parties: Parties
    started_at: int
    start_seen: bool
    now: int
    """The tracker's clock at the last message or media packet; deadlines count from here."""
    verdict: Verdict = RECORD
    state: State = State.CALLING
    sequence: int = -1
    """CSeq of the newest INVITE from the caller."""
    ringing_at: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None
    end_reason: str = ""
    sip_status: int | None = None
    end_seen: bool = True
    cancelled: bool = False
    encrypted: bool = False
    secret: bool = False
    """Whether a description of it spoke of SRTP."""
    hello: Address | None = None
    """Who sent a ClientHello of DTLS at one of its addresses."""
    dtls: bool = False
    """Whether the keys of its audio are agreed on by DTLS: nobody but the two ends knows them."""
    offered_audio: bool = False
    session_expires: int | None = None
    last_at: int = 0
    """The capture's time of the newest packet."""
    idle_limit: int = 3600 * SECOND
    recovered: bool = False
    """Taken over from a recorder that was stopped; until something is heard of it, only for a short while."""
    closed: bool = False
    """Whether its streams are closed; then it is only remembered for retransmissions."""
    media: dict[tuple[Side, bytes, int], Media] = field(default_factory=dict)
    branches: set[str] = field(default_factory=set)
    """Via branches of INVITE transactions without a final response."""
    seen: set[str] = field(default_factory=set)
    """Via branches of every INVITE that belongs to this call, to know a retransmission from a new try."""

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.state is not State.ENDED

    def heard(self, at: int, now: int) -> None:
        """Speech of this call was heard."""
        if self.state is not State.ENDED:
            self.now, self.last_at, self.recovered = now, max(at, self.last_at), False

    def side_of(self, message: Message, from_tag: str) -> Side:
        """Who sent this message of the call. A response keeps the From of the request that it answers."""
        by_caller = from_tag == self.caller_tag
        return Side.CALLER if by_caller == message.is_request else Side.CALLED

    def take(self, event: Event, at: int) -> bool:
        """Move along the table; returns whether the state is another one now."""
        following = TABLE.get((self.state, event), self.state)
        changed = following is not self.state
        self.state = following
        if event is Event.RINGING and self.ringing_at is None and following is State.RINGING:
            self.ringing_at = at
        if changed and following is State.ANSWERED:
            self.answered_at = at
        if changed and following is State.ENDED:
            self.ended_at = at
        return changed

    def deadline(self) -> int:
        """When something is due without a further message, on the tracker's clock."""
        if self.state is State.ENDED:
            return self.now + (TOMBSTONE if self.closed else LINGER)
        if self.recovered:
            return self.now + AGAIN
        if self.state is State.CHALLENGED:
            return self.now + AGAIN
        if self.cancelled and self.state is not State.ANSWERED:
            return self.now + CANCELLED
        if self.state in (State.CALLING, State.RINGING):
            return self.now + NO_RESPONSE
        if self.session_expires:
            return self.now + min(self.idle_limit, self.session_expires * 3 * SECOND // 2)
        return self.now + self.idle_limit

    def begun(self, via: str) -> CallRinging:
        """The record of its beginning."""
        people = self.parties
        return CallRinging(
            at=self.started_at, call=self.call, direction=people.direction.value, caller=people.caller.national,
            caller_raw=people.caller.raw, caller_e164=people.caller.e164, caller_name=people.caller_name,
            caller_reason=people.caller_reason.value if people.caller_reason else None, called=people.called.national,
            called_raw=people.called.raw, called_e164=people.called.e164, line=people.line, start_seen=self.start_seen,
            via=via, sip_call_id=self.sip_call_id, headers=people.headers,
        )  # fmt: skip

    def ended(self) -> CallEnded:
        """The record of its end. Raises AssertionError while it lives."""
        assert self.ended_at is not None
        return CallEnded(
            at=self.ended_at, call=self.call, reason=self.end_reason, sip_status=self.sip_status, started_at=self.started_at,
            ringing_at=self.ringing_at, answered_at=self.answered_at, end_seen=self.end_seen,
        )  # fmt: skip


def event_of(message: Message) -> Event | None:
    """What this message means for its call, as far as the state goes; None where it means nothing."""
    if message.is_request:
        return {"INVITE": Event.INVITE, "BYE": Event.BYE, "CANCEL": Event.CANCEL}.get(message.method)
    if message.method != "INVITE" or message.status == 100:
        return None
    if message.status < 200:
        return Event.RINGING
    if message.status < 300:
        return Event.ANSWER
    return Event.CHALLENGE if message.status in _AGAIN else Event.FAILURE


def end_reason(message: Message, side: Side, *, cancelled: bool) -> str:
    """Why the call ended, in a word that people can be shown."""
    if message.is_request:
        return f"hangup_{side.value}"
    if cancelled:
        return "cancelled"
    return _END_REASONS.get(message.status, "failed")


def picture() -> str:
    """The table as a Graphviz graph."""
    edges = [f'  {state.value} -> {following.value} [label="{event.value}"];' for (state, event), following in TABLE.items()]
    return "\n".join(["digraph call {", "  rankdir=LR;", *edges, "}"])


if __name__ == "__main__":
    print(picture())
