"""Who had agreed to send nothing, and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.moments import SECOND
from appliance.records import Side
from capture import holds
from capture.blocks import SipBlock
from capture.frames import Address
from capture.holds import Stretch
from capture.marks import FOREVER
from capture.pcapfile import Captured
from tests.bed.made import MadeCall
from tests.bed.quality import described, hold, told

CALL = MadeCall(talk=1.0)
AT = CALL.begin + 10 * SECOND


def blocks(frames: list[Captured]) -> list[SipBlock]:
    nobody = Address(b"\x0a\0\0\x01", 5060)
    return [SipBlock(one.at, nobody, nobody, one.frame[42:]) for one in frames]


def found(*frames: list[Captured]) -> dict[Side, list[Stretch]]:
    begin = [one for one in CALL.frames() if one.frame[34:38] == b"\x13\xc4\x13\xc4"][:4]
    return holds.of_signalling(blocks([*begin, *(one for part in frames for one in part)]))


def test_a_call_without_hold_is_never_silent() -> None:
    assert found() == {Side.CALLER: [], Side.CALLED: []}


@pytest.mark.parametrize(
    ("directions", "silent"),
    [(("recvonly", "sendonly"), [Side.CALLER]), (("sendonly", "recvonly"), [Side.CALLED]), (("inactive", "inactive"), list(Side)),
     (("sendrecv", "sendonly"), [Side.CALLER]), (("sendrecv", "sendrecv"), [])],
)  # fmt: skip
def test_who_may_not_send_is_silent_until_he_may_again(directions: tuple[str, str], silent: list[Side]) -> None:
    told = found(hold(CALL, AT, 10, directions), hold(CALL, AT + SECOND, 11, ("sendrecv", "sendrecv")))
    assert [side for side in Side if told[side]] == silent
    assert all(told[side] == [(AT + 1_000_000, AT + SECOND + 1_000_000)] for side in silent)


def test_a_hold_that_nobody_ends_lasts() -> None:
    assert found(hold(CALL, AT, 10, ("recvonly", "sendonly")))[Side.CALLER] == [(AT + 1_000_000, FOREVER)]


def test_an_offer_that_is_refused_holds_nobody() -> None:
    assert found(hold(CALL, AT, 10, ("recvonly", "sendonly"), "488 Not Acceptable Here")) == found()


def test_the_null_address_is_hold_too() -> None:
    body = described(CALL, 1, "sendrecv").replace("10.0.0.2", "0.0.0.0")
    offer = told(CALL, AT, "INVITE", body, side=1, number=10, method="INVITE")
    answer = told(CALL, AT, "200 OK", described(CALL, 0, "sendrecv"), side=0, number=10, method="INVITE")
    assert found([offer, answer])[Side.CALLER] == [(AT, FOREVER)]


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_any_bytes_are_passed_over(messages: list[bytes]) -> None:
    nobody = Address(b"\x0a\0\0\x01", 5060)
    assert holds.of_signalling([SipBlock(1, nobody, nobody, raw) for raw in messages]) == {side: [] for side in Side}
