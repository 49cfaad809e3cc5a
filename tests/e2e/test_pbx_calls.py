"""Calls in, out and inside, on the generated files: routes, numbers, permissions, emergency numbers, the block list."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bed.acts import answer, bye, cancelled, hears_bye, invite, rung, talk
from tests.bed.switchboard import Switchboard, office_of

MAIN, BOSS, SHOP = "0312345678", "0312345679", "0312345670"
TAKES = (answer(), hears_bye())
SHORT = (talk(0.2), bye())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switchboard]:
    with office_of(tmp_path_factory.mktemp("calls")) as office:
        yield office


@pytest.fixture(autouse=True)
def nothing_left_over(office: Switchboard) -> Iterator[None]:
    yield
    office.settles()


def test_a_desk_calls_a_desk_and_is_shown_by_name(office: Switchboard) -> None:
    office.plays(
        office.desk("202", rung(shown="From: .山田 太郎. &lt;sip:201@"), *TAKES, calls=False),
        office.desk("201", invite("202"), *SHORT),
    )


def test_a_desk_that_was_not_taken_in_time_is_given_up(office: Switchboard) -> None:
    office.plays(office.desk("202", rung(), cancelled(), calls=False), office.desk("205", invite("202", ends=603)))


def test_a_caller_who_gives_up_ends_the_ringing(office: Switchboard) -> None:
    office.plays(office.desk("202", rung(), cancelled(), calls=False), office.desk("201", invite("202", ends=487, ring_s=0.5)))


def test_the_dialled_number_decides_which_route_a_call_takes(office: Switchboard) -> None:
    office.plays(office.desk("201", rung(), *TAKES, calls=False), office.outside("09011112222", invite(BOSS), *SHORT))


def test_a_number_that_the_line_tells_in_its_own_header_counts_before_the_request(office: Switchboard) -> None:
    header = f"P-Called-Party-ID: <sip:{BOSS}@ntt.example;user=phone>\n"
    office.plays(
        office.desk("201", rung(), *TAKES, calls=False), office.outside("09011112222", invite("99999"), *SHORT, headers=header)
    )


def test_a_number_in_international_form_is_the_same_number(office: Switchboard) -> None:
    office.plays(office.desk("201", rung(), *TAKES, calls=False), office.outside("+819011112222", invite(f"+81{BOSS[1:]}"), *SHORT))


def test_a_listed_caller_goes_another_way_and_is_shown_by_name(office: Switchboard) -> None:
    office.plays(office.desk("205", rung(shown="本社"), *TAKES, calls=False), office.outside("0612345678", invite(SHOP), *SHORT))


def test_a_payphone_is_known_by_its_display_name(office: Switchboard) -> None:
    office.plays(office.outside("anonymous", invite(BOSS, ends=603), display="Coin line/payphone"))


def test_a_company_may_call_itself_unavailable(office: Switchboard) -> None:
    office.plays(
        office.desk("201", rung(), *TAKES, calls=False),
        office.outside("09011112222", invite(BOSS), *SHORT, display="Coin Lines Ltd"),
    )


def test_a_caller_who_withholds_the_number_is_shown_without_it(office: Switchboard) -> None:
    quiet = office.outside("09011112222", invite(BOSS), *SHORT, headers="Privacy: id\n", display="Anonymous")
    desk = office.desk("201", rung(), *TAKES, calls=False)
    office.plays(desk, quiet)
    assert "09011112222" not in desk.messages()


def test_a_blocked_caller_hears_busy(office: Switchboard) -> None:
    office.plays(office.outside("09000000000", invite(BOSS, ends=486)))


def test_a_desk_blocks_whoever_called_last(office: Switchboard) -> None:
    office.plays(office.desk("201", rung(), *TAKES, calls=False), office.outside("09033334444", invite(BOSS), *SHORT))
    office.plays(office.desk("201", invite("*66"), hears_bye()))
    office.plays(office.outside("09033334444", invite(BOSS, ends=486)))
    office.cli("database del blocked c09033334444")


@pytest.mark.parametrize(
    ("dialled", "sent"),
    [
        ("0611112222", "0611112222"),
        ("55556666", "0355556666"),
        ("09012345678", "18609012345678"),
        ("1840611112222", "1840611112222"),
        ("18409012345678", "18409012345678"),
        ("117", "117"),
        ("*001", "0612345678"),
    ],
)
def test_a_number_goes_out_as_the_rules_say(office: Switchboard, dialled: str, sent: str) -> None:
    office.plays(
        office.outside("x", rung(shown=f"INVITE sip:{sent}@"), *TAKES, calls=False), office.desk("201", invite(dialled), *SHORT)
    )


def test_a_call_to_the_outside_shows_the_desks_number_or_the_rules(office: Switchboard) -> None:
    office.plays(
        office.outside("x", rung(shown="From: &lt;sip:0312345679@"), *TAKES, calls=False),
        office.desk("201", invite("0611112222"), *SHORT),
    )
    office.plays(
        office.outside("x", rung(shown="From: &lt;sip:0312345670@"), *TAKES, calls=False),
        office.desk("202", invite("09012345678"), *SHORT),
    )


@pytest.mark.parametrize(
    ("desk", "dialled"), [("204", "09012345678"), ("201", "0990123456"), ("201", "0105551234567"), ("201", "0570123456")]
)
def test_a_call_that_the_desk_may_not_make_is_refused(office: Switchboard, desk: str, dialled: str) -> None:
    office.plays(office.desk(desk, invite(dialled, ends=503)))


@pytest.mark.parametrize("dialled", ["110", "118", "119", "0110", "0119", "184110", "0186119"])
@pytest.mark.parametrize("desk", ["201", "204"])
def test_an_emergency_number_goes_out_first_and_always(office: Switchboard, desk: str, dialled: str) -> None:
    office.plays(
        office.outside("x", rung(shown=f"INVITE sip:{dialled[-3:]}@"), *TAKES, calls=False),
        office.desk(desk, invite(dialled), *SHORT),
    )
