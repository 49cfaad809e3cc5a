"""Calls of the telephone system itself are recorded: the tap listens on the voice LAN's interface, and all goes the usual way. What the
telephone system tells of them and what the tap sees is one call.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.calls import Call
from appliance.ledger import Ledger
from appliance.lookup import legs
from appliance.phone_records import PBX
from appliance.popups.desk import note_of
from provisioning.exchange import console_at
from tests.bed.acts import answer, bye, hears_bye, invite, press, rung, talk
from tests.bed.asterisk import UnavailableError
from tests.bed.flow_office import FlowOffice
from tests.bed.house import House, wait_for
from tests.bed.lan import possible
from tests.bed.switchboard import BOXES, Switchboard

DESK = '[[phone.extensions]]\nnumber = "{}"\n'
RECORD = {"202": "never", "204": "on_demand", "206": "on_demand"}
FLOW = """
flow: main
language: ja
start: menu
fallback: group:front
nodes:
  menu:
    type: menu
    say: "営業は1を押してください。"
    keys: {"1": {go: sales}}
    no_input: {tries: 2, then: bye}
    wrong_key: {tries: 2, then: bye}
    timeout: 5s
  sales: {type: extension, extension: "205", ring: 15s, no_answer: bye, busy: bye}
  bye: {type: hangup}
"""
OUTSIDE = "09011119999"


def test_a_call_through_asterisk_is_one_call_with_one_recording_and_a_desk_that_says_never_has_none(tmp_path: Path) -> None:
    if why := possible():
        pytest.skip(why)
    text = (BOXES / "all" / "appliance.toml").read_text("utf-8").replace('"mirror0"', '"eth0"')
    for desk, record in RECORD.items():
        text = text.replace(DESK.format(desk), f'{DESK.format(desk)}record = "{record}"\n')
    try:
        flows = FlowOffice(tmp_path, [FLOW])
        with flows.running() as running, House(flows.data, flows.office.lan.names["pbx"], text) as house:
            office = running.office
            assert "Asterisk 22." in console_at(office.asterisk.folder / "run/asterisk.ctl")("core show version")
            hold(office, "201", "205")
            hold(office, "201", "202")
            asks = office.desk("205", invite("206"), talk(1), press("*1"), talk(2), bye())
            office.plays(
                office.desk("206", rung(), answer(), hears_bye(), calls=False), asks,
                office.desk("204", rung(), answer(), hears_bye(), calls=False), office.desk("201", invite("204"), talk(3), bye()),
            )  # fmt: skip
            outside = office.outside(OUTSIDE, invite("0312345678"), press("1", 1.5), talk(3), bye())
            office.plays(office.desk("205", rung(), answer(), hears_bye(), calls=False, inband="5"), outside)
            wait_for("the calls and what became of them", lambda: settled(house, 5), 60)
            found = {call.called: call for call in settled(house, 5)}
            recorded, silent, asked, unasked = (found[desk] for desk in ("205", "202", "206", "204"))
            (served,) = (call for call in found.values() if call.caller == OUTSIDE)
            assert house.recording(recorded.id) is not None
            assert house.recording(silent.id) is None
            assert silent.not_recorded == "excluded_rule"
            assert house.recording(served.id) is not None
            assert house.recording(asked.id) is not None, "somebody pressed the keys that ask for it"
            assert (house.recording(unasked.id), unasked.not_recorded) == (None, "not_asked")
            assert taken_by(house, served) == "205", "the telephone system knows who answered"
            assert taken_by(house, recorded) == "205"
            assert [folded.tied_by for folded in parts(house, served)] == [PBX, "call_id"], "a menu answered before the desk rang"
    except UnavailableError as error:
        pytest.skip(str(error))


def hold(office: Switchboard, caller: str, called: str) -> None:
    """Both speak (tones) for three seconds."""
    office.plays(
        office.desk(called, rung(), answer(), hears_bye(), calls=False, inband="5"),
        office.desk(caller, invite(called), talk(3), bye(), inband="6"),
    )


def settled(house: House, count: int) -> list[Call]:
    """So many calls as people see them, once each has a recording or a reason."""
    calls = [call for call in house.calls() if call.main is None]
    done = [call for call in calls if house.recording(call.id) is not None or call.not_recorded]
    return done if len(done) == count == len(calls) else []


def taken_by(house: House, call: Call) -> str:
    with Ledger.open(house.box.folders.ledger) as ledger:
        return note_of(ledger.connection, call.id).taken_by


def parts(house: House, call: Call) -> list[Call]:
    """What belongs to this talk besides the call itself, what the telephone system tells of first."""
    with Ledger.open(house.box.folders.ledger) as ledger:
        return sorted(legs(ledger.connection, call.id), key=lambda leg: leg.tied_by != PBX)
