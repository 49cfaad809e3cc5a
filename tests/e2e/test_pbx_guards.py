"""Fail-open on the real Asterisk: with the application gone, hung or silent a caller into a flow still reaches somebody."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from appliance import dialplan
from tests.bed.acts import answer, bye, cancelled, hears_bye, invite, rung, talk
from tests.bed.ari_app import Application
from tests.bed.switchboard import Flow, Switchboard, office_of

MAIN = "0312345678"
TAKES = (answer(), hears_bye())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switchboard]:
    with office_of(tmp_path_factory.mktemp("guards"), flows={"main": Flow(max_minutes=10)}) as office:
        yield office


@pytest.fixture(autouse=True)
def nothing_left_over(office: Switchboard) -> Iterator[None]:
    office.cli(f"dialplan set global {dialplan.BEAT} 0")
    office.cli(f"dialplan set global {dialplan.CLAIMS} 0")
    yield
    office.settles(excused="Error reading from web socket")  # an application that died


def beats(office: Switchboard) -> None:
    """As if the application had beaten just now."""
    office.cli(f"dialplan set global {dialplan.BEAT} {int(time.time()) + 4}")


def falls_back(office: Switchboard) -> None:
    office.plays(
        office.desk("201", rung(), cancelled(), calls=False), office.desk("202", rung(0.6), *TAKES, calls=False),
        office.outside("09011112222", invite(MAIN), talk(0.3), bye()),
    )  # fmt: skip


def test_without_a_heartbeat_the_fallback_rings_at_once(office: Switchboard) -> None:
    falls_back(office)


def test_with_an_old_heartbeat_the_fallback_rings_though_the_application_is_there(office: Switchboard) -> None:
    with Application(office) as application:
        office.cli(f"dialplan set global {dialplan.BEAT} {int(time.time()) - 60}")
        falls_back(office)
        assert application.entered == []


def test_a_heartbeat_of_the_future_is_no_heartbeat(office: Switchboard) -> None:
    with Application(office):
        office.cli(f"dialplan set global {dialplan.BEAT} {int(time.time()) + 60}")
        falls_back(office)


def test_where_the_application_is_gone_the_fallback_rings(office: Switchboard) -> None:
    beats(office)
    falls_back(office)


def test_where_nobody_claims_the_call_the_fallback_rings(office: Switchboard) -> None:
    with Application(office):
        beats(office)
        office.cli(f"dialplan set global {dialplan.CLAIMS} 1")
        falls_back(office)


def test_a_call_enters_the_application_with_its_route_and_flow(office: Switchboard) -> None:
    with Application(office) as application:
        beats(office)
        application.then("go-extension", "205")
        office.plays(office.desk("205", rung(), *TAKES, calls=False), office.outside("09011112222", invite(MAIN), talk(0.3), bye()))
        assert application.entered == [["enter", "main", "main"]]


def test_an_application_that_hangs_loses_the_call_to_the_fallback_and_the_caller_stays(office: Switchboard) -> None:
    with Application(office) as application:
        beats(office)
        application.then_limit(2)
        falls_back(office)
        assert application.entered == [["enter", "main", "main"]]


def test_a_talk_that_the_application_began_is_not_cut_by_the_flows_limit(office: Switchboard) -> None:
    with Application(office) as application:
        beats(office)
        application.then("go-extension", "205", limit=2)
        office.plays(office.desk("205", rung(), *TAKES, calls=False), office.outside("09011112222", invite(MAIN), talk(4), bye()))


@pytest.mark.parametrize(("target", "outcome"), [("205", "no_answer"), ("999", "unreachable")])
def test_a_caller_whom_nobody_answered_comes_back_to_the_application(office: Switchboard, target: str, outcome: str) -> None:
    with Application(office) as application:
        beats(office)
        application.then("go-extension", target, back=True)
        application.then("go-hangup", "s")
        rings = [office.desk("205", rung(), cancelled(), calls=False)] if target == "205" else []
        office.plays(*rings, office.outside("09011112222", invite(MAIN, ends=603)))
        assert application.entered == [["enter", "main", "main"], ["back", outcome]]


def test_a_caller_who_would_come_back_to_nobody_rings_the_fallback(office: Switchboard) -> None:
    with Application(office) as application:
        beats(office)
        application.then("go-extension", "205", back=True)
        application.leaves_after_next()
        office.plays(
            office.desk("205", rung(), cancelled(), calls=False), office.desk("201", rung(), cancelled(), calls=False),
            office.desk("202", rung(0.6), *TAKES, calls=False), office.outside("09011112222", invite(MAIN), talk(0.3), bye()),
        )  # fmt: skip
