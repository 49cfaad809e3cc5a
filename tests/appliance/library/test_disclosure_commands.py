"""`appliance disclose` lists a person's calls, and packs them for that person."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.cli import main
from appliance.records import Exported
from tests.appliance.furnished import Furnished


def run(own: Furnished, *words: str) -> int:
    return main(["disclose", "--data", str(own.box.folders.data), "--number", "+81 90 1234 5678", *words])


def test_without_a_folder_it_lists_and_takes_nothing_away(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(own) == 0
    said = capsys.readouterr().out
    assert own.calls["inbound"] in said and own.calls["internal"] not in said and "can be packed" in said
    with own.ledger() as ledger:
        assert ledger.latest(Exported) is None


def test_the_package_holds_the_chosen_call_and_is_entered(
    own: Furnished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(own, own.calls["inbound"], "-o", str(tmp_path / "p"), "--why", "request 12") == 0
    recording = own.recording("inbound").facts.recording
    assert (tmp_path / "p" / "data" / recording / "audio.flac").exists() and (tmp_path / "p" / "data" / "calls.csv").exists()
    with own.ledger() as ledger:
        row = ledger.latest(Exported)
    assert row is not None and getattr(row.record, "why", "") == "request 12"
    assert run(own, "-o", str(tmp_path / "p"), "--why", "again") == 2, "it is there already"


@pytest.mark.parametrize("words", [["-o", "x"], ["-o", "x", "--why", "w", "--to", "age1nonsense"], ["unknownid"]])
def test_what_is_missing_is_asked_for(own: Furnished, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(own, *words) == 2
    assert not (tmp_path / "x").exists()
