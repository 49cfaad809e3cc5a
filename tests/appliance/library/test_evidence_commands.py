"""`evidence` costs one sentence when it is used wrongly, and nothing is written then."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.cli import main
from appliance.library.bundle import verify
from tests.appliance.furnished import Furnished


def run(at: Furnished, *words: str) -> int:
    return main(["evidence", *words, "--data", str(at.box.folders.data)])


def test_a_bundle_is_made_of_recordings_and_of_calls_once_each(
    own: Furnished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = own.recording("inbound").facts.recording
    assert run(own, recording, own.calls["inbound"], "-o", str(tmp_path / "b"), "--why", "case 7") == 0
    found = verify.check(tmp_path / "b")
    assert found.problems == [] and len(found.said) == 2
    assert found.key in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "b"), "--data", str(own.box.folders.data)]) == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["aaaaaaaaaaaaaaaa", "--why", "x"], 2, "there is no such recording"),
        (["ID", "--why", " "], 2, "say who asked"),
        (["ID", "--why", "x", "--to", "age1nonsense"], 2, "is no age recipient"),
        (["ID", "--why", "x", "--identity", "NOKEY"], 4, "holds no age key"),
        (["ID", "--why", "x", "--identity", "gone.key"], 4, "cannot be read"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(
    own: Furnished, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    no_key = tmp_path / "no.key"
    no_key.touch(mode=0o600)
    no_key.write_text("this is no key\n")
    names = {"ID": own.recording("inbound").facts.recording, "NOKEY": str(no_key)}
    assert run(own, *(names.get(word, word) for word in words), "-o", str(tmp_path / "b")) == code
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and error.startswith("appliance: ")
    assert not (tmp_path / "b").exists()


def test_a_folder_that_is_there_is_never_written_into(own: Furnished, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b").mkdir()
    assert run(own, own.recording("inbound").facts.recording, "-o", str(tmp_path / "b"), "--why", "x") == 2
    assert "is there already" in capsys.readouterr().err


def test_a_bundle_of_another_contract_is_named_as_that(own: Furnished, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = own.copy(tmp_path / "other")
    (other.box.folders.data / "appliance.toml").write_text('[site]\ncontract = "C-99"\n')
    assert run(other, other.recording("inbound").facts.recording, "-o", str(tmp_path / "b"), "--why", "x") == 0
    for name in ("box.key", "box.pub"):
        (own.box.folders.keys / name).unlink()
    (own.box.folders.keys / "box.pub").write_text("00" * 32 + "\n")
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "b"), "--data", str(own.box.folders.data)]) == 4
    said = capsys.readouterr()
    assert "is of another box, contract C-99" in said.out and said.err.count("\n") == 1
