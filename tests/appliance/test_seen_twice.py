"""A call that a tap sees and that the telephone system handles is one call, whoever tells of it first."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from appliance.ledger import Ledger
from appliance.library.search import Query, find
from appliance.lookup import get_call
from appliance.moments import SECOND
from appliance.phone_records import PBX, CallPlaced
from appliance.popups.desk import note_of
from appliance.records import CallAnswered, LegTied, Record
from tests.fakes import facts
from tests.fakes.clock import START

SEEN = facts.ringing(call="seen", sip_call_id='x",y@host')
TOLD = facts.ringing(call="told", sip_call_id='x",y@host', via=PBX, at=START + SECOND)


def ties(ledger: Ledger) -> list[tuple[str, str, str]]:
    records = [row.record for row in ledger.since(0, [LegTied])]
    return [(record.call, record.main, record.why) for record in records if isinstance(record, LegTied)]


def listed(ledger: Ledger) -> list[str]:
    return [call.id for call in find(ledger.connection, Query(once=True)).calls]


@pytest.mark.parametrize("order", [(SEEN, TOLD), (TOLD, SEEN)])
def test_the_call_that_both_tell_of_is_one_in_the_list(ledger: Ledger, order: Sequence[Record]) -> None:
    for record in order:
        ledger.append(record)
    assert ties(ledger) == [("told", "seen", "pbx")]
    assert listed(ledger) == ["seen"]


def test_a_call_that_was_sent_on_over_a_mirrored_trunk_is_the_one_that_was_seen_there(ledger: Ledger) -> None:
    ledger.append(facts.ringing(call="told", sip_call_id="desk@host", via=PBX))
    ledger.append(CallPlaced(at=START, call="told", by="trunk-hikari", sip_call_id=SEEN.sip_call_id))
    ledger.append(SEEN)
    assert ties(ledger) == [("told", "seen", "pbx")]
    ledger.append(facts.ringing(call="other", sip_call_id="desk2@host", via=PBX))
    ledger.append(facts.ringing(call="seen2", sip_call_id="out2@host"))
    ledger.append(CallPlaced(at=START, call="other", by="trunk-hikari", sip_call_id="out2@host"))
    assert ties(ledger)[1:] == [("other", "seen2", "pbx")]


def test_the_extension_that_answered_is_known_of_the_call_that_was_seen(ledger: Ledger) -> None:
    ledger.append(SEEN, TOLD, CallAnswered(at=START + 2 * SECOND, call="told", by="201"))
    assert note_of(ledger.connection, "seen").taken_by == "201"


def test_it_is_known_though_the_tap_told_of_the_call_late(ledger: Ledger) -> None:
    ledger.append(TOLD, CallAnswered(at=START + 2 * SECOND, call="told", by="201"), SEEN)
    assert note_of(ledger.connection, "seen").taken_by == "201"


def test_what_became_of_it_stands_with_the_call_that_was_seen(ledger: Ledger) -> None:
    ledger.append(TOLD, facts.not_recorded(call="told", reason="no_media"), SEEN)
    folded = get_call(ledger.connection, "told")
    assert folded is not None and (folded.not_recorded, folded.detail) == ("tied", "call seen")


def test_it_follows_when_the_talk_becomes_a_leg_of_another_one(ledger: Ledger) -> None:
    ledger.append(facts.ringing(call="before", sip_call_id="other"), SEEN, TOLD)
    ledger.append(LegTied(at=START, call="seen", main="before", to="before", why="call_id", swapped=False))
    assert ties(ledger)[-1] == ("told", "before", "pbx")


def test_in_doubt_two_rows_stay_two_rows(ledger: Ledger) -> None:
    ledger.append(SEEN, facts.ringing(call="liar", sip_call_id=SEEN.sip_call_id), TOLD)
    ledger.append(facts.ringing(call="late", sip_call_id="z"))
    ledger.append(facts.ringing(call="later", sip_call_id="z", via=PBX, at=START + 61 * SECOND))
    ledger.append(facts.ringing(call="nameless", sip_call_id=""), facts.ringing(call="too", sip_call_id="", via=PBX))
    ledger.append(facts.ringing(call="hidden", caller_name='"sip_call_id":"q"', sip_call_id="r"))
    ledger.append(facts.ringing(call="asks", sip_call_id="q", via=PBX))
    assert ties(ledger) == []


def test_telling_it_again_ties_nothing_twice(ledger: Ledger) -> None:
    ledger.append(SEEN, TOLD)
    ledger.append(SEEN, TOLD)
    assert len(ties(ledger)) == 1
