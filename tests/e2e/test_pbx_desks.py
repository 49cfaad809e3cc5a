"""What a desk can do by code on the generated files: forwards, do-not-disturb, pickup, follow-me, voicemail, the night switch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bed.acts import answer, bye, cancelled, hears_bye, inform, invite, press, rung, talk
from tests.bed.switchboard import PIN, Switchboard, office_of

BOSS, SHOP = "0312345679", "0312345670"
TAKES = (answer(), hears_bye())
SHORT = (talk(0.3), bye())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switchboard]:
    with office_of(tmp_path_factory.mktemp("desks")) as office:
        yield office


@pytest.fixture(autouse=True)
def nothing_left_over(office: Switchboard) -> Iterator[None]:
    yield
    office.settles()


def code(office: Switchboard, desk: str, dialled: str) -> None:
    office.plays(office.desk(desk, invite(dialled), hears_bye()))


def lamp(office: Switchboard, hint: str) -> str:
    return next(line.split("State:")[1].split()[0] for line in office.cli("core show hints").splitlines() if line.startswith(hint))


def test_a_desk_forwards_every_call_and_ends_it(office: Switchboard) -> None:
    code(office, "202", "*21205")
    office.plays(office.desk("205", rung(), *TAKES, calls=False), office.desk("201", invite("202"), *SHORT))
    code(office, "202", "#21")
    office.plays(office.desk("202", rung(), *TAKES, calls=False), office.desk("201", invite("202"), *SHORT))


def test_a_call_from_outside_is_forwarded_to_a_mobile_phone(office: Switchboard) -> None:
    code(office, "201", "*2109012345678")
    office.plays(
        office.outside("x", rung(shown="INVITE sip:18609012345678@"), *TAKES, calls=False),
        office.outside("09011112222", invite(BOSS), *SHORT),
    )
    code(office, "201", "#21")


def test_a_forward_to_an_emergency_number_is_refused(office: Switchboard) -> None:
    office.plays(office.desk("202", invite("*21119", ends=503)))
    assert office.value("forward", "202") == ""


def test_two_desks_forwarded_to_each_other_ring_nobody_and_end(office: Switchboard) -> None:
    code(office, "202", "*21205")
    code(office, "205", "*21202")
    office.plays(office.desk("201", invite("202", ends=603)))
    code(office, "202", "#21")
    code(office, "205", "#21")


def test_an_unanswered_call_goes_where_the_desk_said(office: Switchboard) -> None:
    code(office, "202", "*61205")
    office.plays(
        office.desk("202", rung(), cancelled(), calls=False), office.desk("205", rung(), *TAKES, calls=False),
        office.desk("201", invite("202"), *SHORT),
    )  # fmt: skip
    code(office, "202", "#21")


def test_who_is_not_to_be_disturbed_does_not_ring(office: Switchboard) -> None:
    code(office, "205", "*78")
    assert office.value("quiet", "205") == "1"
    office.plays(office.desk("201", invite("205", ends=486)))
    code(office, "205", "*78")
    office.plays(office.desk("205", rung(), *TAKES, calls=False), office.desk("201", invite("205"), *SHORT))


def test_a_busy_desk_without_call_waiting_sends_a_second_call_on(office: Switchboard) -> None:
    office.plays(
        office.desk("203", rung(), *TAKES, calls=False), office.desk("202", invite("203"), talk(4), bye()),
        office.desk("205", rung(), *TAKES, calls=False), office.desk("201", talk(1), invite("203"), *SHORT),
    )  # fmt: skip


def test_a_colleague_of_the_same_pickup_group_takes_a_ringing_call(office: Switchboard) -> None:
    office.plays(
        office.desk("205", rung(), cancelled(), calls=False), office.desk("201", invite("205"), talk(2), bye()),
        office.desk("206", talk(1), invite("*8"), hears_bye()),
    )  # fmt: skip


def test_somebody_of_another_group_cannot_take_it(office: Switchboard) -> None:
    office.plays(
        office.desk("205", rung(2), *TAKES, calls=False), office.desk("201", invite("205"), *SHORT),
        office.desk("202", talk(1), invite("*8", ends=403)),
    )  # fmt: skip


def test_a_call_that_rings_at_a_desk_is_taken_by_its_number(office: Switchboard) -> None:
    office.plays(
        office.desk("205", rung(), cancelled(), calls=False), office.desk("201", invite("205"), talk(2), bye()),
        office.desk("202", talk(1), invite("**205"), hears_bye()),
    )  # fmt: skip


def test_an_unanswered_desk_is_followed_to_a_mobile_phone_that_confirms(office: Switchboard) -> None:
    office.plays(
        office.desk("206", rung(), cancelled(), calls=False),
        office.outside("x", rung(), answer(), hears_bye(), calls=False, inband="1"),
        office.desk("201", invite("206"), talk(1), bye()),
    )


def test_a_desk_that_switched_follow_me_off_is_not_followed(office: Switchboard) -> None:
    code(office, "206", "*76")
    office.plays(office.desk("206", rung(), cancelled(), calls=False), office.desk("201", invite("206", ends=603)))
    code(office, "206", "*76")


def test_a_caller_leaves_a_message_that_is_mailed_and_lights_the_lamp(office: Switchboard) -> None:
    office.plays(
        office.desk("201", rung(), cancelled(), calls=False),
        office.outside("09011112222", invite(BOSS), talk(15), bye(), inband="5"),
    )
    office.settles()
    messages = list((office.asterisk.folder / "spool/voicemail/default/201/INBOX").glob("*.txt"))
    assert len(messages) == 1
    assert "09011112222" in messages[0].read_text()
    mail = (office.asterisk.folder / "run/mail").read_text()
    assert "To: " in mail
    assert "yamada@example.jp" in mail
    assert 'Content-Disposition: attachment; filename="msg0000.wav"' in mail
    office.plays(office.desk("201", invite("*97"), press(f"{PIN}#", 2), talk(2), bye()))


def test_the_night_switch_sends_calls_elsewhere_and_shows_on_its_lamp(office: Switchboard) -> None:
    assert lamp(office, "*28@") == "Idle"
    code(office, "205", "*28")
    assert lamp(office, "*28@") == "InUse"
    office.plays(office.outside("09011112222", invite(SHOP), talk(0.5), bye()))
    code(office, "205", "*28")
    assert lamp(office, "*28@") == "Idle"
    office.plays(office.desk("201", rung(), *TAKES, calls=False), office.outside("09011112222", invite(SHOP), *SHORT))


def test_who_called_last_is_called_back(office: Switchboard) -> None:
    office.plays(office.desk("202", rung(), *TAKES, calls=False), office.desk("205", invite("202"), *SHORT))
    office.plays(office.desk("205", rung(), *TAKES, calls=False), office.desk("202", invite("*69"), *SHORT))


def test_keys_reach_asterisk_by_info(office: Switchboard) -> None:
    office.plays(office.desk("202", invite("801"), talk(2), inform(PIN + "#"), talk(2), bye()))
