"""The spool of a call is let go once the ledger says what became of it, and not a moment sooner."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.box import Box
from appliance.discharge import may_go, sweep
from appliance.folders import Folders
from appliance.jobs import Jobs, NewJob
from appliance.ledger import Ledger
from appliance.records import LegTied, Record, RecordingErased, RecordingExpired
from tests.fakes import facts
from tests.fakes.clock import START

RULE = RecordingExpired(at=START, recording=facts.RECORDING, rule="30 days")
ERASED = RecordingErased(at=START, recording=facts.RECORDING, who="m", why="asked", objects=1, proof="p")
OVER = (facts.ringing(), facts.ended())


def spooled(folders: Folders, call: str = facts.CALL, reel: str = "tap") -> Path:
    folder = folders.spool / reel / call
    (folder / "deeper").mkdir(parents=True)
    (folder / "caller.rtp").write_bytes(b"clear audio")
    return folder


def file_of(folders: Folders) -> Path:
    path = folders.recordings / facts.ready().file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"sealed")
    return path


def queued(ledger: Ledger, call: str = facts.CALL) -> Jobs:
    jobs = Jobs(ledger, "render:1:1")
    jobs.add(START, NewJob(kind="render", subject=call, body={}))
    return jobs


def test_a_call_with_its_sealed_recording_is_let_go(box: Box, ledger: Ledger) -> None:
    folder, sealed = spooled(box.folders), file_of(box.folders)
    ledger.append(*OVER, facts.ready())
    assert sweep(box.folders, ledger) == 1
    assert not folder.exists()
    assert sealed.read_bytes() == b"sealed"
    assert sweep(box.folders, ledger) == 0


def test_a_call_that_has_its_reason_for_no_recording_is_let_go(box: Box, ledger: Ledger) -> None:
    folder = spooled(box.folders)
    ledger.append(*OVER, facts.not_recorded())
    assert sweep(box.folders, ledger) == 1
    assert not folder.exists()


@pytest.mark.parametrize(
    "known",
    [
        (),
        (facts.ringing(),),
        OVER,
        (facts.ringing(), facts.not_recorded()),
        (facts.ended(), facts.ready()),
        (*OVER, facts.ready()),
    ],
    ids=["no row", "under way", "not settled", "not over", "ringing lost", "row without file"],
)
def test_what_is_not_settled_stays(box: Box, ledger: Ledger, known: tuple[Record, ...]) -> None:
    folder = spooled(box.folders)
    ledger.append(*known)
    assert not may_go(facts.CALL, box.folders, ledger)
    assert sweep(box.folders, ledger) == 0
    assert (folder / "caller.rtp").read_bytes() == b"clear audio"


@pytest.mark.parametrize("gone", [RULE, ERASED])
def test_a_recording_that_went_by_a_rule_does_not_keep_its_spool(box: Box, ledger: Ledger, gone: Record) -> None:
    folder = spooled(box.folders)
    ledger.append(*OVER, facts.ready(), gone)
    assert sweep(box.folders, ledger) == 1
    assert not folder.exists()


def test_nothing_goes_while_somebody_has_work_to_do_on_it(box: Box, ledger: Ledger) -> None:
    spooled(box.folders)
    ledger.append(*OVER, facts.not_recorded())
    jobs = queued(ledger)
    assert sweep(box.folders, ledger) == 0
    job = jobs.claim("render", START, 10)
    assert job is not None
    assert sweep(box.folders, ledger) == 0
    jobs.park(job, START, "poison")
    assert sweep(box.folders, ledger) == 0
    jobs.unpark("render", START)
    job = jobs.claim("render", START, 10)
    assert job is not None
    jobs.finish(job, START)
    assert sweep(box.folders, ledger) == 1


def test_work_on_another_call_does_not_matter(box: Box, ledger: Ledger) -> None:
    spooled(box.folders)
    ledger.append(*OVER, facts.not_recorded())
    queued(ledger, "otheraaaaaaaaaaa")
    assert sweep(box.folders, ledger) == 1


def test_a_replay_lets_only_its_own_calls_go(box: Box, ledger: Ledger) -> None:
    own, others = spooled(box.folders, reel="replay-1"), spooled(box.folders, "otheraaaaaaaaaaa", "tap")
    ledger.append(*OVER, facts.not_recorded())
    ledger.append(*(fact for call in ["otheraaaaaaaaaaa"] for fact in (facts.ringing(call=call), facts.ended(call=call))))
    ledger.append(facts.not_recorded(call="otheraaaaaaaaaaa"))
    assert sweep(box.folders, ledger, "replay-1") == 1
    assert (own.exists(), others.exists()) == (False, True)


def test_what_is_no_calls_folder_is_not_looked_at(box: Box, ledger: Ledger) -> None:
    for name in ("notes", "CALLAAAAAAAAAAAA", "callaaaaaaaaaaaa.bak"):
        spooled(box.folders, name)
    (box.folders.spool / "tap" / facts.CALL).write_text("a file of that name")
    (box.folders.spool / "reel.log").write_text("")
    ledger.append(*OVER, facts.not_recorded())
    assert sweep(box.folders, ledger) == 0
    assert len(list((box.folders.spool / "tap").iterdir())) == 4


def test_a_box_without_a_spool_has_nothing_to_let_go(box: Box, ledger: Ledger) -> None:
    assert sweep(box.folders, ledger) == 0


def test_a_leg_is_let_go_with_the_recording_of_its_talk_and_no_sooner(box: Box, ledger: Ledger) -> None:
    leg = "legaaaaaaaaaaaaa"
    folder, main = spooled(box.folders, leg), spooled(box.folders)
    ledger.append(
        *OVER, facts.ringing(call=leg), facts.ended(call=leg), facts.not_recorded(call=leg, reason="tied"),
        LegTied(at=START, call=leg, main=facts.CALL, to=facts.CALL, why="refer", swapped=False),
    )  # fmt: skip
    jobs = queued(ledger)
    assert sweep(box.folders, ledger) == 0
    sealed = file_of(box.folders)
    ledger.append(facts.ready())
    assert sweep(box.folders, ledger) == 0, "the job is not done"
    job = jobs.claim("render", START, 1)
    assert job is not None
    jobs.finish(job, START)
    assert sweep(box.folders, ledger) == 2
    assert not folder.exists()
    assert not main.exists()
    assert sealed.exists()


def test_a_leg_whose_talk_nobody_knows_stays(box: Box, ledger: Ledger) -> None:
    leg = "legaaaaaaaaaaaaa"
    spooled(box.folders, leg)
    tied = LegTied(at=START, call=leg, main=facts.CALL, to=facts.CALL, why="refer", swapped=False)
    ledger.append(facts.ringing(call=leg), facts.ended(call=leg), facts.not_recorded(call=leg, reason="tied"), tied)
    assert sweep(box.folders, ledger) == 0
