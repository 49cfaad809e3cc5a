"""The legs of one talk are held together until the last is over, however they were tied, and then settled once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ids import CallId
from appliance.records import CallEnded, NotRecorded, TieReason
from capture.effects import Close
from capture.groups import MAX_LEGS, Groups, TooManyLegsError


def call(number: int) -> CallId:
    return CallId(f"call{number}")


def over(number: int, *, answered: bool = True, cut: bool = False, reason: NotRecorded = NotRecorded.NO_MEDIA) -> Close:
    ended = CallEnded(
        at=100 + number, call=call(number), reason="hangup_caller", sip_status=200, started_at=number, ringing_at=None,
        answered_at=number if answered else None, end_seen=True,
    )  # fmt: skip
    return Close(call(number), ended, cut, True, reason, reason.value, announced=(f"192.0.2.1:{number}",))


def tie(groups: Groups, leg: int, to: int, *, swapped: bool = False, why: TieReason = TieReason.MEDIA) -> int:
    return len(groups.tie(call(leg), call(to), why, swapped=swapped, at=7))


def test_a_call_alone_is_settled_with_its_own_end() -> None:
    close = Groups().close(over(1))
    assert close.tied is None
    assert close.settles is not None
    assert (close.settles.call, close.settles.at, close.settles.legs, close.settles.allowed) == (call(1), 101, (), True)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_last_call_of_all_settles_the_main_one(order: tuple[int, ...]) -> None:
    groups = Groups()
    tie(groups, 1, 0)
    tie(groups, 2, 1, why=TieReason.REFER)
    closes = [groups.close(over(number, answered=number == 2, cut=number == 1)) for number in order]
    assert [close.tied for close in closes] == [None if number == 0 else call(0) for number in order]
    assert [close.settles is not None for close in closes] == [False, False, True]
    talk = closes[-1].settles
    assert talk is not None
    assert (talk.call, talk.at, talk.cut, talk.answered, talk.announced) == (call(0), 100, True, True, ("192.0.2.1:0",))
    assert [(leg.call, leg.to, leg.why, leg.announced) for leg in talk.legs] == [
        (call(1), call(0), TieReason.MEDIA, ("192.0.2.1:1",)),
        (call(2), call(1), TieReason.REFER, ("192.0.2.1:2",)),
    ]
    assert len(groups) == 0
    assert groups.main_of(call(2)) == call(2), "it is forgotten"


def test_sides_that_are_swapped_twice_are_not_swapped() -> None:
    groups = Groups()
    tie(groups, 1, 0, swapped=True)
    tie(groups, 2, 1, swapped=True)
    tie(groups, 3, 1)
    assert [groups.swapped(call(number)) for number in range(4)] == [False, True, False, True]


def test_a_main_call_that_becomes_a_leg_brings_its_legs() -> None:
    groups = Groups()
    tie(groups, 2, 1, swapped=True)
    groups.close(over(2))
    told = groups.tie(call(1), call(0), TieReason.MEDIA, swapped=True, at=9)
    assert [(one.call, one.main, one.to, one.swapped) for one in told] == [
        (call(1), call(0), call(0), True),
        (call(2), call(0), call(1), False),
    ]
    assert groups.members(call(2)) == [call(0), call(1), call(2)]
    groups.close(over(0))
    assert groups.close(over(1)).settles is not None, "the leg that was over before is not waited for"


def test_what_is_tied_is_not_tied_again_and_never_to_itself() -> None:
    groups = Groups()
    assert tie(groups, 1, 0) == 1
    assert [tie(groups, 1, 0), tie(groups, 1, 2), tie(groups, 0, 1), tie(groups, 3, 3)] == [0, 0, 0, 0]


def test_one_line_that_is_never_recorded_forbids_it_for_all() -> None:
    groups = Groups()
    tie(groups, 1, 0)
    groups.close(over(0))
    talk = groups.close(over(1, reason=NotRecorded.EXCLUDED_LINE)).settles
    assert talk is not None
    assert (talk.allowed, talk.reason) == (False, NotRecorded.EXCLUDED_LINE)


def test_a_talk_has_so_many_legs_and_no_more() -> None:
    groups = Groups()
    for number in range(1, MAX_LEGS + 1):
        tie(groups, number, 0)
    with pytest.raises(TooManyLegsError):
        tie(groups, MAX_LEGS + 1, 0)
    assert groups.main_of(call(MAX_LEGS + 1)) == call(MAX_LEGS + 1)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.booleans()), max_size=12), st.permutations(range(9)))
def test_every_call_is_settled_once_and_nothing_is_kept(tried: list[tuple[int, int, bool]], order: list[int]) -> None:
    groups = Groups()
    for leg, to, swapped in tried:
        tie(groups, leg, to, swapped=swapped)
    mains = {groups.main_of(call(number)) for number in range(9)}
    closes = [groups.close(over(number)) for number in order]
    settled = [close.settles.call for close in closes if close.settles is not None]
    assert sorted(settled) == sorted(mains)
    legs = [leg.call for close in closes if close.settles is not None for leg in close.settles.legs]
    assert sorted([*settled, *legs]) == sorted(call(number) for number in range(9))
    assert len(groups) == 0
