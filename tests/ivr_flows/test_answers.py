"""What flows keep of callers goes out as a table that a spreadsheet reads, and computes nothing of."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import AnswersKept, Exported
from tests.fakes.clock import START
from tests.ivr_flows.conftest import Ivr

DAY = 24 * 3600 * SECOND


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Three calls, two flows; one caller pressed what a spreadsheet would compute."""
    ledger = Ledger.open(tmp_path / "var" / "ledger.db")
    ledger.append(
        AnswersKept(at=START, call="a", flow="main", revision="0001", values={"score": "5"}),
        AnswersKept(at=START + SECOND, call="b", flow="main", revision="0001", values={"score": "=1+1", "why": "遅い,高い"}),
        AnswersKept(at=START + 2 * DAY, call="c", flow="other", revision="0002", values={"score": "1"}),
    )
    return ledger


def test_a_table_has_a_column_for_each_name_and_no_formula(ivr: Ivr, ledger: Ledger, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(ivr("answers", "main").out)))
    assert rows[0] == ["at", "call", "flow", "revision", "score", "why"]
    assert [row[1:] for row in rows[1:]] == [["a", "main", "0001", "5", ""], ["b", "main", "0001", "'=1+1", "遅い,高い"]]
    assert "3 answers" in ivr("answers", "-o", tmp_path / "out.csv").out
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfat,call")
    assert [type(row.record) for row in ledger.since(0, [Exported])] == [Exported, Exported], "each is in the register"


def test_it_can_be_of_some_days_and_as_objects(ivr: Ivr, ledger: Ledger) -> None:
    told = [json.loads(line) for line in ivr("answers", "--json", "--to", "2026-09-21").out.splitlines()]
    assert [(one["call"], one["values"]["score"]) for one in told] == [("a", "5"), ("b", "=1+1")]
    assert [json.loads(line)["call"] for line in ivr("answers", "--json", "--from", "2026-09-22").out.splitlines()] == ["c"]
    assert ivr("answers", "--from", "yesterday").code == 2
    assert ivr("answers", "../x").code == 2
    assert ledger.last_row() > 3
