"""lint, simulate, test and diagram say what a flow is worth, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivr_flows.inputs import CameBack, Digit, Input, Started
from ivr_flows.journal import line
from tests import needs
from tests.ivr_flows.conftest import Ivr
from tests.ivr_flows.made import CASES, WHOLE


def test_lint_lists_findings_for_programs(ivr: Ivr) -> None:
    said = ivr("lint", CASES / "fault-busy-loop" / "flow.yaml", "--json")
    found = json.loads(said.out)
    assert said.code == 1
    assert [set(one) for one in found] == [{"code", "severity", "line", "column", "message", "mend"}] * len(found)
    assert [(one["code"], one["severity"], one["line"], one["column"]) for one in found] == [
        ("unknown-group", "warning", 2, 1), ("busy-loop", "error", 4, 3), ("unknown-group", "warning", 6, 36),
    ]  # fmt: skip


def test_lint_with_warnings_only_is_content(ivr: Ivr) -> None:
    said = ivr("lint", WHOLE, "--json")
    assert said.code == 0
    assert {one["severity"] for one in json.loads(said.out)} == {"warning"}


@pytest.mark.parametrize(("language", "word"), [("ja", "繰り返し"), ("en", "a loop in which nobody")])
def test_findings_are_told_in_the_language_that_is_asked_for(ivr: Ivr, language: str, word: str) -> None:
    assert word in ivr("lint", CASES / "fault-busy-loop" / "flow.yaml", "--lang", language).out


def test_japanese_comes_first(ivr: Ivr, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "繰り返し" in ivr("lint", CASES / "fault-busy-loop" / "flow.yaml").out
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    assert "nobody presses" in ivr("lint", CASES / "fault-busy-loop" / "flow.yaml").out


def test_text_that_is_no_yaml_is_a_finding_too(ivr: Ivr, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"flow: main\n\tx: [\n")
    said = ivr("lint", tmp_path / "x.yaml", "--json")
    assert said.code == 1
    assert [one["code"] for one in json.loads(said.out)] == ["not-yaml"]


@pytest.mark.parametrize("word", ["lint", "simulate", "test", "diagram"])
def test_a_flow_that_is_not_there_gets_a_sentence(ivr: Ivr, word: str) -> None:
    said = ivr(word, "gone.yaml")
    assert said.code == 2
    assert "gone.yaml" in said.err


def test_simulate_prints_one_object(ivr: Ivr) -> None:
    said = ivr("simulate", WHOLE, "--at", "2027-01-01 10:00", "--caller", "0312345678", "--keys", "1", "--json")
    told = json.loads(said.out)
    assert (said.code, told["path"], told["rings"], told["end"]) == (0, ["hours", "holiday_msg"], ["group:front"], "fallback")
    assert "元日" in told["why"][0]


def test_simulate_heeds_every_circumstance(ivr: Ivr) -> None:
    words = [
        "--at",
        "2027-01-06 11:00",
        "--caller",
        "0312345678",
        "--answer",
        'lookup={"rank": "gold"}',
        "--outcome",
        "operator=busy",
    ]
    told = json.loads(ivr("simulate", WHOLE, *words, "--json").out)
    assert told["path"] == ["hours", "screen", "lookup", "ranked", "operator", "vm_sales"]
    told = json.loads(ivr("simulate", WHOLE, *words, "--switch", "night=closed", "--json").out)
    assert told["path"] == ["hours", "closed_msg"]


def test_what_is_wrong_with_a_flow_is_said_beside_its_walk(ivr: Ivr) -> None:
    said = ivr("simulate", CASES / "fault-busy-loop" / "flow.yaml", "--at", "2027-01-06 11:00", "--caller", "0312345678", "--json")
    assert (said.code, json.loads(said.out)["end"]) == (0, "fallback")
    assert "busy-loop" in said.err
    assert ivr("simulate", WHOLE, "--json").err == ""


def test_simulate_tells_people_the_way(ivr: Ivr) -> None:
    out = ivr("simulate", WHOLE, "--at", "2027-01-06 11:00", "--keys", "1,5", "--lang", "en").out
    assert "menu: key 1 was pressed 営業 → sales" in out
    assert "☎ group:sales" in out
    assert out.endswith("= hangup\n")


@pytest.mark.parametrize(
    "words",
    [
        ["--at", "tomorrow"],
        ["--at", "9999-12-31 23:59"],
        ["--outcome", "x"],
        ["--answer", "x={"],
        ["--answer", "x=[]"],
        ["--switch", "x"],
    ],
)
def test_simulate_used_wrongly_says_how(ivr: Ivr, words: list[str]) -> None:
    said = ivr("simulate", WHOLE, *words)
    assert (said.code, words[0] in said.err) == (2, True) or words[1] == "9999-12-31 23:59"


def test_a_real_call_is_walked_again(ivr: Ivr, tmp_path: Path) -> None:
    at = 1_799_200_800_000_000_000
    inputs: tuple[Input, ...] = (Started("", "0312340000", "payphone"), Digit("2", 80), CameBack("answered"))
    (tmp_path / "x.jsonl").write_text("\n".join(line(at + number, one) for number, one in enumerate(inputs)))
    told = json.loads(ivr("simulate", WHOLE, "--replay", tmp_path / "x.jsonl", "--json").out)
    assert (told["path"], told["end"]) == (["hours", "screen", "menu", "support"], "answered")
    (tmp_path / "x.jsonl").write_text("words")
    assert ivr("simulate", WHOLE, "--replay", tmp_path / "x.jsonl").code == 2
    assert ivr("simulate", WHOLE, "--replay", tmp_path / "gone").code == 2


def test_the_flows_own_tests_are_run(ivr: Ivr, tmp_path: Path) -> None:
    assert ivr("test", WHOLE).out.splitlines()[-1] == "3/3"
    (tmp_path / "x.yaml").write_bytes(WHOLE.read_bytes().replace(b"rings: [group:sales]", b"rings: [group:front]"))
    said = ivr("test", tmp_path / "x.yaml")
    assert said.code == 1
    assert "  - rings: group:front\n  + rings: group:sales\n" in said.out
    assert [one["passed"] for one in json.loads(ivr("test", tmp_path / "x.yaml", "--json").out)] == [True, True, False]


def test_a_picture_is_written_as_its_ending_says(ivr: Ivr, tmp_path: Path) -> None:
    assert ivr("diagram", WHOLE).out.startswith('digraph "main"')
    assert ivr("diagram", WHOLE, "-o", tmp_path / "x.dot").code == 0
    assert (tmp_path / "x.dot").read_text().startswith("digraph")
    assert ivr("diagram", WHOLE, "-o", tmp_path / "x.bmp").code == 2


@needs.program("dot")
def test_a_picture_is_drawn_by_graphviz(ivr: Ivr, tmp_path: Path) -> None:
    assert ivr("diagram", WHOLE, "-o", tmp_path / "x.svg").code == 0
    assert "<svg" in (tmp_path / "x.svg").read_text()
