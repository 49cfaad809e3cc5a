"""A recorder that dies in a talk of several calls: its successor, or whoever takes the spool in, comes to the same ties and the same sound,
in whatever order the folders are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.records import CallRinging, LegTied
from capture import recovery
from capture.effects import Emit
from capture.engine import Engine
from capture.frames import Address
from capture.spool import Reel
from capture.worker import Worker
from tests.bed.talks import Scene
from tests.capture.scenes import (
    FROM_A,
    LINE,
    PBX,
    A,
    B,
    attended,
    blind_by_called,
    direct_later,
    gone_out,
    outcome,
    relay,
    ring_group,
    sent_on,
    sound,
    ties,
)
from tests.capture.test_recovery import Bench, kill_after, record, take_in

SCENES: list[Callable[[], Scene]] = [sent_on, direct_later, blind_by_called, attended, ring_group, gone_out]
EACH = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)


def rendered(data: Path) -> Any:
    box = Box.at(data)
    with Ledger.open(box.folders.ledger) as ledger:
        worker = Worker(box, ledger, SystemClock())
        while worker.one():
            pass
    return outcome(box)


@EACH
def test_a_successor_comes_to_the_same_ties_and_sound(tmp_path: Path, scene: Callable[[], Scene]) -> None:
    frames = scene().frames
    record(tmp_path / "calm", frames)
    calm = rendered(tmp_path / "calm")
    assert ties(calm)
    blocks = len(frames) // 9
    for number in range(1, 6):
        data = tmp_path / str(number)
        kill_after(data, frames, blocks * number // 6 + 1)
        record(data, frames)
        told = rendered(data)
        assert ties(told) == ties(calm)
        assert {name: found[1] for name, found in sound(told).items()} == {name: found[1] for name, found in sound(calm).items()}
        assert take_in(Box.at(data)) == []


@EACH
def test_what_is_taken_in_is_one_cut_recording_for_all_legs(tmp_path: Path, scene: Callable[[], Scene]) -> None:
    frames = scene().frames
    record(tmp_path / "calm", frames)
    wanted = ties(rendered(tmp_path / "calm"))
    kill_after(tmp_path / "var", frames, len(frames) // 9 * 3 // 4)
    assert take_in(Box.at(tmp_path / "var"))
    told = rendered(tmp_path / "var")
    assert ties(told) == wanted
    assert all(call.settled for call, _ in told.values())
    assert sum(recording is not None for _, recording in told.values()) == len(told) - len(wanted)
    assert take_in(Box.at(tmp_path / "var")) == []


@pytest.mark.parametrize("backwards", [False, True])
@EACH
def test_the_order_of_the_folders_says_nothing(
    tmp_path: Path, scene: Callable[[], Scene], backwards: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = scene().frames
    kill_after(tmp_path / "var", frames, len(frames) // 9 * 3 // 4)
    box = Box.at(tmp_path / "var")
    listed = Reel.calls
    monkeypatch.setattr(Reel, "calls", lambda reel: listed(reel)[:: -1 if backwards else 1])
    reel = Reel(box.folders.spool, "eth1")
    engine = Engine(box.config, via="eth1")
    recovery.rebuild(engine, reel, None, 0)  # without the ledger: by the spooled signalling alone
    reel.close()
    records = [effect.record for effect in engine.effects if isinstance(effect, Emit)]
    names = {one.call: one.sip_call_id for one in records if isinstance(one, CallRinging)}
    found = {(names[one.call], names[one.main], one.why, one.swapped) for one in records if isinstance(one, LegTied)}
    with Ledger.open(box.folders.ledger) as ledger:
        rows = [row.record for row in ledger.since(0, [LegTied]) if isinstance(row.record, LegTied)]
    assert found == {(names[one.call], names[one.main], one.why, one.swapped) for one in rows} != set()


def test_a_leg_that_was_left_apart_stays_apart_when_the_other_talk_is_gone(tmp_path: Path) -> None:
    """Two talks fitted, so none was taken; one of them is over and rendered when the recorder dies. The other is no better for it."""
    scene = Scene()
    first = scene.dial("m0", A, PBX, user=LINE, answer=relay(0)).invite(0)
    again = scene.dial("m1", A, PBX, user=LINE, answer=relay(1), offer=Address(A.media.host, 20010)).invite(0.1)
    leg = scene.dial("l", PBX, B, shown=FROM_A, offer=relay(2)).invite(0.2).answered(0.4)
    again.busy(0.5)
    first.answered(0.6).talk(0.7, 8, called=B).bye(8.1)
    leg.talk(0.7, 8, caller=A).bye(8.11)
    frames = scene.frames
    data = tmp_path / "var"
    pid = os.fork()
    if pid == 0:
        try:
            box = Box.at(data)
            with Ledger.open(box.folders.ledger) as ledger:
                bench = Bench(box, ledger)
                bench.take(frames[:600])
                for dialog in bench.engine.tracker.dialogs.values():
                    dialog.now -= 2_000_000_000 if not dialog.live else 0
                bench.engine.tick(bench.now)
                bench.take(frames[:700])
        finally:
            os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    box = Box.at(data)
    with Ledger.open(box.folders.ledger) as ledger:
        (row,) = ledger.connection.execute("SELECT not_recorded FROM call WHERE end_reason = 'busy'")
        assert row["not_recorded"] == "not_answered"
    record(data, frames)
    told = rendered(data)
    assert ties(told) == {}
    assert {name for name, (_, recording) in told.items() if recording} == {"m0", "l"}
