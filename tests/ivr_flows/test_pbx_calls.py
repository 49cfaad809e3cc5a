"""What AMI tells of becomes the records of a call: who calls, which extension answered, when it was over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.config import Config
from appliance.records import CallAnswered, CallEnded, CallNotRecorded, CallPlaced, CallRinging, Record
from ivr_flows.pbx_calls import PbxCalls, call_of

DESKS = {"phone": {"extensions": [{"number": "201"}, {"number": "202"}]}, "lines": [{"number": "03-1234-5678", "name": "代表"}]}


def new(channel: str, unique: str, linked: str, **more: str) -> dict[str, Any]:
    return {"event": "Newchannel", "channel": channel, "uniqueid": unique, "linkedid": linked, **more}


def gone(unique: str, linked: str, cause: str = "16") -> dict[str, Any]:
    return {"event": "Hangup", "uniqueid": unique, "linkedid": linked, "cause": cause}


def told(events: Sequence[dict[str, Any]]) -> list[Record]:
    calls = PbxCalls(Config.model_validate(DESKS))
    return [record for at, event in enumerate(events) for record in calls.take(event, at)]


INBOUND = new("PJSIP/hikari-00000001", "1.1", "1.1", calleridnum="0312340000", calleridname="山田", exten="0312345678")
ANSWERED = {"event": "DialEnd", "linkedid": "1.1", "destchannel": "PJSIP/201-00000002", "dialstatus": "ANSWER"}


def test_a_call_from_outside_rings_is_answered_by_an_extension_and_ends() -> None:
    records = told([INBOUND, new("PJSIP/201-00000002", "1.2", "1.1"), ANSWERED, gone("1.2", "1.1"), gone("1.1", "1.1")])
    ringing, answered, ended, unrecorded = records
    assert isinstance(unrecorded, CallNotRecorded)
    assert isinstance(ringing, CallRinging) and isinstance(answered, CallAnswered) and isinstance(ended, CallEnded)
    assert (ringing.call, ringing.via, ringing.direction) == (call_of("1.1"), "pbx", "inbound")
    assert (ringing.caller, ringing.caller_name, ringing.line) == ("0312340000", "山田", "03-1234-5678")
    assert answered.by == "201"
    assert (ended.reason, ended.answered_at, ended.end_seen) == ("normal", 2, True)


def test_the_first_channel_of_a_call_and_those_over_trunks_are_asked_for_their_call_id() -> None:
    calls = PbxCalls(Config.model_validate(DESKS))
    assert calls.asks_call_id(INBOUND)
    assert calls.asks_call_id(new("PJSIP/201-00000001", "1.1", "1.1"))
    assert calls.asks_call_id(new("PJSIP/trunk-hikari-00000002", "1.2", "1.1"))
    assert not calls.asks_call_id(new("PJSIP/201-00000002", "1.2", "1.1"))
    assert not calls.asks_call_id(new("Local/s@canary-00000001;1", "1", "1"))
    (ringing,) = calls.take({**INBOUND, "sipcallid": "abc@host"}, 1)
    assert isinstance(ringing, CallRinging)
    assert ringing.sip_call_id == "abc@host"


def test_a_call_that_goes_out_tells_its_call_id_on_the_trunk_and_nobody_of_the_office_answers_it() -> None:
    desk = new("PJSIP/201-00000001", "1.1", "1.1", calleridnum="201", exten="0901")
    answer = {"event": "DialEnd", "linkedid": "1.1", "destchannel": "PJSIP/trunk-hikari-00000002", "dialstatus": "ANSWER"}
    _, placed, answered = told([desk, new("PJSIP/trunk-hikari-00000002", "1.2", "1.1", sipcallid="out@host"), answer])
    assert isinstance(placed, CallPlaced) and isinstance(answered, CallAnswered)
    assert (placed.call, placed.by, placed.sip_call_id) == (call_of("1.1"), "trunk-hikari", "out@host")
    assert answered.by == ""


def test_a_call_is_over_with_its_last_channel() -> None:
    events = [INBOUND, new("PJSIP/201-00000002", "1.2", "1.1"), gone("1.1", "1.1")]
    assert [type(record) for record in told(events)] == [CallRinging]


def test_a_caller_without_a_number_is_anonymous() -> None:
    (ringing,) = told([new("PJSIP/hikari-00000001", "1.1", "1.1", calleridnum="<unknown>", exten="0312345678")])
    assert isinstance(ringing, CallRinging)
    assert (ringing.caller_raw, ringing.caller_reason) == ("", "anonymous")


def test_a_desk_calls_a_desk_or_the_outside() -> None:
    inner, outer = told(
        [new("PJSIP/201-00000001", "1", "1", calleridnum="201", exten="202"), new("PJSIP/202-00000002", "2", "2", exten="0901")]
    )
    assert isinstance(inner, CallRinging) and isinstance(outer, CallRinging)
    assert (inner.direction, outer.direction) == ("internal", "outbound")


def test_calls_of_our_own_are_none() -> None:
    assert told([new("Local/s@canary-00000001;1", "1", "1"), gone("1", "1")]) == []


def test_a_call_that_nobody_answered_says_why_it_ended() -> None:
    _, ended, unrecorded = told([INBOUND, gone("1.1", "1.1", "17")])
    assert isinstance(ended, CallEnded) and isinstance(unrecorded, CallNotRecorded)
    assert unrecorded.reason == "not_answered", "every call ends as a recording or with a reason"
    assert (ended.reason, ended.answered_at) == ("busy", None)


def test_after_a_gap_no_end_is_made_up() -> None:
    ended = told([INBOUND, {"event": "lost"}])[-2]
    assert isinstance(ended, CallEnded)
    assert (ended.reason, ended.end_seen) == ("unknown", False)


def test_events_without_what_they_need_are_no_error() -> None:
    assert (
        told([{}, {"event": "Newchannel"}, {"event": "DialEnd", "dialstatus": "ANSWER"}, {"event": "Hangup", "linkedid": "9"}])
        == []
    )
