"""Which call is another leg of a talk that is under way, and by what that is known. Pure; every table is bounded by the calls under way.

A false tie mixes the talks of strangers into one file, which is worse than two files of one talk. So nothing is tied by what anybody
could write into a message; it takes what only a party of both calls can bring about. In doubt calls stay apart.

A call that some box between the parties (a B2BUA: exchange, SBC) sends on. ALL of these are demanded, whatever the evidence:
  - its INVITE comes from a host to which the INVITE of the first call went (so a stranger cannot send it: it is not his address);
  - the first call began before it, was seen from its beginning, and is not over;
  - their numbers agree: the same caller, or both withhold theirs, or the called numbers are equal or one ends with the other;
  - exactly one talk fits. Whoever lies in a message that a box passes on has a call with the same lie in it, so that two fit. Where
    several do, those of the same caller count, then those not yet answered, then those of the same called number; if several are left
    even so, none is taken (`legs-ambiguous`).
And one of:
  call_id   a header that such boxes copy (_COPIED) names the first call's Call-ID;
  session   the same Session-ID (RFC 7989), not the null one;
  media     one audio address (host, port; no multicast) announced by the SAME side of both: the box passes descriptions on;
  number    the same caller's number (never a withheld one), the first call still unanswered, no call of that number in talk there
            already (a menu may send that one on), and a relation of the called numbers: equal, one ends with the other, a header of
            the INVITE (_DIALLED) names the number that was dialled, or a public caller who dialled a public number is sent on to an
            extension. A telephone's own address (`102-0x5625`) is the number that it begins with, or that of who registered it, by
            the answer of the host that calls it now (`contacts.py`).
  number    also, once both are answered: the box answered the first call at once (kin.TOGETHER) when the second was answered, and
            no other call of that number waited or was answered then. The number is the same caller's (a group was dialled), or the
            public one that an extension has dialled (whom the box shows as the caller is another then).

A transfer. The first call's tags must be right, and:
  refer     one party sent REFER (RFC 3515) within the first call, from its host to the other party's, who accepted it; within REFERRED
            the other party's host sends an INVITE to that target, and the INVITE shows whose it is: by the Replaces that the REFER asked
            for (which then must be equal), by Referred-By (RFC 3892), or by that party's own number;
  replaces  an INVITE with Replaces (RFC 3891) to the host of a party of the call that is named is answered within TAKEN_OVER, without
            ringing, and that party ends the named call within as much of it: who only names a call has not taken it over.

Not tied, on purpose: what a box answers before it places the next call (a menu, a queue) where nothing but numbers speaks for it, a
withheld caller by numbers, a consultation that a transfer ends (it is a talk of its own, which the other party did not hear), two calls
that an exchange places by itself (click to dial), boxes that receive at one address and send from another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from appliance.ids import CallId
from appliance.records import LegTied, Side, TieReason
from capture import kin
from capture.contacts import Contacts
from capture.dialog import Dialog
from capture.effects import Close, Effect, Emit, Exclude, Weird
from capture.frames import Address
from capture.groups import Groups, TooManyLegsError
from capture.kin import REFERRED, Key, Known
from capture.sip import Message, name_address
from capture.transfers import Refer, refer_to, replaced

MAX_REFERS = 128
"""Calls of which a REFER waits for what follows, of all together."""
MAX_SHARED = 64
"""Calls that share a number, an address or an id; where there are more it says nothing."""
_COPIED = ("x-call-id", "x-original-call-id", "x-orig-call-id", "x-origcallid", "x-b2bua-call-id", "p-original-call-id")
_DIALLED = ("to", "diversion", "history-info", "p-called-party-id")
_SESSION = re.compile(r"\s*([0-9a-fA-F]{32})\b")


class Ties:
    """What ties the calls under way to one another."""

    def __init__(self) -> None:
        self.groups = Groups()
        self.told: dict[CallId, LegTied | None] = {}
        """What the ledger says of calls that are being rebuilt: it was decided when more calls were under way than are now."""
        self._known: dict[CallId, Known] = {}
        self._found: dict[Key, dict[CallId, None]] = {}
        self._referred: dict[CallId, None] = {}
        """Calls with a REFER."""
        self.contacts = Contacts()

    def hear(self, dialog: Dialog, side: Side, message: Message, source: Address, destination: Address, at: int) -> list[Effect]:
        """What this message of the call says of legs."""
        known, new = self._known.get(dialog.call), False
        if known is None:
            known, new = Known(dialog=dialog, source=source.host), dialog.start_seen
            self._known[dialog.call] = known
            self._index(known, ("call-id", dialog.sip_call_id))
        kin.note(known, side, message, source, destination)
        fresh: list[Key] = [("media", *key) for key in dialog.media if not kin.is_multicast(key[1])]
        fresh = [key for key in fresh if key not in known.keys]
        for key in fresh:
            self._index(known, key)
        if new:
            self._read(known, message)
            return self._begun(known, message, at)
        effects: list[Effect] = []
        if fresh:
            effects += self._described(known, fresh, message, at)
        if message.method == "REFER":
            effects += self._refer(known, side, message, source, destination, at)
        if dialog.answered_at == at and not message.is_request:
            effects += self._answered(known, message, at)
        return effects + self._taken_over(known, side, message, source, at)

    def awaits(self, dialog: Dialog, now: int) -> bool:
        """Whether the call, though over, was just referred elsewhere: its next leg may still come."""
        known = self._known.get(dialog.call)
        return known is not None and any(refer.at and now < refer.now + REFERRED for refer in known.refers)

    def close(self, close: Close) -> Close:
        """The call is over: nothing more is tied to it. Returns the same, with what its group makes of it."""
        known = self._known.pop(close.call, None)
        if known is not None:
            for key in known.keys:
                self._found[key].pop(close.call, None)
                if not self._found[key]:
                    del self._found[key]
        self._referred.pop(close.call, None)
        self.told.pop(close.call, None)
        return self.groups.close(close)

    def _index(self, known: Known, key: Key) -> None:
        known.keys.add(key)
        self._found.setdefault(key, {})[known.dialog.call] = None

    def _with(self, key: Key) -> Iterator[Known]:
        """The calls of which this was noted, unless there are too many to mean anything."""
        calls = self._found.get(key, {})
        return (self._known[call] for call in (calls if len(calls) <= MAX_SHARED else ()))

    def _read(self, known: Known, message: Message) -> None:
        """What the INVITE that began the call says."""
        people = known.dialog.parties
        if number := kin.shown(known):
            self._index(known, ("caller", number))
        session = _SESSION.match(message.get("session-id"))
        if session and set(session[1]) != {"0"}:
            known.session = session[1].lower()
            self._index(known, ("session", known.session))
        known.named = frozenset(found.strip() for name in _COPIED if (found := message.get(name)))
        for name in known.named:
            self._index(known, ("names", name))
        told = [name_address(value).uri.user for name in _DIALLED for value in message.all(name)[:8]]
        known.registered = self.contacts.number(known.source, message.uri)
        told += [known.registered, people.called.national, people.called.raw]
        known.dialled = frozenset(filter(None, map(kin.digits, told)))
        if tail := kin.tail(known):
            self._index(known, ("called", tail))
        known.replaces = replaced(message.get("replaces"))
        if known.replaces:
            self._index(known, ("replaces", known.replaces.call_id))

    def _begun(self, known: Known, message: Message, at: int) -> list[Effect]:
        """A new call: is it another leg of one that is under way?"""
        call = known.dialog.call
        referring = self._referring(known, message, at)
        for refer, first in referring:
            first.refers.remove(refer)
        if call in self.told:
            told = self.told[call]
            if told is None or told.to not in self._known:
                return []
            to = CallId(told.to)
            return self._tie(known, self._known[to], TieReason(told.why), told.at, swapped=told.swapped != self.groups.swapped(to))
        for refer, first in referring:
            return self._tie(known, first, TieReason.REFER, at, swapped=refer.by is Side.CALLER)
        for why, found in self._evidence(known).items():
            if why is TieReason.NUMBER and self._in_talk(known):
                return []  # the answer will tell
            chosen = self._only(known, found)
            if chosen is not None:
                return self._tie(known, chosen, why, at)
            if found:
                return [Weird("legs-ambiguous", message.raw)]
        return []

    def _evidence(self, known: Known) -> dict[TieReason, list[Known]]:
        """The calls that each kind of evidence points at, the strongest kind first."""
        number = kin.shown(known)
        pointed = {
            TieReason.CALL_ID: [
                first for name in known.named for what in ("call-id", "names") for first in self._with((what, name))
            ],
            TieReason.SESSION: list(self._with(("session", known.session))) if known.session else [],
            TieReason.MEDIA: [first for key in known.keys if key[0] == "media" for first in self._with(key)],
            TieReason.NUMBER: [first for first in self._with(("caller", number)) if kin.rings_on(first, known)] if number else [],
        }
        return {why: [first for first in found if kin.sent_on(first, known)] for why, found in pointed.items()}

    def _only(self, known: Known, found: list[Known]) -> Known | None:
        """The one talk among these that fits; None where there is none, or more than one."""
        for better in (kin.same_caller, kin.unanswered, kin.same_called):
            chosen = [first for first in found if better(first, known)]
            found = chosen or found
        mains = {self.groups.main_of(first.dialog.call) for first in found}
        return found[0] if len(mains) == 1 else None

    def _in_talk(self, known: Known) -> bool:
        """Whether the same number has another call at that box, answered already: what the box places now may be its."""
        others = self._with(("caller", kin.shown(known)))
        return any(kin.sent_on(other, known) and not kin.unanswered(other, known) for other in others)

    def _described(self, known: Known, fresh: list[Key], message: Message, at: int) -> list[Effect]:
        """Addresses were announced later on: the call itself, or one that began after it, may be a leg by them."""
        calls = dict.fromkeys([known.dialog.call, *(other.dialog.call for key in fresh for other in self._with(key))])
        effects: list[Effect] = []
        for call in calls:
            later = self._known[call]
            if call in self.told or self.groups.main_of(call) != call or not later.dialog.start_seen:
                continue
            found = self._evidence(later)[TieReason.MEDIA]
            chosen = self._only(later, found)
            if chosen is not None:
                effects += self._tie(later, chosen, TieReason.MEDIA, at)
            elif found:
                effects.append(Weird("legs-ambiguous", message.raw))
        return effects

    def _answered(self, first: Known, message: Message, at: int) -> list[Effect]:
        """A call was answered: which of those that the box placed for it was it that answered?"""
        for key in [key for key in first.keys if key[0] in ("caller", "called")]:
            found = [later for later in self._with(key) if kin.answered_for(first, later)]
            if key[0] == "called":
                found = [later for later in found if kin.goes_out(first, later)]
            if not found:
                continue
            later, *more = found
            if self.groups.main_of(later.dialog.call) != later.dialog.call or later.dialog.call in self.told:
                return []
            if more or any(other is not first and kin.waited(other, later) for other in self._with(key)):
                return [Weird("legs-ambiguous", message.raw)]
            return self._tie(later, first, TieReason.NUMBER, at)
        return []

    def _tie(self, leg: Known, first: Known, why: TieReason, at: int, *, swapped: bool = False) -> list[Effect]:
        try:
            tied = self.groups.tie(leg.dialog.call, first.dialog.call, why, swapped=swapped, at=at)
        except TooManyLegsError:
            return [Weird("legs-many", leg.dialog.sip_call_id.encode("utf-8", "replace"))]
        return [*map(Emit, tied), *(self._bar(leg.dialog.call) if tied else ())]

    def _bar(self, call: CallId) -> Iterator[Effect]:
        """One call of a line that is never recorded: no more audio of any of them is put on the disk."""
        dialogs = [self._known[member].dialog for member in self.groups.members(call) if member in self._known]
        never = next((dialog.verdict for dialog in dialogs if not dialog.verdict.record), None)
        if never is not None:
            for dialog in dialogs:
                dialog.verdict = never
                yield Exclude(dialog.call)

    def _refer(self, known: Known, side: Side, message: Message, source: Address, destination: Address, at: int) -> list[Effect]:
        """A REFER within the call, or the answer to it."""
        if not message.is_request:
            if 200 <= message.status < 300:
                for refer in known.refers:
                    if refer.by is side.other and refer.sequence == message.sequence and not refer.at:
                        refer.at, refer.now = at, known.dialog.now
            return []
        tags = [name_address(message.get(name)).parameters.get("tag", "") for name in ("from", "to")]
        if [known.side_of(tag) for tag in tags] != [side, side.other]:
            return []
        if source.host not in known.hosts[side] or destination.host not in known.hosts[side.other]:
            return []
        if any(refer.sequence == message.sequence and refer.by is side for refer in known.refers):
            return []
        if len(self._referred) >= MAX_REFERS:
            for call in [call for call in self._referred if not self._known[call].is_referred(at)]:
                del self._referred[call]
        if len(self._referred) >= MAX_REFERS and known.dialog.call not in self._referred:
            return [Weird("refers-many", message.raw)]
        target, replaces = refer_to(message.get("refer-to"))
        self._referred[known.dialog.call] = None
        known.refers = [*known.refers, Refer(
            sequence=message.sequence, sent_at=at, by=side, target=target[0], target_host=target[1], replaces=replaces,
            referred_by=name_address(message.get("referred-by")).uri.user,
        )][-4:]  # fmt: skip
        return []

    def _referring(self, known: Known, message: Message, at: int) -> list[tuple[Refer, Known]]:
        """The REFER that this INVITE follows, if it is one alone."""
        found = [
            (refer, first)
            for call in self._referred
            if call != known.dialog.call and (first := self._known.get(call)) is not None
            for refer in first.refers
            if kin.follows(known, first, refer, message, at)
        ]
        return found if len(found) == 1 else []

    def _taken_over(self, known: Known, side: Side, message: Message, source: Address, at: int) -> list[Effect]:
        """A call that names another in Replaces has been answered, or a call that may be named is ended by one of its parties."""
        if message.is_request and message.method in ("BYE", "CANCEL") and source.host in known.hosts[side]:
            known.ended_by.setdefault(side, at)
            pairs = [(later, known) for later in self._with(("replaces", known.dialog.sip_call_id))]
        elif known.replaces and not message.is_request and message.method == "INVITE":
            pairs = [(known, first) for first in self._with(("call-id", known.replaces.call_id))]
        else:
            return []
        for later, first in pairs:
            receiver = kin.taken_from(later, first)
            if receiver is not None:
                return self._tie(later, first, TieReason.REPLACES, at, swapped=receiver is Side.CALLER)
        return []
