"""From the other side of the store a box that fell silent is missed, and people are told: a sentence each, and the exit code. Fault F40."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from appliance import heartbeats, keys
from appliance.box import Box
from appliance.janitor.work import Janitor
from appliance.ledger import Ledger
from appliance.moments import SECOND
from tests.bed.program import appliance
from tests.fakes.clock import FakeClock
from uploader.store import open_store
from uploader.watching import beats

HOUR = 3600 * SECOND


def live(data: Path, ago: int = 0) -> Box:
    """A box that lived until so long ago (ns)."""
    box = Box.at(data)
    with Ledger.open(box.folders.ledger) as ledger:
        heartbeats.queue(box, ledger, keys.signing_key(box.folders.keys), time.time_ns() - ago)
    appliance("uploader", "run", "--once", "--data", data)
    return box


def test_f40_a_box_that_lives_is_content_and_one_that_fell_silent_is_named(tmp_path: Path) -> None:
    live(tmp_path, ago=5 * HOUR)
    said = appliance("uploader", "watch", "--data", tmp_path, code=4).error
    assert "local/1: has been silent for 5.0 hours" in said and "1 boxes are to be looked after" in said
    live(tmp_path)
    assert "local/1: heard at" in appliance("uploader", "watch", "--data", tmp_path).out
    assert (
        "local/9: has never been heard of" in appliance("uploader", "watch", "local/9", "local/1", "--data", tmp_path, code=4).error
    )


def test_one_that_died_long_ago_is_still_remembered(tmp_path: Path) -> None:
    live(tmp_path, ago=24 * 30 * HOUR)
    (line,) = appliance("uploader", "watch", "--json", "--data", tmp_path, code=4).lines
    assert line["problems"][0].startswith("has been silent for 720") and (line["site"], line["size"]) == ("local/1", 0)


def test_the_janitor_lets_the_box_beat_every_hour(tmp_path: Path) -> None:
    box, clock = Box.at(tmp_path), FakeClock(time.time_ns())
    keys.signing_key(box.folders.keys)
    with Ledger.open(box.folders.ledger) as ledger:
        janitor = Janitor(box, ledger, clock)
        for _ in range(3):
            janitor.step()
            ledger.connection.execute("UPDATE job SET state = 'ready', not_before = 0 WHERE kind = 'paper' AND state != 'done'")
            appliance("uploader", "run", "--once", "--data", tmp_path)
            clock.forward(3600)
    problems: list[str] = []
    found = list(beats(open_store(box), "local", 1, clock.now(), problems))
    assert (len(found), problems) == (3, [])


def test_what_somebody_else_put_there_is_not_believed(tmp_path: Path) -> None:
    box = live(tmp_path)
    forged = next((tmp_path / "store").rglob("heartbeats/*.json"))
    forged.with_name("99999999T000000Z-0000000000000000.json").write_text(json.dumps({"facts": {}, "chain": "", "signature": ""}))
    assert "is no manifest" in appliance("uploader", "watch", "--data", tmp_path, code=4).error
    public = keys.signing_public(box.folders.keys)
    assert public is not None
    assert "signature does not hold" in appliance("uploader", "watch", "--signer", "ab" * 32, "--data", tmp_path, code=4).error


@pytest.mark.parametrize("word", ["local", "local/0", "a b/1", "../1"])
def test_what_names_no_box_is_used_wrongly(tmp_path: Path, word: str) -> None:
    assert "is no box; write CONTRACT/EPOCH" in appliance("uploader", "watch", word, "--data", tmp_path, code=2).error
