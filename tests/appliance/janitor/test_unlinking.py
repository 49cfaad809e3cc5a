"""The janitor's part of an erasure: everything of the call on the box goes, the chain stays whole, and a death anywhere costs nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import erasure, keys
from appliance.janitor.unlinking import Unlinking
from appliance.jobs import NewJob, enqueue
from appliance.ledger import Ledger
from appliance.library.verification import verify_all
from appliance.lookup import get_call, get_recording
from appliance.manifest import decode
from appliance.phone_records import PBX
from appliance.records import AnswersKept, CallErased, LegTied, ObjectsErased, RecordingErased
from tests.appliance.furnished import Furnished
from tests.bed.recorded import TOUCHES
from tests.fakes import facts
from tests.fakes.processes import killed_before


@pytest.fixture
def ledger(own: Furnished) -> Iterator[Ledger]:
    with own.ledger() as opened:
        yield opened


def told(at: Furnished, ledger: Ledger, sample: str = "inbound", *, facts_too: bool = True) -> str:
    """As after the uploader's part: the store is empty of it. Returns the call."""
    call = at.call(sample)
    recording = at.recording(sample) if call.recording else None
    erasure.ask(ledger, [erasure.Order(call, recording)], "tester", "case 7", at.now, facts_too=facts_too)
    if recording is not None:
        body = {"recording": call.recording, "who": "tester", "why": "case 7", "facts_too": facts_too, "line_too": False}
        ledger.connection.execute("UPDATE job SET state = 'done' WHERE kind = 'erase'")
        with ledger.transaction() as connection:
            enqueue(connection, [NewJob(kind="unlink", subject=call.id, body=body)], at.now)
        ledger.append(ObjectsErased(at=at.now, call=call.id, store="folder", objects=2, removed=2))
    return call.id


def leave(at: Furnished, call: str) -> list[Path]:
    """Something of the call in every place where there may be something."""
    folders, facts = at.box.folders, at.recording("inbound").facts
    spool = folders.spool / "eth1" / call
    spool.mkdir(parents=True)
    (spool / "one.rtp").write_bytes(b"clear")
    folders.quarantine.mkdir(exist_ok=True)
    kept = folders.quarantine / f"{call}.tar.age"
    kept.write_bytes(b"sealed")
    part = at.sealed("inbound").with_name(f".{facts.recording}.flac.age.77.part")
    part.write_bytes(b"half")
    return [spool, kept, part, at.sealed("inbound"), folders.recordings / facts.manifest]


def of_kind(ledger: Ledger, kind: type[RecordingErased] | type[CallErased]) -> list[object]:
    return [row.record for row in ledger.since(0, (kind,))]


def test_everything_of_the_call_goes_and_the_proof_counts_it(own: Furnished, ledger: Ledger) -> None:
    call = told(own, ledger)
    places = leave(own, call)
    assert Unlinking(own.box, ledger, own.clock()).step() == 1
    assert not [place for place in places if place.exists()]
    (record,) = of_kind(ledger, RecordingErased)
    assert isinstance(record, RecordingErased) and (record.objects, record.who, record.why) == (2, "tester", "case 7")
    assert decode(record.proof.encode()).facts["files"] == 5
    assert len(of_kind(ledger, CallErased)) == 1 and own.call("inbound").caller == ""
    assert own.sealed("internal").exists()


def test_the_chain_is_whole_and_verifiable_afterwards(own: Furnished, ledger: Ledger) -> None:
    told(own, ledger)
    Unlinking(own.box, ledger, own.clock()).step()
    at = own.box.folders
    verdicts = list(verify_all(at, ledger, keys.signing_public(at.keys), keys.identities_in(at.keys)))
    assert len(verdicts) == 4 and not [verdict.problems for verdict in verdicts if verdict.problems]
    assert [verdict.local for verdict in verdicts].count(False) == 1


def test_a_call_that_was_not_recorded_loses_its_people(own: Furnished, ledger: Ledger) -> None:
    told(own, ledger, "missed")
    Unlinking(own.box, ledger, own.clock()).step()
    missed = own.call("missed")
    assert (missed.called, missed.caller_reason, missed.not_recorded) == ("", "erased", "not_answered")
    assert of_kind(ledger, RecordingErased) == []


def test_what_the_telephone_system_told_of_the_same_call_goes_with_it(own: Furnished, ledger: Ledger) -> None:
    call = told(own, ledger)
    ledger.append(
        facts.ringing(call="toldtoo", via=PBX, caller="09012345678", sip_call_id="x@y"),
        AnswersKept(at=own.now, call="toldtoo", flow="main", revision="1", values={"card": "4929"}),
        LegTied(at=own.now, call="toldtoo", main=call, to=call, why="pbx", swapped=False),
    )
    Unlinking(own.box, ledger, own.clock()).step()
    other = get_call(ledger.connection, "toldtoo")
    assert other is not None and (other.caller, other.caller_reason) == ("", "erased")
    assert not [row for row in ledger.of("toldtoo") if "09012345678" in str(row.record) or "4929" in str(row.record)]


def test_the_sound_alone_can_go(own: Furnished, ledger: Ledger) -> None:
    told(own, ledger, facts_too=False)
    Unlinking(own.box, ledger, own.clock()).step()
    assert not own.sealed("inbound").exists() and own.call("inbound").caller == "09012345678"


def test_a_hold_that_comes_even_now_keeps_what_is_left(own: Furnished, ledger: Ledger) -> None:
    told(own, ledger)
    erasure.hold(ledger, [own.recording("inbound")], "chief", "case 8", own.now, held=True)
    clock = own.clock()
    unlinking = Unlinking(own.box, ledger, clock)
    assert unlinking.step() == 0 and own.sealed("inbound").exists()
    clock.forward(1)
    erasure.hold(ledger, [own.recording("inbound")], "chief", "closed", clock.now(), held=False)
    assert unlinking.step() == 1 and not own.sealed("inbound").exists()


def test_a_recording_that_is_being_made_is_waited_for(own: Furnished, ledger: Ledger) -> None:
    call = told(own, ledger, "missed")
    with ledger.transaction() as connection:
        enqueue(connection, [NewJob(kind="render", subject=call, body={"reel": "eth1"})], own.now)
    assert Unlinking(own.box, ledger, own.clock()).step() == 0
    assert own.call("missed").caller_reason == "payphone"


def test_without_the_signing_key_nothing_is_removed(own: Furnished, ledger: Ledger) -> None:
    told(own, ledger)
    (own.box.folders.keys / "box.key").unlink()
    assert Unlinking(own.box, ledger, own.clock()).step() == 0
    assert own.sealed("inbound").exists() and of_kind(ledger, RecordingErased) == []


def test_a_death_anywhere_ends_in_one_whole_proof(own: Furnished, tmp_path: Path) -> None:
    with own.ledger() as ledger:
        call = told(own, ledger)
    leave(own, call)
    for place in range(0, 600, 13):
        shutil.rmtree(tmp_path / "again", ignore_errors=True)
        again = own.copy(tmp_path / "again")

        def work(again: Furnished = again) -> None:
            with again.ledger() as ledger:
                Unlinking(again.box, ledger, again.clock()).step()

        died = killed_before(place, work, calls=TOUCHES)
        work()
        with again.ledger() as ledger:
            (record,) = of_kind(ledger, RecordingErased)
            assert isinstance(record, RecordingErased) and decode(record.proof.encode()).facts["files"] == 5, place
            found = get_recording(ledger.connection, call)
            assert found is not None and found.erased_at is not None
        assert not again.sealed("inbound").exists() and not (again.box.folders.spool / "eth1" / call).exists()
        if not died:
            return
    pytest.fail("the work is longer than was thought")
