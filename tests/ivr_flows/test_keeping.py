"""publish, rollback, history and holidays on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests import needs
from tests.ivr_flows.conftest import Ivr
from tests.ivr_flows.made import text

pytestmark = needs.program("ffmpeg", "espeak-ng")
NODE = '  a: {{type: play, language: en, say: "Hello {}.", next: there}}'


def put(tmp_path: Path, word: str, head: str = "") -> Path:
    (tmp_path / "x.yaml").write_bytes(text(NODE.format(word), head))
    return tmp_path / "x.yaml"


def test_a_flow_is_published_listed_and_rolled_back(ivr: Ivr, tmp_path: Path) -> None:
    first = ivr("publish", put(tmp_path, "one"), "--why", "opening")
    assert (first.code, "made 0001-" in first.out) == (0, True)
    assert "すでに公開中" in ivr("publish", put(tmp_path, "one")).out
    assert ivr("publish", put(tmp_path, "two"), "--lang", "en").out.splitlines()[-1].endswith(": published")
    told = json.loads(ivr("history", "made", "--json").out)
    assert [(one["revision"][:4], one["live"], one["why"]) for one in told] == [("0002", True, ""), ("0001", False, "opening")]
    assert set(told[0]) == {"flow", "revision", "live", "title", "published_at", "who", "why"}
    assert ivr("rollback", "made", "--why", "wrong words").code == 0
    assert "* made 0001-" in ivr("history").out
    assert ivr("simulate", "made", "--at", "2027-01-06 11:00", "--json").code == 0
    assert ivr("lint", "made").code == 0


def test_a_refused_flow_says_why_and_that_nothing_changed(ivr: Ivr, tmp_path: Path) -> None:
    ivr("publish", put(tmp_path, "one"))
    faulty = ivr("publish", put(tmp_path, "two", "start: nowhere"))
    assert faulty.code == 1
    assert "unknown-start" in faulty.out
    assert "公開中の版はそのまま" in faulty.out
    failing = ivr(
        "publish", put(tmp_path, "two", "tests: [{name: t, at: 2027-01-01 10:00, expect: {end: voicemail}}]"), "--lang", "en"
    )
    assert failing.code == 1
    assert "- end: voicemail" in failing.out
    assert "what was live stays live" in failing.out
    assert len(json.loads(ivr("history", "--json").out)) == 1


def test_words_that_name_nothing_get_a_sentence(ivr: Ivr, tmp_path: Path) -> None:
    assert ivr("publish", tmp_path / "gone.yaml").code == 2
    assert ivr("rollback", "../x").code == 2
    assert ivr("rollback", "gone").code == 4
    assert ivr("history", "../x").code == 2
    assert ivr("history", "gone").out == ""


def test_a_newer_table_of_holidays_is_taken_in(ivr: Ivr, tmp_path: Path) -> None:
    assert ivr("holidays").out == "2027-12-31\n"
    (tmp_path / "s.csv").write_bytes("国民の祝日・休日月日,国民の祝日・休日名称\n2028/1/1,元日\n".encode("cp932"))
    assert ivr("holidays", tmp_path / "s.csv").out == "2028-12-31\n"
    (tmp_path / "s.csv").write_bytes(b"<html>")
    said = ivr("holidays", tmp_path / "s.csv")
    assert (said.code, "stays" in said.err) == (4, True)
    assert ivr("holidays").out == "2028-12-31\n"
    assert ivr("holidays", tmp_path / "gone.csv").code == 2
