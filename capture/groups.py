"""The legs of one talk, held together until the last of them is over: then they become one recording. Pure; bounded.

A group is its main call, which began first, and up to MAX_LEGS legs. Each leg is tied to one call of the group, so they form a tree.
`swapped` says that the leg's caller sits on the called side of the call it is tied to; along the tree it adds up, so that every leg
knows on which channel of the main call its two sides are heard. A group is forgotten with the last of its calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.ids import CallId
from appliance.records import LegTied, NotRecorded, TieReason
from capture.effects import Close, Leg, Settle

MAX_LEGS = 16
EXCLUDED = frozenset({NotRecorded.EXCLUDED_LINE, NotRecorded.EXCLUDED_RULE})


class TooManyLegsError(ValueError):
    """The group has as many legs as it may have: this one stays apart."""


@dataclass(slots=True)
class _Group:
    legs: dict[CallId, LegTied] = field(default_factory=dict)
    closed: dict[CallId, Close] = field(default_factory=dict)


class Groups:
    """Every group that is under way, by its main call."""

    def __init__(self) -> None:
        self._groups: dict[CallId, _Group] = {}
        self._main: dict[CallId, CallId] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def main_of(self, call: CallId) -> CallId:
        """The main call of this call's group; a call that is tied to nothing is its own."""
        return self._main.get(call, call)

    def members(self, call: CallId) -> list[CallId]:
        """All calls of this call's group, the main call first."""
        main = self.main_of(call)
        return [main, *(self._groups[main].legs if main in self._groups else ())]

    def swapped(self, call: CallId) -> bool:
        """Whether this call's caller is heard on the main call's called side."""
        main = self.main_of(call)
        return call != main and self._groups[main].legs[call].swapped

    def tie(self, leg: CallId, to: CallId, why: TieReason, *, swapped: bool, at: int) -> list[LegTied]:
        """`leg`, with the legs that it has itself, belongs to the talk of `to`; returns what is new. Raises TooManyLegsError."""
        main = self.main_of(to)
        if self.main_of(leg) != leg or main == leg:  # it is a leg already, or `to` is one of its own
            return []
        joining = self._groups.get(leg, _Group())
        group = self._groups.get(main, _Group())
        if len(group.legs) + len(joining.legs) + 1 > MAX_LEGS:
            raise TooManyLegsError
        turned = swapped != self.swapped(to)
        found = [LegTied(at=at, call=leg, main=main, to=to, why=why.value, swapped=turned)]
        for call, tied in joining.legs.items():
            found.append(LegTied(at=at, call=call, main=main, to=tied.to, why=tied.why, swapped=tied.swapped != turned))
        self._groups.pop(leg, None)
        self._groups[main] = group
        group.closed.update(joining.closed)
        for tied in found:
            group.legs[CallId(tied.call)] = tied
            self._main[CallId(tied.call)] = main
        return found

    def close(self, close: Close) -> Close:
        """The same, with what its group makes of it: a leg is named as such, and the last call of all settles the main call."""
        main = self.main_of(close.call)
        group = self._groups.get(main)
        if group is None:
            return close._replace(settles=_settle(close, [close], ()))
        group.closed[close.call] = close
        close = close._replace(tied=None if close.call == main else main)
        calls = self.members(main)
        if any(call not in group.closed for call in calls):
            return close
        del self._groups[main]
        for call in calls:
            self._main.pop(call, None)
        closes = [group.closed[call] for call in calls]
        legs = tuple(_leg(tied, group.closed[call]) for call, tied in group.legs.items())
        return close._replace(settles=_settle(closes[0], closes, legs))


def _leg(tied: LegTied, close: Close) -> Leg:
    return Leg(close.call, CallId(tied.to), TieReason(tied.why), tied.swapped, close.announced)


def _settle(main: Close, closes: list[Close], legs: tuple[Leg, ...]) -> Settle:
    """One of a line that is never recorded forbids it for all of them: in doubt there is no recording."""
    barred = next((close for close in closes if close.reason in EXCLUDED), None)
    told = barred or main
    return Settle(
        call=main.call,
        at=main.ended.at,
        allowed=barred is None,
        answered=any(close.ended.answered_at is not None for close in closes),
        cut=any(close.cut for close in closes),
        reason=told.reason,
        detail=told.detail,
        announced=main.announced,
        legs=legs,
    )
