"""One call at one phone: who calls whom as the phone shows it, when that is known, and which other leg is of the same talk."""

from __future__ import annotations

import pytest

from appliance.config import Config
from appliance.moments import SECOND
from appliance.numbers import CallerReason
from appliance.records import Direction
from capture import sccp
from capture.frames import Address
from capture.legs import PRIVATE, TOGETHER, Leg, id_of, key_of
from capture.policy import decide
from capture.sccp_codes import OUTBOUND, CallState
from tests.bed import skinny as made
from tests.bed.skinny import MANAGER, PHONES
from tests.capture.playbook import office


def leg(*data: bytes, phone: int = 0, reference: int = 9, began_at: int = SECOND) -> Leg:
    found = Leg(key=(MANAGER, PHONES[phone], reference), began_at=began_at, now=0)
    for each in data:
        found.learn(sccp.parse(each))
    return found


def told(kind: int = 1, **how: object) -> bytes:
    return made.info("09012345678", "0312345678", kind=kind, reference=9, version=17, **how)  # type: ignore[arg-type]


RING = made.state(CallState.RING_IN, 9)


def test_a_phone_that_rings_is_called_and_one_that_was_lifted_calls() -> None:
    assert not leg(RING).calls
    assert not leg(RING, made.state(CallState.CONNECTED, 9)).calls
    assert leg(made.state(CallState.OFF_HOOK, 9)).calls
    assert leg(RING, told(OUTBOUND)).calls
    assert not leg(made.state(CallState.OFF_HOOK, 9), told(3)).calls


@pytest.mark.parametrize(
    ("data", "known"),
    [
        ((RING,), False),
        ((told(),), True),
        ((RING, told()), True),
        ((made.state(CallState.OFF_HOOK, 9), made.dialed("1002", 9)), False),
        ((made.state(CallState.OFF_HOOK, 9), told(OUTBOUND)), False),
        ((made.state(CallState.OFF_HOOK, 9), told(OUTBOUND), made.state(CallState.PROCEED, 9)), True),
        ((made.state(CallState.CONNECTED, 9),), True),
        ((made.state(CallState.REMOTE_MULTILINE, 9), told()), False),
        ((RING, told(), made.state(CallState.ON_HOOK, 9)), False),
    ],
)
def test_it_is_told_once_somebody_rings_and_numbers_are_there(data: tuple[bytes, ...], known: bool) -> None:
    assert leg(*data).is_told is known


def test_the_parties_are_those_that_the_phone_shows() -> None:
    people = leg(RING, told(calling_name="高橋".encode("cp932"), called_name=b"Desk")).people(office())
    assert (people.caller.national, people.called.national, people.caller_name) == ("09012345678", "0312345678", "高橋")
    assert (people.direction, people.line) == (Direction.INBOUND, "0312345678")
    assert "calling-name: 高橋" in people.headers
    assert leg(RING, told(calling_name="Jürgen".encode())).people(office()).caller_name == "Jürgen"


@pytest.mark.parametrize("how", [{"hidden": 2}, {"hidden": 3}])
def test_a_number_that_is_not_to_be_shown_is_not_dug_out(how: dict[str, int]) -> None:
    people = leg(RING, told(**how)).people(Config())
    assert (people.caller.raw, people.caller_name, people.caller_reason) == ("", "", CallerReason.ANONYMOUS)


def test_a_label_of_the_phone_is_no_name() -> None:
    data = made.info("", "1002", kind=1, reference=9, version=17, calling_name=PRIVATE)
    people = leg(RING, data).people(Config())
    assert (people.caller_name, people.caller_reason) == ("", CallerReason.ANONYMOUS)


@pytest.mark.parametrize("where", ["called", "calling", "original"])
def test_a_line_that_is_never_recorded_is_found_in_any_number(where: str) -> None:
    config = Config.model_validate({"lines": [{"number": "0355556666", "record": False}]})
    numbers = {"calling": "1001", "called": "1002", "original": b"1003", where: "0355556666"}
    numbers["original"] = numbers["original"].encode() if isinstance(numbers["original"], str) else numbers["original"]
    data = made.info(**numbers, kind=1, reference=9, version=17)  # type: ignore[arg-type]
    assert not decide(leg(RING, data).people(config).facts, config, 0).record
    assert decide(leg(RING, told()).people(config).facts, config, 0).record


def test_legs_are_of_one_talk_by_reference_or_by_numbers() -> None:
    from tests.capture.test_skinny import Stage

    stage = Stage()
    stage.hears(made.state(CallState.OFF_HOOK, 9), phone=0)
    stage.hears(told(OUTBOUND), phone=0)
    stage.hears(made.state(CallState.RING_OUT, 9), phone=0)
    (talk,) = stage.skinny.dialogs.values()
    mate = leg(made.state(CallState.OFF_HOOK, 9), told(OUTBOUND))
    mate.talk = talk
    other = leg(RING, told(), phone=1, reference=10, began_at=stage.now)
    assert other.is_of_one_talk_with(mate)
    assert leg(phone=1, began_at=stage.now).is_of_one_talk_with(mate)
    assert not leg(RING, told(), reference=10, began_at=stage.now).is_of_one_talk_with(mate)
    assert not leg(told(OUTBOUND), phone=1, reference=10, began_at=stage.now).is_of_one_talk_with(mate)
    assert not leg(RING, told(), phone=1, reference=10, began_at=stage.now + TOGETHER + SECOND).is_of_one_talk_with(mate)
    other.key = (MANAGER._replace(host=b"\x0a\x00\x00\x63"), *other.key[1:])
    assert not other.is_of_one_talk_with(mate)


def test_an_id_names_manager_phone_reference_and_moment() -> None:
    message = sccp.parse(RING)
    key = key_of(message, MANAGER, PHONES[0])
    assert key == (MANAGER, PHONES[0], 9)
    assert key_of(sccp.parse(made.key(1, 9)), PHONES[0], MANAGER) == key
    assert id_of(key, 1) == id_of(key, 1) != id_of(key, 2)
    assert id_of((MANAGER, Address(PHONES[0].host, 1), 9), 1) != id_of(key, 1)
