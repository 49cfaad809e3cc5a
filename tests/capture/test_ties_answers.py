"""Legs as an Asterisk places them: it calls what a telephone registered, groups, and lines outside. What ties them and what never does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.moments import SECOND
from appliance.records import LegTied, Side
from capture.frames import Address
from capture.kin import TOGETHER
from tests.capture.playbook import CALL, Call, Stage, sdp
from tests.capture.test_contacts import register
from tests.capture.test_ties import WITHHELD

CALLED = Side.CALLED
BOX, TRUNK = Address(bytes([192, 0, 2, 5]), 5060), Address(bytes([198, 51, 100, 10]), 5060)


def phone(number: int) -> Address:
    return Address(bytes([192, 0, 2, number]), 5060)


class Office(Stage):
    """Calls by their names: what they are, and between whom."""

    def __init__(self) -> None:
        super().__init__()
        self._ends: dict[str, tuple[Call, Address, Address]] = {}

    def calls(self, name: str, caller: str, called: str, source: Address, to: Address) -> list[str]:
        """A call begins and rings; the words that speak of ties."""
        caller = caller if "<" in caller else f"<sip:{caller}@192.0.2.5>"
        call = replace(
            CALL, call_id=name, caller=caller, called=f"<sip:{called}@x>", target=f"sip:{called}@{to}", caller_tag=f"c{name}",
            called_tag=f"d{name}",
        )  # fmt: skip
        self._ends[name] = call, source, to
        words = self.hears(call.invite(sdp(_host(source), 4000 + 2 * len(self._ends))), source=source, to=to)
        words += self.hears(call.response(180), by=CALLED, source=to, to=source)
        return [word for word in words if word.startswith(("tied", "weird"))]

    def answers(self, *names: str) -> list[str]:
        """These calls are answered, one right after the other."""
        words = []
        for name in names:
            call, source, to = self._ends[name]
            body = sdp(_host(to), 6000 + 2 * len(self.effects))
            words += self.hears(call.response(200, body), by=CALLED, source=to, to=source)
        return [word for word in words if word.startswith(("tied", "weird"))]

    def refuses(self, name: str) -> None:
        """This call is not taken."""
        call, source, to = self._ends[name]
        self.hears(call.response(486), by=CALLED, source=to, to=source)

    def tied(self) -> list[tuple[str, str]]:
        """Which call is tied to which, by their names."""
        names = {call: dialog.sip_call_id for call, dialog in self.tracker.dialogs.items()}
        return [(names[one.call], names[one.to]) for one in self.all(LegTied)]


def _host(address: Address) -> str:
    return str(address).rpartition(":")[0]


# The address that a telephone registered


def test_an_address_that_begins_with_the_number_is_its() -> None:
    office = Office()
    office.calls("a", "101", "102", phone(20), BOX)
    assert office.calls("b", "101", "102-0x562530c91d40", BOX, phone(30)) == ["tied number"]


@pytest.mark.parametrize("contact", ["k3x9q", "102x7", "9102-1", "0x102", "user-102"])
def test_an_address_of_any_name_is_nobodys_unless_it_was_seen_to_be_registered(contact: str) -> None:
    for seen in (False, True):
        office = Office()
        if seen:
            office.hears(register(f"<sip:{contact}@192.0.2.30:5060>"), by=CALLED, source=BOX, to=phone(30))
        office.calls("a", "101", "102", phone(20), BOX)
        assert (office.calls("b", "101", contact, BOX, phone(30)) == ["tied number"]) is seen


def test_the_hexadecimal_of_an_address_is_no_number() -> None:
    office = Office()
    office.calls("a", "101", "040", phone(20), BOX)
    assert office.calls("b", "101", "102-0x55a9dc8b0d040", BOX, phone(30)) == []


# Who answered


def test_a_member_of_a_group_is_known_by_answering() -> None:
    office = Office()
    office.calls("a", "101", "600", phone(20), BOX)
    assert [office.calls(name, "101", name, BOX, phone(int(name) - 170)) for name in ("201", "202", "203")] == [[]] * 3
    assert office.answers("202", "a") == ["tied number"]
    assert office.tied() == [("202", "a")]


def test_a_call_that_goes_out_under_another_number_is_known_by_its_answer() -> None:
    office = Office()
    office.calls("a", "201", "00612345678", phone(20), BOX)
    assert office.calls("b", "0312345678", "0612345678", BOX, TRUNK) == []
    assert office.answers("b", "a") == ["tied number"]


@pytest.mark.parametrize(("caller", "called"), [("0398765432", "0612345678"), (WITHHELD, "0612345678"), ("201", "202")])
def test_the_called_number_alone_counts_for_what_an_extension_dialled_outside(caller: str, called: str) -> None:
    office = Office()
    office.calls("a", caller, called, phone(20), BOX)
    office.calls("b", "0312345678", called, BOX, TRUNK)
    assert office.answers("b", "a") == []


def test_an_answer_that_comes_later_or_first_ties_nothing() -> None:
    for late in (True, False):
        office = Office()
        office.calls("a", "101", "600", phone(20), BOX)
        office.calls("b", "101", "201", BOX, phone(30))
        if late:
            office.answers("b")
            office.now += TOGETHER
        assert office.answers(*("a",) if late else ("a", "b")) == []


def test_who_answers_together_but_shows_another_number_or_was_called_by_another_host_is_a_stranger() -> None:
    for caller, source in (("102", BOX), ("101", phone(40))):
        office = Office()
        office.calls("a", "101", "600", phone(20), BOX)
        office.calls("b", caller, "201", source, phone(30))
        assert office.answers("b", "a") == []


def test_of_two_that_are_answered_together_none_is_taken_and_it_is_counted() -> None:
    office = Office()
    office.calls("a", "101", "600", phone(20), BOX)
    office.calls("b", "101", "201", BOX, phone(30))
    office.calls("c", "101", "202", BOX, phone(31))
    assert office.answers("b", "c", "a") == ["weird legs-ambiguous"]


@pytest.mark.parametrize("other", ["600", "601"])
def test_where_two_of_one_number_wait_none_is_taken_and_it_is_counted(other: str) -> None:
    office = Office()
    office.calls("a", "101", "600", phone(20), BOX)
    office.calls("more", "101", other, phone(21), BOX)
    office.calls("b", "101", "201", BOX, phone(30))
    assert office.answers("b", "a") == ["weird legs-ambiguous"]


def test_one_that_waited_when_it_was_answered_may_have_been_its_whatever_came_of_it_since() -> None:
    office = Office()
    office.calls("a", "101", "600", phone(20), BOX)
    office.calls("more", "101", "601", phone(21), BOX)
    office.calls("b", "101", "201", BOX, phone(30))
    office.answers("b")
    office.refuses("more")
    assert office.answers("a") == ["weird legs-ambiguous"]


def test_one_that_was_over_by_then_was_not() -> None:
    office = Office()
    office.calls("a", "101", "600", phone(20), BOX)
    office.calls("more", "101", "601", phone(21), BOX)
    office.calls("b", "101", "201", BOX, phone(30))
    office.refuses("more")
    assert office.answers("b", "a") == ["tied number"]


# Two at the same time


def test_different_callers_of_different_and_of_the_same_telephone_are_never_tied() -> None:
    office = Office()
    for name, caller, called in (("1", "101", "201"), ("2", "102", "202"), ("3", "103", "201")):
        office.calls(name, caller, called, phone(20 + int(name)), BOX)
    for name, caller, called in (("6", "103", "201"), ("4", "101", "201"), ("5", "102", "202")):
        assert office.calls(name, caller, f"{called}-0x562530c91d40", BOX, phone(30)) == ["tied number"]
    assert office.answers("4", "5", "1", "6", "2", "3") == []
    assert sorted(office.tied()) == [("4", "1"), ("5", "2"), ("6", "3")]


def test_a_caller_who_withholds_his_number_twice_at_the_same_time_is_two_callers() -> None:
    office = Office()
    office.calls("1", WITHHELD, "0312345678", TRUNK, BOX)
    office.calls("2", WITHHELD, "0312345678", TRUNK, BOX)
    office.calls("3", WITHHELD, "201", BOX, phone(31))
    office.calls("4", WITHHELD, "202", BOX, phone(32))
    office.answers("3", "1", "4", "2")
    assert office.tied() == []


def test_a_caller_who_calls_twice_with_one_number_is_told_apart_by_the_answers() -> None:
    office = Office()
    office.calls("1", "09012345678", "0312345678", TRUNK, BOX)
    assert office.calls("3", "09012345678", "201", BOX, phone(31)) == ["tied number"]
    office.answers("3", "1")
    office.calls("2", "09012345678", "0312345678", TRUNK, BOX)
    assert office.calls("4", "09012345678", "202", BOX, phone(32)) == []
    office.now += SECOND
    assert office.answers("4", "2") == ["tied number"]
    assert office.tied() == [("3", "1"), ("4", "2")]


def test_what_a_menu_sends_on_is_not_taken_for_a_leg_of_the_same_number_that_rings() -> None:
    """Two people of one company call; one of them has pressed a key in a menu while the other's call rings."""
    office = Office()
    office.calls("menu", "0612345678", "0312345678", TRUNK, BOX)
    office.answers("menu")
    office.calls("rings", "0612345678", "0312345678", TRUNK, BOX)
    assert office.calls("leg", "0612345678", "201", BOX, phone(31)) == []
    office.answers("leg")
    assert office.tied() == []


WHO = st.sampled_from(["101", "0612345678", WITHHELD])
WHOM = st.sampled_from(["201-0x1", "202", "600", "0698765432"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(WHO, WHOM, st.booleans(), st.integers(0, 8), st.integers(0, 8), st.integers(0, 8)), max_size=6))
def test_whoever_calls_whom_at_the_same_time_no_leg_is_ever_tied_to_a_stranger(
    calls: list[tuple[str, str, bool, int, int, int]],
) -> None:
    """A box that takes calls (some of them in a menu first), places a leg for each, and answers when it is answered."""
    office, steps = Office(), []
    for number, (caller, whom, menu, begins, places, answers) in enumerate(calls):
        a, b, dialled = f"a{number}", f"b{number}", whom if whom[0] == "0" else "0312345678"
        at = begins
        steps.append((at, number, partial(office.calls, a, caller, dialled, phone(20 + number), BOX)))
        if menu:
            steps.append((at, number, partial(office.answers, a)))
        at += places
        steps.append((at, number, partial(office.calls, b, caller, whom, BOX, phone(40 + number))))
        at += answers
        steps.append((at, number, partial(office.answers, b, *(() if menu else (a,)))))
    for _, _, step in sorted(steps, key=lambda step: step[:2]):
        step()
        office.now += SECOND // 3
    assert all(leg[1:] == first[1:] and (leg[0], first[0]) == ("b", "a") for leg, first in office.tied())
