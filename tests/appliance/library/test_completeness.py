"""Calls, recordings and objects add up by day; whatever does not is named with its reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance import checkpoints, erasure, keys
from appliance.ledger import Ledger
from appliance.library.completeness import Report, as_json, lines, report
from appliance.moments import SECOND
from appliance.records import RecordingErased, RecordingExpired, UploadParked
from tests.appliance.furnished import Furnished
from tests.fakes import facts

DAY = 24 * 3600 * SECOND


def made(at: Furnished, begin: int | None = None, end: int | None = None) -> Report:
    with at.ledger() as ledger:
        return report(at.box, ledger, begin, end, at.now)


def test_the_sample_calls_add_up(furnished: Furnished) -> None:
    found = made(furnished)
    (day,) = found.days
    assert found.gaps == [] and as_json(found)["complete"]
    assert (day.seen, day.recorded, day.waiting, sum(day.not_recorded.values())) == (6, 4, 4, 2)
    assert dict(day.not_recorded) == {"not_answered": 1, "excluded_line": 1}


def test_only_calls_of_the_period_are_counted(furnished: Furnished) -> None:
    assert made(furnished, begin=furnished.now).days == []
    (day,) = made(furnished, begin=furnished.now - DAY, end=furnished.call("inbound").started_at + 1).days
    assert day.seen == 1


def unsettled(at: Furnished, ledger: Ledger) -> None:
    ledger.append(facts.ringing(call="a" * 16, at=at.now - 9), facts.ended(call="a" * 16, at=at.now - 8))


def lost(at: Furnished, ledger: Ledger) -> None:
    at.sealed("inbound").unlink()


def parked(at: Furnished, ledger: Ledger) -> None:
    name = at.recording("inbound").facts.recording
    ledger.append(UploadParked(at=at.now, recording=name, store="s3", reason="the bucket is gone", attempts=3))


def unlisted(at: Furnished, ledger: Ledger) -> None:
    ledger.connection.execute("DELETE FROM recording WHERE sequence = 2")


def cut_off(at: Furnished, ledger: Ledger) -> None:
    checkpoints.sign(at.box, ledger, keys.signing_key(at.box.folders.keys), at.now)
    ledger.connection.execute("DELETE FROM recording WHERE sequence = 4")
    ledger.connection.execute("DELETE FROM call WHERE id = ?", (at.calls["outbound"],))


def vanished(at: Furnished, ledger: Ledger) -> None:
    ledger.append(facts.stored(recording=at.recording("inbound").facts.recording))
    at.sealed("inbound").unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (unsettled, "ended with neither a recording nor a reason; no work on it is queued"),
        (lost, "its file is missing and it was never stored"),
        (parked, "is not stored: the bucket is gone"),
        (unlisted, "number 2 is missing"),
        (unlisted, "which is not in the ledger"),
        (cut_off, "4 recordings were vouched for, the last number here is 3: the end was cut off"),
        (vanished, "the local copy is gone without a rule"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_does_not_add_up_is_named(own: Furnished, spoil: Callable[[Furnished, Ledger], None], said: str) -> None:
    with own.ledger() as ledger:
        spoil(own, ledger)
    found = made(own)
    assert any(said in gap.why for gap in found.gaps), found.gaps
    assert any(said in line for line in lines(found)) and not as_json(found)["complete"]


def test_what_went_by_rule_or_on_request_is_no_gap(own: Furnished) -> None:
    name = own.recording("inbound").facts.recording
    with own.ledger() as ledger:
        ledger.append(facts.stored(recording=name), RecordingExpired(at=own.now, recording=name, rule="r"))
        other = own.recording("internal")
        ledger.append(erasure.prove(other, 2, 2, 2, "w", "y", own.now, keys.signing_key(own.box.folders.keys)))
        erasure.ask(ledger, [erasure.Order(own.call("outbound"), own.recording("outbound"))], "w", "y", own.now)
    for sample in ("inbound", "internal", "outbound"):
        own.sealed(sample).unlink()
    found = made(own)
    (day,) = found.days
    assert found.gaps == [] and (day.stored, day.erased, day.waiting) == (1, 2, 1)


def test_a_call_under_way_and_one_being_made_are_no_gap(own: Furnished) -> None:
    with own.ledger() as ledger:
        ledger.append(facts.ringing(call="a" * 16, at=own.now - 9))
        unsettled(own, ledger)
        ledger.append(facts.ringing(call="b" * 16, at=own.now - 9), facts.ended(call="b" * 16, at=own.now - 8))
        ledger.connection.execute("DELETE FROM call WHERE id = ?", ("a" * 16,))
        ledger.connection.execute(
            "INSERT INTO job (id, kind, subject, body, state, not_before, created_at) VALUES ('x', 'render', ?, '{}', 'ready', 0, 0)",
            ("b" * 16,),
        )
    assert made(own).gaps == []


def test_the_erased_have_their_record(own: Furnished) -> None:
    with own.ledger() as ledger:
        name = own.recording("inbound").facts.recording
        ledger.append(RecordingErased(at=own.now, recording=name, who="w", why="y", objects=2, proof="p"))
    (day,) = made(own).days
    assert day.erased == 1
