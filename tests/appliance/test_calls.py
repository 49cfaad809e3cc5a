"""Calls and recordings as people look them up: a reading of the records that can be made anew at will."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.calls import Call, Recording, as_json, project, recording_as_json
from appliance.ledger import Ledger
from appliance.lookup import get_call, get_recording
from appliance.moments import SECOND
from appliance.records import (
    CallAnswered,
    CallTaken,
    Heartbeat,
    LegTied,
    Record,
    RecordingErased,
    RecordingExpired,
    RecordingFailed,
    RecordingHeld,
    UploadParked,
    WeirdSeen,
)
from tests.fakes import facts
from tests.fakes.clock import START

TOKYO = timezone(timedelta(hours=9))
NAMES = st.sampled_from(["calla", "callb"])
PIECES = st.sampled_from([("reca", 1), ("recb", 2)])
AT = st.integers(0, 5)
FLAG = st.booleans()


def _fact(call: str, piece: tuple[str, int], at: int, flag: bool, which: int) -> Record:
    recording, sequence = piece
    return (
        LegTied(at=at, call=call, main="callb", to="callb", why="refer", swapped=flag),
        facts.ringing(call=call, at=at, start_seen=flag),
        facts.answered(call=call, at=at),
        facts.ended(call=call, at=at, end_seen=flag, answered_at=at if flag else None),
        facts.not_recorded(call=call, at=at),
        RecordingFailed(at=at, call=call, reason="poison", quarantine="q"),
        facts.ready(recording=recording, call=call, sequence=sequence, at=at),
        facts.stored(recording=recording, at=at),
        UploadParked(at=at, recording=recording, store="s3", reason="refused", attempts=9),
        RecordingHeld(at=at, recording=recording, held=flag, who="m", why="case"),
        RecordingExpired(at=at, recording=recording, rule="90 days"),
        RecordingErased(at=at, recording=recording, who="m", why="asked", objects=2, proof="p"),
    )[which]


ANY_FACT = st.builds(_fact, NAMES, PIECES, AT, FLAG, st.integers(0, 11))


def call_of(ledger: Ledger) -> Call:
    found = get_call(ledger.connection, facts.CALL)
    assert found is not None
    return found


def recording_of(ledger: Ledger) -> Recording:
    found = get_recording(ledger.connection, facts.RECORDING)
    assert found is not None
    return found


def tables(connection: sqlite3.Connection) -> list[list[tuple[object, ...]]]:
    return [[tuple(row) for row in connection.execute(f"SELECT * FROM {name} ORDER BY id")] for name in ("call", "recording")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(ANY_FACT, max_size=12))
def test_the_reading_made_anew_from_all_records_is_the_same(ledger: Ledger, written: list[Record]) -> None:
    with ledger.transaction() as connection:
        for name in ("record", "call", "recording"):
            connection.execute(f"DELETE FROM {name}")
    ledger.append(*written)
    before = tables(ledger.connection)
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM call")
        connection.execute("DELETE FROM recording")
        for row in ledger.since(0):
            for sql, parameters in project(row.record):
                connection.execute(sql, parameters)
    assert tables(ledger.connection) == before


def test_a_call_is_followed_from_ringing_to_its_recording(ledger: Ledger) -> None:
    ledger.append(facts.ringing())
    call = call_of(ledger)
    assert (call.started_at, call.answered_at, call.ended_at, call.end_seen, call.settled) == (START, None, None, None, False)
    assert (call.caller, call.line, call.direction, call.start_seen) == ("0312345678", "03-9876-5432", "inbound", True)
    ledger.append(facts.answered())
    assert call_of(ledger).answered_at == START + 3 * SECOND
    ledger.append(facts.ended())
    call = call_of(ledger)
    assert (call.ended_at, call.end_reason, call.sip_status, call.ringing_at) == (START + 63 * SECOND, "bye", 200, START + SECOND)
    assert (call.end_seen, call.settled) == (True, False)
    ledger.append(facts.ready())
    call = call_of(ledger)
    assert (call.recording, call.settled, call.not_recorded) == (facts.RECORDING, True, None)


def test_the_extension_that_answered_took_the_call_unless_a_person_says_otherwise(ledger: Ledger) -> None:
    def taken() -> str:
        return str(ledger.connection.execute("SELECT taken_by FROM note WHERE call = 'calla'").fetchone()[0])

    ledger.append(CallAnswered(at=START, call="calla", by="201"))
    assert taken() == "201"
    ledger.append(CallTaken(at=START + 1, call="calla", who="sato"))
    assert taken() == "sato"
    ledger.append(CallAnswered(at=START + 2, call="calla", by="202"))
    assert taken() == "sato"


def test_talk_counts_from_the_answer(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.answered())
    assert call_of(ledger).duration == 0
    ledger.append(facts.ended())
    assert call_of(ledger).duration == 60


def test_a_call_that_nobody_answered_has_no_talk(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.ended(answered_at=None, reason="cancel"))
    assert call_of(ledger).duration == 0


def test_a_clock_that_was_set_back_gives_no_negative_talk(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.ended(at=START, answered_at=START + SECOND))
    assert call_of(ledger).duration == 0


def test_what_the_end_says_of_the_answer_counts(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.answered(), facts.ended(answered_at=START + 5 * SECOND))
    assert call_of(ledger).answered_at == START + 5 * SECOND


def test_a_call_without_a_recording_says_why(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.ended(), facts.not_recorded(reason="encrypted", detail="SRTP"))
    call = call_of(ledger)
    assert (call.settled, call.recording, call.not_recorded, call.detail) == (True, None, "encrypted", "SRTP")


def test_a_recording_that_could_not_be_made_settles_its_call(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), RecordingFailed(at=1, call=facts.CALL, reason="poison", quarantine="q/x.age"))
    assert (call_of(ledger).not_recorded, call_of(ledger).detail, call_of(ledger).settled) == ("damaged", "poison", True)


@pytest.mark.parametrize("late", [facts.not_recorded(), RecordingFailed(at=1, call=facts.CALL, reason="poison", quarantine="q")])
def test_a_recording_counts_more_than_any_reason_to_have_none(ledger: Ledger, late: Record) -> None:
    ledger.append(facts.ringing(), facts.ready(), late)
    first = call_of(ledger)
    assert (first.recording, first.not_recorded, first.detail) == (facts.RECORDING, None, None)


def test_a_recording_made_after_all_takes_the_reason_away(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.not_recorded(), facts.ready())
    assert (call_of(ledger).recording, call_of(ledger).not_recorded, call_of(ledger).detail) == (facts.RECORDING, None, None)


def test_a_recording_knows_where_it_is_stored(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.ready())
    assert recording_of(ledger) == Recording(
        facts=facts.ready(), store=None, key=None, stored_at=None, parked=None, expired_at=None, held=False, erased_at=None
    )
    ledger.append(UploadParked(at=1, recording=facts.RECORDING, store="folder", reason="disk gone", attempts=9))
    assert recording_of(ledger).parked == "disk gone"
    ledger.append(facts.stored())
    found = recording_of(ledger)
    assert (found.parked, found.store, found.key, found.stored_at) == (None, "folder", facts.stored().key, facts.stored().at)


def test_a_hold_lasts_until_it_is_released(ledger: Ledger) -> None:
    ledger.append(facts.ready(), RecordingHeld(at=1, recording=facts.RECORDING, held=True, who="m", why="case 7"))
    assert recording_of(ledger).held is True
    ledger.append(RecordingHeld(at=2, recording=facts.RECORDING, held=False, who="m", why="closed"))
    assert recording_of(ledger).held is False


def test_a_recording_that_is_gone_says_since_when(ledger: Ledger) -> None:
    ledger.append(facts.ready(), RecordingExpired(at=5, recording=facts.RECORDING, rule="1 day"))
    assert (recording_of(ledger).expired_at, recording_of(ledger).erased_at) == (5, None)
    ledger.append(RecordingErased(at=6, recording=facts.RECORDING, who="m", why="asked", objects=2, proof="p"))
    assert (recording_of(ledger).expired_at, recording_of(ledger).erased_at) == (5, 6)


def test_records_about_other_things_change_no_call() -> None:
    assert list(project(WeirdSeen(at=1, name="n", via="tap", count=1, sample=""))) == []
    assert list(project(Heartbeat(at=1, service="tap", pid=1, state="ok", detail={}))) == []


def test_hostile_text_is_only_text(ledger: Ledger) -> None:
    name = "'); DROP TABLE call; --"
    ledger.append(facts.ringing(caller_name=name))
    assert call_of(ledger).caller_name == name


def test_the_json_of_a_call_is_stable(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.answered(), facts.ended(), facts.not_recorded())
    shown = as_json(call_of(ledger), None, TOKYO)
    assert shown == {
        "call": facts.CALL,
        "caller": "0312345678",
        "caller_name": None,
        "caller_reason": None,
        "caller_e164": "+81312345678",
        "caller_raw": "0312345678",
        "called": "0398765432",
        "called_e164": "+81398765432",
        "called_raw": "03-9876-5432",
        "line": "03-9876-5432",
        "direction": "inbound",
        "started_at": "2026-09-21T23:13:20.000000+09:00",
        "ringing_at": "2026-09-21T23:13:21.000000+09:00",
        "answered_at": "2026-09-21T23:13:23.000000+09:00",
        "ended_at": "2026-09-21T23:14:23.000000+09:00",
        "end_reason": "bye",
        "sip_status": 200,
        "start_seen": True,
        "end_seen": True,
        "duration": 60.0,
        "via": "tap",
        "main": None,
        "tied_by": None,
        "recorded": False,
        "not_recorded_reason": "no_media",
        "not_recorded_detail": "no RTP",
        "recording": None,
    }
    assert json.loads(json.dumps(shown)) == shown


def test_the_json_of_a_recording_is_stable(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.ready(), facts.stored())
    shown = recording_as_json(recording_of(ledger), TOKYO, "/var/recordings")
    assert shown == {
        "id": facts.RECORDING,
        "call": facts.CALL,
        "file": "/var/recordings/2026/09/21/r.flac.age",
        "manifest": "/var/recordings/2026/09/21/r.json.age",
        "started_at": "2026-09-21T23:13:23.000000+09:00",
        "duration": 60.0,
        "sha256": facts.HASH,
        "plain_sha256": facts.HASH,
        "format": "flac",
        "channels": 2,
        "sample_rate": 8000,
        "codecs": ["PCMU"],
        "packets": 6000,
        "lost": 0,
        "late": 0,
        "one_sided": False,
        "cut": False,
        "bytes": 1000,
        "quality": {"mos": 4.2},
        "recipients": ["playback"],
        "sequence": 1,
        "chain": facts.HASH,
        "store": "folder",
        "key": "v1/local/1/r.flac.age",
        "stored_at": "2026-09-21T23:14:30.000000+09:00",
        "held": False,
        "local": True,
    }
    assert json.loads(json.dumps(shown)) == shown
    assert as_json(call_of(ledger), recording_of(ledger), TOKYO, "/var/recordings")["recording"] == shown


def test_the_json_says_when_the_local_copy_is_gone(ledger: Ledger) -> None:
    ledger.append(facts.ready(), RecordingExpired(at=5, recording=facts.RECORDING, rule="1 day"))
    shown = recording_as_json(recording_of(ledger), TOKYO)
    assert (shown["local"], shown["file"]) == (False, facts.ready().file)


def test_a_replayed_record_changes_no_row(ledger: Ledger) -> None:
    story = [facts.ringing(), facts.not_recorded(), facts.ready(), facts.stored()]
    ledger.append(*story)
    before = tables(ledger.connection)
    ledger.append(*story)
    assert tables(ledger.connection) == before
