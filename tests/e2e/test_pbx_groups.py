"""Ring groups and queues on the generated files: their strategies, what callers hear while they wait, and callback."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.bed.acts import answer, bye, cancelled, decline, hears_bye, invite, press, rung, talk
from tests.bed.switchboard import Switchboard, office_of

SHOP, HELP = "0312345670", "0312345671"
TAKES = (answer(), hears_bye())
SHORT = (talk(0.3), bye())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switchboard]:
    with office_of(tmp_path_factory.mktemp("groups")) as office:
        yield office


@pytest.fixture(autouse=True)
def nothing_left_over(office: Switchboard) -> Iterator[None]:
    yield
    office.settles()


def test_all_ring_and_the_first_who_answers_has_it(office: Switchboard) -> None:
    office.plays(
        office.desk("201", rung(), cancelled(), calls=False),
        office.desk("202", rung(0.6), *TAKES, calls=False),
        office.desk("205", invite("600"), *SHORT),
    )


def test_in_order_the_second_rings_after_the_first_refused(office: Switchboard) -> None:
    office.plays(
        office.desk("201", rung(), decline(), calls=False),
        office.desk("202", rung(shown="営業:"), *TAKES, calls=False),
        office.desk("205", invite("601"), *SHORT),
    )


def test_in_order_the_second_rings_after_the_firsts_time(office: Switchboard) -> None:
    office.plays(
        office.desk("201", rung(), cancelled(), calls=False),
        office.desk("202", rung(), *TAKES, calls=False),
        office.outside("09011112222", invite(SHOP), *SHORT),
    )


def test_by_memory_the_first_rings_again_with_the_second(office: Switchboard) -> None:
    office.plays(
        (first := office.desk("201", rung(), cancelled(), calls=False)),
        office.desk("202", rung(1), *TAKES, calls=False),
        office.desk("205", invite("602"), *SHORT),
    )
    assert len(set(re.findall(r"^Call-ID: (.+)", first.messages(), re.MULTILINE))) == 2


def test_a_member_outside_confirms_before_the_call_is_theirs(office: Switchboard) -> None:
    office.plays(
        office.desk("202", rung(), cancelled(), calls=False),
        office.outside("x", rung(shown="INVITE sip:18609087654321@"), answer(), hears_bye(), calls=False, inband="1"),
        office.desk("205", invite("603"), talk(1), bye()),
    )


def test_a_mailbox_outside_that_answers_takes_no_call(office: Switchboard) -> None:
    office.plays(
        office.desk("202", rung(9), *TAKES, calls=False),
        office.outside("x", rung(), answer(), hears_bye(), calls=False),
        office.desk("205", invite("603"), talk(0.5), bye()),
    )


def test_a_group_of_which_nobody_answers_ends_as_the_group_says(office: Switchboard) -> None:
    office.plays(
        office.desk("201", rung(), decline(), calls=False), office.desk("202", rung(), decline(), calls=False),
        office.desk("205", invite("600", ends=486)),
    )  # fmt: skip


def test_a_caller_waits_in_a_queue_until_a_member_answers(office: Switchboard) -> None:
    office.plays(office.desk("202", rung(1), *TAKES, calls=False), office.desk("205", invite("610"), talk(2.5), bye()))


def test_in_a_queue_by_order_the_next_member_rings_when_the_first_does_not_answer(office: Switchboard) -> None:
    office.plays(
        office.desk("202", rung(), cancelled(), calls=False),
        office.desk("203", rung(), *TAKES, calls=False),
        office.desk("205", invite("610"), talk(9), bye()),
    )


def test_in_a_queue_for_all_every_member_rings(office: Switchboard) -> None:
    office.plays(
        office.desk("205", rung(), cancelled(), calls=False),
        office.desk("206", rung(1), *TAKES, calls=False),
        office.desk("201", invite("611"), talk(2.5), bye()),
    )


def test_a_full_queue_takes_nobody_more(office: Switchboard) -> None:
    office.plays(
        office.desk("205", rung(), cancelled(), calls=False),
        office.desk("206", rung(), cancelled(), calls=False),
        office.desk("201", invite("611"), talk(3), bye()),
        office.desk("204", talk(1), invite("611"), hears_bye()),
    )


def test_who_waits_too_long_goes_on_to_the_queues_next_step(office: Switchboard) -> None:
    office.plays(
        office.desk("205", rung(), cancelled(), calls=False),
        office.desk("206", rung(), cancelled(), calls=False),
        office.desk("201", invite("611"), hears_bye()),
    )


def test_who_wants_to_be_called_back_is_called_when_a_member_takes_the_place(office: Switchboard) -> None:
    office.plays(
        office.outside("09011112222", invite(HELP), press("1", 2), press("1", 3), hears_bye()),
    )
    while not any(channel.startswith("PJSIP/203") for channel in office.asterisk.channels()):  # 202 is between two rings
        time.sleep(0.1)
    assert "09011112222" in office.cli("queue show support")
    office.plays(
        office.desk("202", rung(), *TAKES, calls=False),
        office.outside("x", rung(shown="INVITE sip:18609011112222@"), answer(), talk(0.5), bye(), calls=False),
    )


def test_a_desk_enters_and_leaves_the_queues_by_code(office: Switchboard) -> None:
    office.plays(office.desk("201", invite("*45"), hears_bye()))
    assert "PJSIP/201" in office.cli("queue show support")
    office.plays(office.desk("201", invite("*45"), hears_bye()))
    assert "PJSIP/201" not in office.cli("queue show support")
