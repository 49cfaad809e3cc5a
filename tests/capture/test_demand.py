"""A call that is kept on demand only is kept from the moment somebody asks for it, with its whole talk, and not at all otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.ids import CallId
from appliance.ledger import Ledger
from appliance.records import RecordingPaused, RecordingResumed
from capture import recovery
from capture.engine import Engine
from capture.spool import Reel, pauses
from tests.capture.playbook import office
from tests.capture.rig import HANG_UP, Rig, opened, talk
from tests.capture.scenes import A, B, C, blind_by_called, heard, recordings, ring_group, sent_on, through
from tests.capture.test_pauses import WHO, call_of, with_events
from tests.capture.test_pauses import press as pressed

DEMAND = '[[rules]]\nname = "desks"\naction = "on_demand"\ncalled = ["20*"]\n'
SURE = '[[rules]]\nname = "always"\naction = "record"\ncalled = ["0312345678"]\n'
ON_DEMAND = [{"name": "x", "action": "on_demand"}]


def test_nobody_asks_and_nothing_is_kept(tmp_path: Path) -> None:
    box, told = through(tmp_path, sent_on(), DEMAND)
    assert recordings(told) == []
    assert told["m"][0].not_recorded == "not_asked"
    assert not list(box.folders.quarantine.glob("*"))


def test_a_desk_asks_by_keys_and_the_talk_is_kept_from_then_on(tmp_path: Path) -> None:
    scene = sent_on()
    scene.dials[1].press(1.1, "*1")
    box, told = through(tmp_path, scene, DEMAND)
    assert recordings(told) == ["m"]
    ear = heard(box, told, "m")
    assert ear.hears(0.8) == (0, 0), "what was said before is not kept"
    assert ear.hears(1.3) == (A.hz, B.hz)
    with Ledger.open(box.folders.ledger) as ledger:
        marks = [row.record for row in ledger.since(0, [RecordingPaused, RecordingResumed])]
    assert {(type(mark), getattr(mark, "how", "")) for mark in marks} == {
        (RecordingPaused, "demand"), (RecordingResumed, "digits"),
    }  # fmt: skip


def test_what_was_asked_for_goes_on_after_a_transfer_to_a_desk_that_is_kept_on_demand_too(tmp_path: Path) -> None:
    scene = blind_by_called()
    scene.dials[0].press(0.6, "*1")
    box, told = through(tmp_path, scene, DEMAND)
    assert recordings(told) == ["m"]
    assert heard(box, told, "m").hears(2.6) == (A.hz, C.hz)


def test_a_rule_that_wants_the_call_recorded_wins(tmp_path: Path) -> None:
    box, told = through(tmp_path, sent_on(), SURE + DEMAND)
    assert recordings(told) == ["m"]
    assert heard(box, told, "m").hears(1.0) == (A.hz, B.hz)


@pytest.mark.parametrize(("number", "kept"), [("201", ["m"]), ("203", [])])
def test_a_telephone_that_rang_in_vain_has_no_say(tmp_path: Path, number: str, kept: list[str]) -> None:
    box, told = through(tmp_path, ring_group(), DEMAND.replace("20*", number))
    assert recordings(told) == kept
    assert not kept or heard(box, told, "m").hears(1.6) == (A.hz, 1000)


def test_a_key_of_the_group_that_answered_has_the_whole_talk_kept(tmp_path: Path) -> None:
    scene = ring_group()
    next(dial for dial in scene.dials if dial.name == "leg203").press(1.2, "*1")
    box, told = through(tmp_path, scene, DEMAND)
    assert recordings(told) == ["m"]
    assert heard(box, told, "m").hears(1.7) == (A.hz, 1000)


def test_somebody_asks_by_command_and_may_pause_as_any_other_call() -> None:
    rig = Rig(office(rules=ON_DEMAND)).feed(*opened(), *talk(5)).take()
    call = call_of(rig.engine)
    assert rig.spool == {}
    rig.engine.command(call, rig.at, pause=False, **WHO)
    rig.feed(*talk(3)).take()
    assert sum(len(one.packets) > 0 for one in rig.spool.values()) == 2
    rig.engine.command(call, rig.at, pause=True, **WHO)
    assert not rig.engine.pauses.waits(call)
    assert rig.engine.pauses.was_asked(call)


def test_keys_in_rtp_ask_too_and_end_no_pause_of_somebodys() -> None:
    rig = Rig(office(rules=ON_DEMAND)).feed(*with_events(), *pressed("*1", 100)).take()
    call = call_of(rig.engine)
    assert rig.engine.pauses.was_asked(call)
    rig.engine.command(call, rig.at + 1, pause=True, **WHO)
    rig.feed(*pressed("*1", 200)).take()
    assert rig.engine.pauses.paused(call, rig.at) is not None


def test_without_such_a_rule_no_key_is_listened_to() -> None:
    rig = Rig(office()).feed(*opened(), *HANG_UP)
    assert not rig.engine.pauses.listens
    assert "pause" not in rig.words


def test_the_next_recorder_waits_too(tmp_path: Path) -> None:
    told = office(rules=ON_DEMAND)
    rig = Rig(told).feed(*opened()).take()
    reel = Reel(tmp_path, "eth1")
    reel.keep([effect for effect in rig.effects if type(effect).__name__ in ("Keep", "Hush")])  # type: ignore[misc]
    call = call_of(rig.engine)
    engine = Engine(told, via="eth1")
    assert recovery.rebuild(engine, reel, None, 0) == [call]
    assert engine.pauses.waits(CallId(call))
    assert engine.heeds
    assert len(pauses(reel.folder / call)) == 1
