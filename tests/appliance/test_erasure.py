"""An erasure is asked for once, passes over what is held, leaves nothing personal in the ledger's file, and is proven by a signature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from appliance import erasure, keys, manifest
from appliance.box import Box
from appliance.calls import Call, Recording
from appliance.erasure import Order
from appliance.errors import CouldNotError
from appliance.keys import SigningKey
from appliance.ledger import Ledger, append
from appliance.lookup import get_call, get_recording
from appliance.records import CallErased, CallRinging, ErasureAsked, RecordingErased, WeirdSeen
from tests.fakes import facts
from tests.fakes.clock import START

NUMBER, NAME = "0312345678", "ＳＡＴＯ Hanako"
NEEDLES = (NUMBER, "+81312345678", NAME, "9876-5432", "0398765432", "a@b")


@pytest.fixture
def found(ledger: Ledger) -> Iterator[Ledger]:
    """A ledger with one recorded call, and one that was not answered."""
    ledger.append(facts.ringing(caller_name=NAME, headers=(f"From: {NAME} <sip:{NUMBER}@ntt>",)), facts.ended(), facts.ready())
    ledger.append(facts.ringing(call="b" * 16), facts.ended(call="b" * 16), facts.not_recorded(call="b" * 16))
    yield ledger


@pytest.fixture
def key(box: Box) -> SigningKey:
    return keys.signing_key(box.folders.keys)


def call(ledger: Ledger, name: str = facts.CALL) -> Call:
    one = get_call(ledger.connection, name)
    assert one is not None
    return one


def recording(ledger: Ledger) -> Recording:
    one = get_recording(ledger.connection, facts.RECORDING)
    assert one is not None
    return one


def jobs(ledger: Ledger) -> list[tuple[str, str, str]]:
    return [tuple(row) for row in ledger.connection.execute("SELECT kind, subject, state FROM job ORDER BY rowid")]


def ask(ledger: Ledger, **how: Any) -> int:
    orders = [Order(call(ledger), recording(ledger)), Order(call(ledger, "b" * 16), None)]
    return erasure.ask(ledger, orders, "tester", "case 7", START, **how)


def test_a_recorded_call_begins_in_the_store_and_another_on_the_box(found: Ledger) -> None:
    assert ask(found) == 2
    assert jobs(found) == [("erase", facts.CALL, "ready"), ("unlink", "b" * 16, "ready")]
    assert [row.record.subject for row in found.since(0, (ErasureAsked,))] == [facts.CALL, "b" * 16]
    assert erasure.waiting(found.connection, facts.CALL) == "ready"


def test_asking_twice_is_once_and_asking_again_afterwards_is_work_again(found: Ledger) -> None:
    ask(found)
    ask(found)
    assert len(jobs(found)) == 2
    found.connection.execute("UPDATE job SET state = 'done'")
    ask(found)
    assert [state for _, _, state in jobs(found)] == ["ready", "ready"]


def test_what_is_held_is_passed_over(found: Ledger) -> None:
    assert erasure.hold(found, [recording(found)], "chief", "case", START, held=True) == 1
    assert erasure.hold(found, [recording(found)], "chief", "case", START, held=True) == 0
    assert ask(found) == 1 and jobs(found) == [("unlink", "b" * 16, "ready")]


def test_what_is_being_erased_this_moment_can_no_longer_be_held(found: Ledger) -> None:
    ask(found)
    found.connection.execute("UPDATE job SET state = 'leased' WHERE subject = ?", (facts.CALL,))
    with pytest.raises(CouldNotError, match="is being erased at this moment"):
        erasure.hold(found, [recording(found)], "chief", "case", START, held=True)
    assert not recording(found).held


def test_a_release_lets_go_on_what_waited(found: Ledger) -> None:
    ask(found)
    erasure.hold(found, [recording(found)], "chief", "case", START, held=True)
    found.connection.execute("UPDATE job SET not_before = ?", (START + 9 * 10**9,))
    erasure.hold(found, [recording(found)], "chief", "closed", START + 1, held=False)
    due = dict(found.connection.execute("SELECT kind, not_before FROM job").fetchall())
    assert due == {"erase": START + 1, "unlink": START + 9 * 10**9}


def test_nothing_personal_is_left_in_the_file_of_the_ledger(found: Ledger) -> None:
    """The file itself is read: rows, indexes, the log of changes."""
    path = found.path
    found.append(WeirdSeen(at=1, name="odd", via="eth1", count=1, sample=f"INVITE sip:{NUMBER}@x".encode().hex()))
    found.append(WeirdSeen(at=2, name="odd", via="eth1", count=1, sample=b"INVITE sip:110@x".hex()))
    for name in (facts.CALL, "b" * 16):
        with found.transaction() as connection:
            assert erasure.forget_samples(connection, [NUMBER]) in (0, 1)
            erasure.redact(connection, name, line_too=True)
            append(connection, [CallErased(at=START, call=name, who="tester", why="case 7", line_too=True)])
    assert found.forget()
    left = b"".join(beside.read_bytes() for beside in path.parent.glob(f"{path.name}*"))
    for needle in (*NEEDLES, NUMBER.encode().hex()):
        assert needle.encode() not in left, needle
    assert b"INVITE sip:110@x".hex().encode() in left


def test_the_call_stays_in_the_list_without_its_people(found: Ledger) -> None:
    with found.transaction() as connection:
        erasure.redact(connection, facts.CALL, line_too=False)
    found.append(CallErased(at=START, call=facts.CALL, who="tester", why="case 7", line_too=False))
    one = call(found)
    assert (one.caller, one.called, one.caller_name, one.caller_reason) == ("", "", "", erasure.ERASED)
    assert (one.started_at, one.direction, one.line, one.recording) == (START, "inbound", "03-9876-5432", facts.RECORDING)


def test_a_replay_brings_nothing_back(found: Ledger) -> None:
    with found.transaction() as connection:
        erasure.redact(connection, facts.CALL, line_too=True)
    assert found.append(facts.ringing(caller_name=NAME)) == []
    (row,) = (row.record for row in found.of(facts.CALL) if isinstance(row.record, CallRinging))
    assert (row.caller, row.headers, row.line) == ("", (), None)


def test_the_proof_names_chain_and_count_and_holds_only_for_its_recording(found: Ledger, key: SigningKey) -> None:
    one = erasure.prove(recording(found), 2, 3, 4, "tester", "case 7", START, key)
    signed = manifest.decode(one.proof.encode()).facts
    assert {name: signed[name] for name in ("objects", "removed", "files", "chain")} == {
        "objects": 2, "removed": 3, "files": 4, "chain": facts.HASH,
    }  # fmt: skip
    assert not [needle for needle in NEEDLES if needle in one.proof]
    erasure.check_proof(one, recording(found), key.public)
    changes: list[dict[str, Any]] = [{"at": START + 1}, {"objects": 9}, {"recording": "x" * 16}]
    for change in changes:
        with pytest.raises(manifest.ManifestError, match="another recording"):
            erasure.check_proof(replace(one, **change), recording(found), key.public)
    with pytest.raises(manifest.ManifestError, match="signature does not hold"):
        erasure.check_proof(one, recording(found), "00" * 32)


def test_an_erased_recording_is_asked_for_on_the_box_alone(found: Ledger) -> None:
    found.append(RecordingErased(at=START, recording=facts.RECORDING, who="w", why="y", objects=2, proof="p"))
    erasure.ask(found, [Order(call(found), recording(found))], "tester", "case 7", START)
    assert jobs(found) == [("unlink", facts.CALL, "ready")]
    assert erasure.hold(found, [recording(found)], "chief", "case", START, held=True) == 0, "nothing is left to hold"


def test_a_contracts_end_is_queued_once(ledger: Ledger) -> None:
    erasure.ask_contract(ledger, "C-1", START)
    erasure.ask_contract(ledger, "C-1", START)
    assert jobs(ledger) == [("erase", "contract C-1", "ready")]
