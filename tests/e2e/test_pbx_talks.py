"""Talks under way on the generated files: park, transfers, conferences, hold music, keys by RFC 4733, INFO and tones."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.bed.acts import answer, bye, hears_bye, inform, invite, press, refer, rung, talk
from tests.bed.switchboard import PIN, Switchboard, office_of

BOSS = "0312345679"
TAKES = (answer(), hears_bye())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switchboard]:
    with office_of(tmp_path_factory.mktemp("talks")) as office:
        yield office


@pytest.fixture(autouse=True)
def nothing_left_over(office: Switchboard) -> Iterator[None]:
    yield
    office.settles()


def test_a_call_is_parked_and_fetched_by_another_desk_and_its_lamp_burns_meanwhile(office: Switchboard) -> None:
    caller = office.outside("09011112222", invite(BOSS), talk(4), bye())
    parker = office.desk("201", rung(), answer(), talk(0.5), refer("700"), calls=False)
    with parker:
        time.sleep(0.15)
        with caller:
            parker.wait()
            assert "park:701@parkedcalls" in office.cli("core show hints")
            lamp = next(line for line in office.cli("core show hints").splitlines() if line.startswith("701@"))
            assert "State:InUse" in lamp
            office.plays(office.desk("205", invite("701"), hears_bye()))
            caller.wait()


def test_a_call_that_nobody_fetches_may_be_given_up_by_the_caller(office: Switchboard) -> None:
    office.plays(
        office.desk("201", rung(), answer(), talk(0.3), refer("700"), calls=False),
        office.outside("09011112222", invite(BOSS), talk(2), bye()),
    )


def test_a_desk_sends_a_caller_on_by_its_transfer_key(office: Switchboard) -> None:
    office.plays(
        office.desk("201", rung(), answer(), talk(0.3), refer("205"), calls=False),
        office.desk("205", rung(), *TAKES, calls=False),
        office.outside("09011112222", invite(BOSS), talk(3), bye()),
    )


def test_a_desk_sends_a_call_on_by_code(office: Switchboard) -> None:
    office.plays(
        office.desk("205", rung(), *TAKES, calls=False),
        office.desk("203", rung(), *TAKES, calls=False),
        office.desk("201", invite("203"), press("##205", 0.5), hears_bye()),
    )


def test_a_desk_speaks_first_and_sends_the_call_on_by_code(office: Switchboard) -> None:
    office.plays(
        office.desk("203", rung(), *TAKES, calls=False),
        office.desk("205", rung(), *TAKES, calls=False),
        office.desk("201", invite("203"), press("*2205", 0.5), talk(4), bye()),
    )


def test_many_meet_in_a_conference(office: Switchboard) -> None:
    with office.desk("201", invite("800"), talk(3), bye()) as first, office.desk("202", invite("800"), talk(3), bye()) as second:
        time.sleep(1.5)
        listed = office.cli("confbridge list 800")
        assert "PJSIP/201" in listed
        assert "PJSIP/202" in listed
        first.wait()
        second.wait()


@pytest.mark.parametrize(("desk", "how"), [("201", press(f"{PIN}#", 1.5)), ("202", inform(f"{PIN}#"))], ids=["rfc4733", "info"])
def test_keys_open_a_room_with_a_pin(office: Switchboard, desk: str, how: press | inform) -> None:
    with office.desk(desk, invite("801"), talk(1), how, talk(3), bye()) as agent:
        seen(office, "801", desk)
        agent.wait()


def test_tones_in_the_speech_open_it_too(office: Switchboard) -> None:
    with office.desk("203", invite("801"), talk(9), bye(), inband=f"{PIN}#") as agent:
        seen(office, "801", "203")
        agent.wait()


def test_a_wrong_pin_opens_nothing(office: Switchboard) -> None:
    office.plays(office.desk("201", invite("801"), press("1111#", 1.5), press("1111#", 4), press("1111#", 4), hears_bye()))
    assert "PJSIP/201" not in office.cli("confbridge list 801")


def seen(office: Switchboard, room: str, desk: str) -> None:
    deadline = time.monotonic() + 12
    while f"PJSIP/{desk}" not in office.cli(f"confbridge list {room}"):
        assert time.monotonic() < deadline, office.cli("core show channels verbose")
        time.sleep(0.2)


def test_who_is_put_on_hold_hears_the_music(office: Switchboard) -> None:
    with office.desk("205", invite("610"), talk(2), bye()) as agent:
        time.sleep(1)
        assert "default" in office.cli("moh show classes")
        agent.wait()


def test_descriptors_stay_where_they_were_after_many_calls(office: Switchboard) -> None:
    def call(desk: str) -> None:
        office.plays(office.desk("205", rung(0.1), *TAKES, calls=False), office.desk(desk, invite("205"), talk(0.1), bye()))

    call("201")
    office.settles()
    before = office.descriptors()
    for _ in range(8):
        call("202")
    office.settles()
    assert office.descriptors() <= before + 2
