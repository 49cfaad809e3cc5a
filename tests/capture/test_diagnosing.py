"""The diagnosing service takes one bounded capture at a time, says in the register who asked and why, and keeps no more than it may."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance import diagnosis
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.diagnosis import DAYS, DAYS_WHOLE, MOST_KEPT
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.records import Changed
from appliance.tap_control import RefusedError
from capture import diagnosing, pcapfile
from capture.diagnosing import DAY, Diagnosing
from capture.play import play
from tests import needs
from tests.bed.house import wait_for
from tests.bed.made import MadeCall, write_pcap
from tests.bed.program import appliance
from tests.bed.wire import FAR, NEAR, Wire
from tests.fakes.clock import FakeClock

CALL = MadeCall(talk=0.4)
ASKED = {"do": "take", "who": "tech", "why": "one-way audio", "seconds": 60}


@contextmanager
def service(data: Path, wire: Wire | None = None) -> Iterator[tuple[Box, Diagnosing]]:
    """The service of a box, which listens at the far end of the wire."""
    data.mkdir(exist_ok=True)
    box = Box.at(data)
    Ledger.open(box.folders.ledger).close()
    found = wire.inside(lambda: Diagnosing(box, SystemClock(), FAR)) if wire else Diagnosing(box, SystemClock(), "none")
    try:
        yield box, found
    finally:
        found.close()
        wait_for("the end of the capture", lambda: found.running is None)


def register(box: Box) -> list[tuple[str, str, str, str]]:
    with Ledger.open(box.folders.ledger) as ledger:
        rows = ledger.connection.execute("SELECT subject FROM record WHERE kind = 'Changed'").fetchall()
        found = [row.record for name in rows for row in ledger.of(str(name["subject"]))]
    return [(one.thing, one.who, one.what, one.why) for one in found if isinstance(one, Changed)]


def ask(box: Box, **request: Any) -> dict[str, Any]:
    return diagnosis.ask(box.folders.run, request)


@needs.namespaces()
@needs.program("tshark")
def test_a_capture_is_taken_told_kept_and_laid_out(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "a.pcap", CALL.frames())
    with Wire() as wire, service(tmp_path / "var", wire) as (box, _):
        name = ask(box, **ASKED)["name"]
        assert register(box) == [(name, "tech", "capture taken", "one-way audio")]
        with pytest.raises(RefusedError, match="tech is taking a capture now"):
            ask(box, **ASKED, again=True)
        wire.inside(lambda: play(NEAR, [file], 0.0))
        wait_for("the call", lambda: (ask(box, do="look")["running"] or {}).get("frames", 0) >= len(CALL.frames()))
        running = ask(box, do="look")["running"]
        assert (running["name"], running["who"], running["counts"]["rtp"]) == (name, "tech", 2 * CALL.packets)
        assert 0 < running["left"] <= 60
        ask(box, do="stop", who="tech")
        (kept,) = wait_for("the capture", lambda: diagnosis.kept(box.folders))
        assert (kept.name, kept.who, kept.why, kept.ended, kept.whole) == (name, "tech", "one-way audio", "asked", False)
        assert kept.path.stat().st_mode & 0o777 == 0o640
        assert len(list(pcapfile.frames(kept.path))) == len(CALL.frames())
        found = ask(box, do="ladder", name=name)
        assert [step["label"] for step in found["steps"]][:2] == ["INVITE + SDP", "180 Ringing"]
        assert len(found["streams"]) == 2
        again = ask(box, do="ladder", name=name, call_id=found["calls"][0]["call_id"])
        assert again["svg"].startswith("<svg")
        out = tmp_path / "copy.pcap"
        said = appliance("capture", "take", "--seconds", "1", "--why", "again", "-o", out, "--data", box.folders.data)
        assert diagnosis.is_name(said.out.strip()) and out.read_bytes()[:4] == b"\x4d\x3c\xb2\xa1"
        assert len(appliance("capture", "captures", "--data", box.folders.data, "--json").lines) == 2
        drawn = appliance("capture", "ladder", name, "--data", box.folders.data, "--svg", tmp_path / "l.svg").out
        assert "180 Ringing" in drawn and (tmp_path / "l.svg").exists()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"seconds": 301}, "from 1 to 300"), ({"seconds": "nan"}, "from 1 to 300"), ({"seconds": [1]}, "is no number"),
        ({"who": " "}, "somebody"),
        ({"whole": True, "why": " "}, "needs a reason"), ({"number": "abc"}, "has no digit"), ({"do": "fly"}, "is no request"),
        ({}, "needs CAP_NET_RAW|cannot be listened on|none"),
    ],
)  # fmt: skip
def test_what_it_does_not_take_it_refuses_in_one_sentence_and_notes_nothing(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    with service(tmp_path / "var") as (box, _):
        with pytest.raises(RefusedError, match=why):
            ask(box, **{**ASKED, **changes})
        assert not register(box) and not diagnosis.kept(box.folders)
        assert not list(box.folders.captures.iterdir())
        with pytest.raises(RefusedError, match="there is no such capture"):
            ask(box, do="ladder", name="../../keys/signing")


def test_garbage_and_strangers_get_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(tmp_path / "var") as (box, found):
        for data in (b"", b"x", b"[]", b'"do"', b"[" * 8000, b"{}"):
            assert "is no request" in found.answer(data)["error"]
        monkeypatch.setattr(diagnosing, "allowed", lambda client: False)
        with pytest.raises(RefusedError, match="root and the box's own services"):
            ask(box, do="look")
    with pytest.raises(CouldNotError, match="journalctl -u appliance-diagnose"):
        ask(box, do="look")


def test_old_ones_and_too_many_go_and_those_with_speech_first(tmp_path: Path) -> None:
    clock = FakeClock()
    box = Box.at(tmp_path)
    Ledger.open(box.folders.ledger).close()
    found = Diagnosing(box, clock, "none")

    def put(name: str, days: float, *, whole: bool = False) -> None:
        told = {"at": clock.now() - int(days * DAY), "who": "a", "why": "", "seconds": 1, "whole": whole, "number": "", "counts": {},
                "dropped": 0, "ended": "time"}  # fmt: skip
        diagnosis.file_of(box.folders, name).write_bytes(b"x")
        diagnosis.about(box.folders, name).write_text(json.dumps(told))

    for place in range(MOST_KEPT + 2):
        put(f"20260901-0000{place:02}-00000000", 0.1)
    put("20261001-000000-00000001", DAYS + 0.1)
    put("20261001-000000-00000002", DAYS_WHOLE + 0.1, whole=True)
    orphan = box.folders.captures / "20260101-000000-00000003.pcap"
    orphan.write_bytes(b"x")
    os.utime(orphan, (1, 1))
    found.tidy()
    found.tidy()
    found.close()
    names = [one.name for one in diagnosis.kept(box.folders)]
    assert len(names) in (MOST_KEPT - 2, MOST_KEPT) and "20260901-000021-00000000" in names
    assert not [name for name in names if name.startswith("20261001")]
    assert len(list(box.folders.captures.iterdir())) == 2 * len(names)


def test_what_is_taken_when_the_service_stops_is_kept(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("needs root")
    with Wire() as wire:
        with service(tmp_path / "var", wire) as (box, _):
            name = ask(box, **ASKED)["name"]
        assert [(one.name, one.ended) for one in diagnosis.kept(box.folders)] == [(name, "asked")]
    assert threading.active_count() < 20
