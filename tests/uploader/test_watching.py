"""From the other side of the store a box that fell silent, went back or is two is named, and people are told. Faults F24, F25, F40."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from appliance import keys, manifest
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.health import notices
from appliance.ledger import Ledger
from appliance.moments import SECOND
from tests.bed.program import appliance
from tests.fakes.clock import START
from uploader.duties import Duties
from uploader.watching import Beat, judge, read

HOUR = 3600 * SECOND


def live(data: Path, ago: int = 0) -> Box:
    """A box that lived until so long ago (ns)."""
    box = Box.at(data)
    keys.signing_key(box.folders.keys)
    with Ledger.open(box.folders.ledger) as ledger:
        notices.leave_heartbeat(box, ledger, time.time_ns() - ago)
        assert Duties(box, ledger, SystemClock()).one()
    return box


def beat(hour: float, recordings: int = 0, head: str = "", **changes: str) -> Beat:
    return Beat(START + round(hour * HOUR), recordings, head or f"{recordings}", 0, 0, "box", "key")._replace(**changes)  # type: ignore[arg-type]


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
    assert line["problems"][0].startswith("has been silent for 720") and (line["site"], line["recordings"]) == ("local/1", 0)


def test_what_somebody_else_put_there_is_not_believed(tmp_path: Path) -> None:
    live(tmp_path)
    genuine = next((tmp_path / "store").rglob("heartbeat/*/*/*/*.json"))
    genuine.with_name("23-0000000000000000.json").write_text(json.dumps({"facts": {}, "chain": "", "signature": ""}))
    assert "is no manifest" in appliance("uploader", "watch", "--data", tmp_path, code=4).error
    assert "signature does not hold" in appliance("uploader", "watch", "--signer", "ab" * 32, "--data", tmp_path, code=4).error


def test_what_is_no_heartbeat_is_told(box: Box) -> None:
    key = keys.signing_key(box.folders.keys)
    for told in ({}, {"at": "soon"}, {"at": 1, "recordings": 1, "waiting": 3}):
        with pytest.raises(manifest.ManifestError, match="no heartbeat"):
            read(manifest.sign(told, key, manifest.HEARTBEAT).encode())


@pytest.mark.parametrize("word", ["local", "local/0", "a b/1", "../1"])
def test_what_names_no_box_is_used_wrongly(tmp_path: Path, word: str) -> None:
    assert "is no box; write CONTRACT/EPOCH" in appliance("uploader", "watch", word, "--data", tmp_path, code=2).error


def test_f40_silence_is_counted_in_hours() -> None:
    heard = [beat(0, 1), beat(1, 2)]
    assert list(judge(heard, START + 3 * HOUR, 3)) == []
    assert list(judge(heard, START + 5 * HOUR, 3)) == ["has been silent for 4.0 hours (last heard 2026-09-21T15:13Z)"]
    assert list(judge([], START, 3)) == ["has never been heard of"]


def test_f25_an_old_image_is_seen_by_its_shorter_chain() -> None:
    (told,) = judge([beat(0, 10), beat(1, 12), beat(2, 7), beat(3, 8)], START + 3 * HOUR, 3)
    assert "went back from 12 recordings to 7" in told and "site.epoch" in told


def test_f24_two_boxes_with_one_identity_are_seen_by_their_keys_or_by_their_chains() -> None:
    assert "two boxes" in next(judge([beat(0, 1), beat(1, 2, public_key="other")], START + HOUR, 3))
    assert "two boxes" in next(judge([beat(0, 1), beat(1, 1, "other")], START + HOUR, 3))


def test_one_box_that_grows_and_rests_is_content() -> None:
    assert list(judge([beat(hour, hour // 3) for hour in range(48)], START + 48 * HOUR, 3)) == []
