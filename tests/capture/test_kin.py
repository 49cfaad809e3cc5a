"""How two calls compare: numbers that are one, addresses that mean nothing. What is made of it is in `test_ties.py`."""

from __future__ import annotations

import pytest

from appliance.records import Side
from capture.frames import Address
from capture.kin import MAX_HOSTS, Known, digits, is_multicast, note, related, same_caller, shown
from capture.sip import parse
from capture.tracker import Tracker
from tests.capture.playbook import ANSWER, CALL, CALLED, CALLER, OFFER, START, Call, config, office


def known(call: Call = CALL) -> Known:
    tracker = Tracker(office(), "test")
    tracker.receive(parse(call.invite(OFFER)), CALLER, CALLED, START, START)
    (dialog,) = tracker.dialogs.values()
    return Known(dialog=dialog, source=CALLER.host)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0312345678", "0312345678", True),
        ("0312345678", "03-1234-5678", True),
        ("00312345678", "0312345678", True),
        ("0312345678", "678", True),
        ("0312345678", "78", False),
        ("0312345678", "0612345679", False),
        ("0312345678", "", False),
        ("", "", False),
        ("bob", "bob", True),
        ("bob", "alice", False),
        ("102-0x562530c91d40", "102", True),
        ("102-0x562530c91d040", "040", False),
        ("bob102", "102", False),
    ],
)
def test_numbers_are_related_when_one_is_the_others_end(one: str, other: str, same: bool) -> None:
    told = config()
    assert related(told.number(one), told.number(other)) is same
    assert related(told.number(other), told.number(one)) is same


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("03-1234-5678", "0312345678"), ("+81312345678", "81312345678"), ("*7", "*7"), ("1", "1"), ("102-0x5625", "102"),
        ("201;ob", "201"), ("201-a-b", "201"), ("a201", ""), ("201a", ""), ("-201-x", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_number_is_the_whole_text_or_what_it_begins_with(text: str, number: str) -> None:
    assert digits(text) == number


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        ("<sip:09012345678@x>", "09012345678"),
        ("<sip:201@x>", "201"),
        ("<sip:alice@x>", ""),
        ("<sip:192.0.2.1>", ""),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>', ""),
    ],
)
def test_a_caller_shows_a_number_or_none(caller: str, number: str) -> None:
    assert shown(known(Call(caller=caller))) == number


def test_callers_without_a_number_are_the_same_only_where_both_withhold_it() -> None:
    withheld, named = known(Call(caller='"Anonymous" <sip:a@anonymous.invalid>')), known(Call(caller="<sip:alice@x>"))
    assert same_caller(withheld, withheld)
    assert not same_caller(withheld, named)
    assert not same_caller(named, named)
    assert not same_caller(known(), withheld)


@pytest.mark.parametrize(
    ("host", "many"),
    [
        (b"\xe0\x00\x00\x01", True), (b"\xef\xff\xff\xff", True), (b"\x0a\x00\x00\x01", False), (b"\xf0\x00\x00\x01", False),
        (b"\xff" + bytes(15), True), (b"\x20\x01" + bytes(14), False),
    ],
)  # fmt: skip
def test_a_multicast_address_is_nobodys(host: bytes, many: bool) -> None:
    assert is_multicast(host) is many


def test_where_the_parties_sit_is_learnt_from_the_first_invite_on_every_hop_and_from_nothing_later() -> None:
    call = known()
    hosts = [Address(bytes([192, 0, 2, number]), 5060) for number in range(1, 20)]
    invite = parse(CALL.invite(OFFER))
    note(call, Side.CALLER, invite, CALLER, hosts[0])
    note(call, Side.CALLER, invite, hosts[0], hosts[1])
    assert call.hosts == {Side.CALLER: {CALLER.host, hosts[0].host}, Side.CALLED: {hosts[0].host, hosts[1].host}}
    before = {side: set(found) for side, found in call.hosts.items()}
    note(call, Side.CALLED, parse(CALL.response(200, ANSWER)), hosts[2], hosts[3])
    note(call, Side.CALLER, parse(CALL.request("INVITE", OFFER)), hosts[2], hosts[3])
    assert call.hosts == before
    assert (call.side_of("caller"), call.side_of("called"), call.side_of("x")) == (Side.CALLER, Side.CALLED, None)
    for host in hosts:
        note(call, Side.CALLER, invite, host, host)
    assert max(len(found) for found in call.hosts.values()) == MAX_HOSTS
