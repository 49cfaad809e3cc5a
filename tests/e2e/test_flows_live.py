"""Callers in flows, on the generated dialplan with the real service: the nodes they reach, the telephones that ring, what the ledger knows,
and that publishing in the middle of a call changes nothing for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from appliance.ledger import Ledger
from appliance.phone_records import PBX
from appliance.records import CallAnswered, CallEnded, CallRinging
from tests import needs
from tests.bed.acts import answer, bye, cancelled, hears_bye, invite, press, rung, talk
from tests.bed.asterisk import UnavailableError
from tests.bed.exchange import publish
from tests.bed.flow_office import FlowOffice
from tests.bed.house import wait_for

pytestmark = [needs.root, needs.namespaces(), needs.program("mmdebstrap", "sipp")]

MAIN = """
flow: main
language: ja
start: menu
fallback: group:front
nodes:
  menu:
    type: menu
    say: "営業は1を押してください。"
    keys: {"1": {go: sales}, "2": {go: note}, "3": {go: desk}}
    no_input: {tries: 2, then: sorry}
    wrong_key: {tries: 2, then: sorry}
    timeout: 3s
  sales: {type: extension, extension: "202", ring: 15s, no_answer: sorry, busy: sorry}
  desk: {type: extension, extension: "202", ring: 3s, no_answer: sorry, busy: sorry}
  note: {type: record, as: order, max: 5s, silence: 0s, end_key: "#", next: sorry, error: sorry}
  sorry: {type: play, say: "申し訳ありません。", next: bye}
  bye: {type: hangup}
"""
NUMBER = "0312345678"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlowOffice]:
    try:
        office = FlowOffice(tmp_path_factory.mktemp("flows"), [MAIN], ("--canary", "2"))
    except UnavailableError as error:
        pytest.skip(str(error))
    with office.running():
        yield office


@pytest.fixture
def office(running: FlowOffice) -> FlowOffice:
    return running


def test_a_caller_who_presses_a_key_speaks_with_the_desk_and_the_ledger_knows_who_answered(office: FlowOffice) -> None:
    outside = office.office.outside("09011110001", invite(NUMBER), press("1", 1.5), talk(4), bye())
    office.office.plays(office.office.desk("202", rung(), answer(), hears_bye(), calls=False), outside)
    (ringing,) = [one for one in office.records(CallRinging) if isinstance(one, CallRinging) and one.caller_raw == "09011110001"]
    assert (ringing.via, ringing.direction, ringing.called) == (PBX, "inbound", "03-1234-5678") or ringing.called_raw == NUMBER
    assert "@" in ringing.sip_call_id, "by which the call that a mirror port saw is known as this one"
    wait_for("its end", lambda: [one for one in office.records(CallEnded) if one.subject == ringing.call])
    (answered,) = [one for one in office.records(CallAnswered) if isinstance(one, CallAnswered) and one.call == ringing.call]
    assert answered.by == "202"
    assert office.path("09011110001") == ["menu", "sales"]


def test_a_desk_that_does_not_answer_gives_the_caller_back_to_the_flow(office: FlowOffice) -> None:
    outside = office.office.outside("09011110002", invite(NUMBER), press("3", 1.5), hears_bye())
    office.office.plays(office.office.desk("202", rung(), cancelled(), calls=False), outside)
    wait_for("the way back", lambda: office.path("09011110002") == ["menu", "desk", "sorry", "bye"])


def test_what_a_caller_says_is_kept_sealed(office: FlowOffice) -> None:
    office.office.plays(office.office.outside("09011110003", invite(NUMBER), press("2", 1.5), talk(3), press("#"), hears_bye()))
    wait_for("the message", lambda: list((office.data / "messages" / "main").glob("*-order.wav.age")))
    assert office.path("09011110003") == ["menu", "note", "sorry", "bye"]


def test_publishing_drops_no_call_and_changes_none_that_is_under_way(office: FlowOffice) -> None:
    with office.office.outside("09011110004", invite(NUMBER), talk(3), press("1"), hears_bye()) as caller:
        wait_for("the caller", lambda: office.path("09011110004") == ["menu"])
        publish(office.data, MAIN.replace('"1": {go: sales}', '"1": {go: sorry}'), 2, 0.2)
        with office.office.desk("202", rung(), answer(), talk(1), bye(), calls=False):
            caller.wait()
    assert office.path("09011110004") == ["menu", "sales"], "the old revision"
    office.office.plays(office.office.outside("09011110005", invite(NUMBER), press("1", 1.5), hears_bye()))
    wait_for("the new revision", lambda: office.path("09011110005") == ["menu", "sorry", "bye"])
    publish(office.data, MAIN, 3, 0.2)


def test_the_canary_comes_all_the_way_and_its_time_stands_in_the_heartbeat(office: FlowOffice) -> None:
    def sung() -> str:
        with Ledger.open(office.box.folders.ledger) as ledger:
            return next((str(beat.detail.get("canary", "")) for beat in ledger.heartbeats() if beat.service == "ivr"), "")

    wait_for("the canary", lambda: sung() == "placed→dialplan→answered→key", 40)
    time.sleep(0.5)
    assert not [one for one in office.records(CallRinging) if isinstance(one, CallRinging) and not one.caller_raw], "it is no call"


def test_when_the_service_dies_with_a_caller_in_the_menu_the_front_desk_rings(office: FlowOffice) -> None:
    with office.office.outside("09011110006", invite(NUMBER), talk(14), bye()) as caller:
        wait_for("the caller", lambda: office.path("09011110006") == ["menu"])
        with (
            office.office.desk("201", rung(), cancelled(), calls=False),
            office.office.desk("202", rung(0.6), answer(), hears_bye(), calls=False) as front,
        ):
            office.service.kill()
            caller.wait()
            front.wait()
