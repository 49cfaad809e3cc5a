"""`appliance capture check` looks at an interface or a file, says what is there, and ends with 4 where calls cannot be recorded."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pytest

from appliance.errors import CouldNotError
from capture import check
from capture.play import play
from capture.ring import RingError
from tests import needs
from tests.bed.made import MadeCall, write_pcap
from tests.bed.program import appliance
from tests.bed.wire import FAR, NEAR, Wire

CALL = MadeCall(talk=1.0)


def test_a_file_is_described_in_words_and_as_json(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "a.pcap", CALL.frames())
    words = appliance("capture", "check", file, "--data", tmp_path / "var").out
    assert "calls       1 seen, 1 answered\n" in words
    assert f"10.0.0.1:20000 → 10.0.0.2:20002: PCMU, {CALL.packets} packets, 0 lost, both directions\n" in words
    assert words.endswith("calls can be recorded from this mirror\n")
    (facts,) = appliance("capture", "check", file, "--json", "--data", tmp_path / "var").lines
    assert (facts["frames"], facts["dropped"], facts["findings"]) == (len(CALL.frames()), 0, [])
    assert not (tmp_path / "var").exists(), "nothing is written by looking"


def test_what_is_wrong_ends_with_exit_code_4_after_everything_was_said(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "a.pcap", [one for one in CALL.frames() if one.frame[26:30] == bytes([10, 0, 0, 1])])
    said = appliance("capture", "check", file, code=4)
    assert "error    Signalling is seen in one direction only.\n         → Mirror what the port receives" in said.out
    assert said.sentence == "calls cannot be recorded like this; see above"
    (facts,) = appliance("capture", "check", file, "--json", code=4).lines
    assert facts["findings"][0]["severity"] == "error"


@pytest.mark.parametrize(("name", "code"), [("nosuchfile.pcap", 2), ("empty.pcap", 4)])
def test_a_file_that_is_none_is_one_sentence(tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "empty.pcap").touch()
    assert name in appliance("capture", "check", tmp_path / name, code=code).sentence


def test_without_an_interface_the_configuration_is_asked_for_one(tmp_path: Path) -> None:
    assert "capture.interface" in appliance("capture", "check", "--data", tmp_path, code=3).sentence


@needs.namespaces()
def test_an_interface_is_looked_at_for_as_long_as_was_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, progress = write_pcap(tmp_path / "a.pcap", CALL.frames()), io.StringIO()
    with Wire() as wire:
        sender = threading.Timer(0.5, lambda: wire.inside(lambda: play(NEAR, [file], 0.0)))
        sender.start()
        sight, dropped = wire.inside(lambda: check.of_interface(FAR, 3.5, progress))
        sender.join()
    check.report(sight, dropped, as_json=True)
    facts = json.loads(capsys.readouterr().out)
    assert facts["frames"] >= len(CALL.frames())
    assert (facts["dropped"], facts["findings"], facts["calls"]) == (0, [], {"seen": 1, "answered": 1})
    assert " s left, " in progress.getvalue()
    assert progress.getvalue().endswith("\r"), "the line of progress is gone at the end"


@needs.namespaces()
def test_an_interface_that_is_not_there_or_silent_is_said_so() -> None:
    with Wire() as wire:
        with pytest.raises(RingError, match="nosuchport"):
            wire.inside(lambda: check.of_interface("nosuchport", 0.1, None))
        sight, dropped = wire.inside(lambda: check.of_interface(FAR, 0.3, None))
    with pytest.raises(CouldNotError, match="cannot be recorded like this"):
        check.report(sight, dropped, as_json=False)
