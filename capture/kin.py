"""What is known of one call besides its dialog, and how two calls compare: whether one can be a leg of the other. Pure.

What is demanded of legs, and why, stands at the head of `ties.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from appliance.moments import SECOND
from appliance.numbers import Kind, Number, clean
from appliance.records import Side
from capture.dialog import Dialog, State
from capture.frames import Address
from capture.sip import Message, name_address, uri
from capture.transfers import Refer, Replaced

REFERRED = 16 * SECOND
TAKEN_OVER = 2 * SECOND
"""No person answers or hangs up in between: the telephones do it at once."""
MAX_HOSTS = MAX_TAGS = 8
TOGETHER = SECOND // 2
"""A box passes an answer on at once."""
_SHORTEST = 3
"""Digits in common that say that one number is the other's end."""
_TAIL = 6
_DIGITS = re.compile(r"[0-9*#]+")
_LEADING = re.compile(r"\+?([0-9*#]+)[-_.;~]")
"""A telephone that registers its number with a mark of its own behind it, as `102-0x5625`."""
_NUMBER = re.compile(r"\+?[0-9*#]{2,}")
_HOST = re.compile(r"\d+(\.\d+){3}")
"""What stands for the caller where From names no user."""
Key = tuple[str | int | bytes, ...]


@dataclass(slots=True, kw_only=True)
class Known:
    """What is known of a call besides its dialog."""

    dialog: Dialog
    source: bytes
    hosts: dict[Side, set[bytes]] = field(default_factory=lambda: {side: set() for side in Side})
    """Where the INVITE that began it came from, and where it went, on every hop that was seen."""
    called_tags: set[str] = field(default_factory=set)
    keys: set[Key] = field(default_factory=set)
    session: str = ""
    named: frozenset[str] = frozenset()
    dialled: frozenset[str] = frozenset()
    registered: str = ""
    """Who registered the address that was called, where that was seen."""
    replaces: Replaced | None = None
    ended_by: dict[Side, int] = field(default_factory=dict)
    """When a side said that it is over."""
    refers: list[Refer] = field(default_factory=list)

    def is_referred(self, at: int) -> bool:
        """Whether what a REFER asked for may still follow."""
        return any(at - refer.sent_at <= 2 * REFERRED for refer in self.refers)

    def side_of(self, tag: str) -> Side | None:
        """Whose tag this is."""
        if tag == self.dialog.caller_tag:
            return Side.CALLER
        return Side.CALLED if tag in self.called_tags else None


def note(known: Known, side: Side, message: Message, source: Address, destination: Address) -> None:
    """Where the parties sit, by the INVITE that began the call alone, and the called party's tags."""
    tag = name_address(message.get("to")).parameters.get("tag", "")
    begins = message.is_request and message.method == "INVITE" and not tag and known.dialog.answered_at is None
    if begins or not known.hosts[side]:
        for who, host in ((side, source.host), (side.other, destination.host)):
            if len(known.hosts[who]) < MAX_HOSTS:
                known.hosts[who].add(host)
    answers = not message.is_request and message.method == "INVITE" and 100 < message.status < 300
    if answers and tag and len(known.called_tags) < MAX_TAGS:
        known.called_tags.add(tag)


def sent_on(first: Known, later: Known) -> bool:
    """Whether `later` may be what a box on the way made of `first`: see the list at the head of `ties.py`."""
    return first.dialog.live and _fits(first, later)


def _fits(first: Known, later: Known) -> bool:
    one, other = first.dialog, later.dialog
    return (
        one is not other
        and one.start_seen
        and one.started_at <= other.started_at
        and later.source in first.hosts[Side.CALLED]
        and (same_caller(first, later) or same_called(first, later))
    )


def shown(known: Known) -> str:
    """The caller's number; "" where it is withheld or none."""
    people = known.dialog.parties
    told = not people.caller_reason and _NUMBER.fullmatch(people.caller.national) and not _HOST.fullmatch(people.caller.raw)
    return people.caller.national if told else ""


def same_caller(first: Known, later: Known) -> bool:
    """Whether both show one number, or both withhold theirs."""
    if shown(first) or shown(later):
        return shown(first) == shown(later)
    return first.dialog.parties.caller_reason is not None and later.dialog.parties.caller_reason is not None


def same_called(first: Known, later: Known) -> bool:
    """Whether the called numbers are related."""
    return related(first.dialog.parties.called, later.dialog.parties.called) or _ends(_called(first), _called(later))


def tail(known: Known) -> str:
    """By what calls of numbers that may be related are found."""
    return _called(known)[-_TAIL:]


def _called(known: Known) -> str:
    return digits(known.registered) or digits(known.dialog.parties.called.national)


def unanswered(first: Known, later: Known) -> bool:
    """Whether the first call still waits for its answer."""
    return first.dialog.state in (State.CALLING, State.RINGING)


def rings_on(first: Known, later: Known) -> bool:
    """Whether numbers and time alone may say it."""
    caller, dialled, now = (first.dialog.parties.caller, first.dialog.parties.called, later.dialog.parties.called)
    to_extension = caller.is_public and dialled.is_public and now.kind is Kind.OTHER
    named = bool(first.dialled & later.dialled)
    return unanswered(first, later) and (same_called(first, later) or named or to_extension)


def related(one: Number, other: Number) -> bool:
    """Whether the numbers are one, or one is the other's end (a prefix was dialled, or the exchange cut it)."""
    if one.national and one.national == other.national:
        return True
    return _ends(digits(one.national), digits(other.national))


def _ends(one: str, other: str) -> bool:
    a, b = sorted((one, other), key=len)
    return len(a) >= _SHORTEST and b.endswith(a)


def digits(text: str) -> str:
    """The number that this text is or begins with; "" where it is a name."""
    told = clean(text).removeprefix("+")
    if _DIGITS.fullmatch(told):
        return told
    found = _LEADING.match(text.strip())
    return found[1] if found else ""


def answered_for(first: Known, later: Known) -> bool:
    """Whether the box may have answered the first call because `later`, which it placed, was answered."""
    one, other = first.dialog.answered_at, later.dialog.answered_at
    return sent_on(first, later) and one is not None and other is not None and 0 <= one - other <= TOGETHER


def waited(first: Known, later: Known) -> bool:
    """Whether the first call still waited when `later` was answered, so that it may have been its leg, whatever came of it since."""
    moment = later.dialog.answered_at or 0
    over = first.dialog.answered_at or first.dialog.ended_at
    return _fits(first, later) and (over is None or over >= moment)


def goes_out(first: Known, later: Known) -> bool:
    """Whether an extension dialled a public number that the box then called."""
    caller = first.dialog.parties.caller
    return bool(shown(first)) and not caller.is_public and later.dialog.parties.called.is_public and same_called(first, later)


def is_multicast(host: bytes) -> bool:
    """Music on hold may be announced to many at one such address."""
    return host[0] >> 4 == 14 if len(host) == 4 else host[0] == 0xFF


def follows(known: Known, first: Known, refer: Refer, message: Message, at: int) -> bool:
    """Whether this INVITE is what the REFER asked for, sent by whom it asked."""
    if not refer.at or not 0 <= at - refer.at <= REFERRED or known.source not in first.hosts[refer.by.other]:
        return False
    targets = [uri(message.uri), name_address(message.get("to")).uri]
    asked = any(target.user == refer.target if refer.target else target.host == refer.target_host for target in targets)
    number = digits(refer.target)
    if not asked and not (number and number in {digits(user) for user in (known.registered, *(target.user for target in targets))}):
        return False
    if refer.replaces or known.replaces:
        return refer.replaces == known.replaces
    told = name_address(message.get("referred-by")).uri.user
    if told and refer.referred_by:
        return told == refer.referred_by
    people = first.dialog.parties
    own = people.caller if refer.by is Side.CALLED else people.called
    return bool(shown(known)) and related(known.dialog.parties.caller, own)


def taken_from(later: Known, first: Known) -> Side | None:
    """Whose side of `first` has answered `later`, which takes the other's place; None where that did not happen (yet)."""
    named, dialog = later.replaces, first.dialog
    if named is None or named.call_id != dialog.sip_call_id or dialog is later.dialog:
        return None
    receiver = first.side_of(named.to_tag)
    if receiver is None or first.side_of(named.from_tag) is not receiver.other:
        return None
    if not later.hosts[Side.CALLED] & first.hosts[receiver]:
        return None
    answered, begun, over = later.dialog.answered_at, later.dialog.started_at, first.ended_by.get(receiver)
    if (
        later.dialog.ringing_at is not None
        or answered is None
        or over is None
        or answered - begun > TAKEN_OVER
        or not begun <= over <= answered + TAKEN_OVER
    ):
        return None
    return receiver
