"""The report of erasures says in both languages what went, how much and by whose order, and whether the proof holds; nobody is named."""

from __future__ import annotations

import json

import pytest

from appliance import erasure
from appliance.cli import main
from appliance.janitor.unlinking import Unlinking
from tests.appliance.furnished import Furnished
from uploader.worker import Worker


def erase(at: Furnished, sample: str) -> None:
    with at.ledger() as ledger:
        erasure.ask(ledger, [erasure.Order(at.call(sample), at.recording(sample))], "yamada", "letter 7", at.now)
        worker = Worker(at.box, ledger, at.clock())
        while worker.one() or Unlinking(at.box, ledger, at.clock()).step():
            pass


def run(at: Furnished, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["report", "erasures", *words, "--data", str(at.box.folders.data)])
    return code, capsys.readouterr().out


def test_it_is_written_in_japanese_and_in_english(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    name, number = own.recording("inbound").facts.recording, own.call("inbound").caller
    erase(own, "inbound")
    code, out = run(own, capsys)
    japanese, english = out.split("# Report of erasures")
    assert code == 0 and japanese.startswith("# 消去報告書") and "有効" in japanese and "holds" in english
    assert all(name in part and "letter 7" in part and "yamada" in part for part in (japanese, english))
    assert number and number not in out and number[1:] not in out


def test_what_it_counts_is_what_went(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    with own.ledger() as ledger:
        worker = Worker(own.box, ledger, own.clock())
        while worker.one():
            pass
    erase(own, "inbound")
    told = json.loads(run(own, capsys, "--json")[1])
    (one,) = told["erased"]
    assert (one["objects"], one["removed"], one["files"], one["problem"], told["waiting"]) == (2, 2, 2, "", 0)
    assert one["sequence"] == own.recording("inbound").facts.sequence


def test_of_another_time_there_is_nothing(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    erase(own, "inbound")
    code, out = run(own, capsys, "--to", "2020-01-01")
    assert code == 0 and "この期間に消去されたものはありません。" in out and "Nothing was erased in this time." in out


def test_a_proof_that_was_changed_is_named(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    erase(own, "inbound")
    with own.ledger() as ledger:
        ledger.connection.execute("UPDATE record SET body = json_set(body, '$.objects', 7) WHERE kind = 'RecordingErased'")
    code, out = run(own, capsys)
    assert code == 4 and "DOES NOT HOLD" in out and "無効" in out
