"""What is told of a call is what is known when it is told; of an erased one nothing is."""

from __future__ import annotations

import json

from appliance.config import Config, Line
from appliance.ledger import Ledger
from appliance.phone_records import PBX
from appliance.popups import desk, telling
from appliance.records import CallErased
from tests.fakes import facts
from tests.fakes.clock import START

CONFIG = Config(lines=[Line(number="03-9876-5432", name="代表")])


def test_an_event_names_the_parties_the_line_and_what_people_said(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.answered())
    desk.take(ledger, facts.CALL, "sato", START)
    desk.write(ledger, facts.CALL, "sato", "折り返し", "open", START)
    found = telling.event(ledger, CONFIG, "hook-1", "noted", facts.CALL, START)
    assert found is not None and found.caller is not None
    values = json.loads(json.dumps(found.values))
    assert (values["caller"], values["line_name"], values["state"]) == ("0312345678", "代表", "answered")
    assert (values["taken_by"], values["memo"], values["follow_up"]) == ("sato", "折り返し", "open")
    assert (found.caller.national, values["at"][:16], values["ended_at"]) == ("0312345678", "2026-09-21T23:13", None)


def test_an_erased_call_is_not_told_of(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.ended())
    ledger.append(CallErased(at=START, call=facts.CALL, who="x", why="y", line_too=False))
    assert telling.event(ledger, CONFIG, "hook-1", "ended", facts.CALL, START) is None
    assert telling.event(ledger, CONFIG, "hook-1", "ended", "m" * 16, START) is None


def test_a_call_of_which_a_tap_and_the_telephone_system_tell_is_told_of_once(ledger: Ledger) -> None:
    ledger.append(facts.ringing(sip_call_id="x@y"), facts.ringing(call="told", via=PBX, sip_call_id="x@y"))
    assert telling.event(ledger, CONFIG, "hook-1", "ringing", "told", START) is None
    assert telling.event(ledger, CONFIG, "hook-1", "ringing", facts.CALL, START) is not None
