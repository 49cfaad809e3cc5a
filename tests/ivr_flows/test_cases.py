"""Every case of `tests/flows` tells what lint finds in its flow and what callers meet in it.

# a sentence about the case
on 2027-11-22                            what day it is (else 2026-11-22)
finds error busy-loop at 4:3             everything that lint finds, in its order, on the box below
call at 2027-01-06 11:00 from 0312345678 to 0312340000 pressing 1,9     (from, to and pressing may be left out)
  where NODE ends|answers|switch …       no_answer; name=value; night=closed
  goes hours menu sales                  then what comes of it; each may be left out
  hears words
  rings group:sales
  ends answered
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ivr_flows.around_flow import Known, Site
from ivr_flows.checks import lint
from ivr_flows.flow_reading import presses
from ivr_flows.model import Flow, Story
from ivr_flows.node_types import types
from ivr_flows.sentences import FINDINGS
from ivr_flows.simulator import Walk, simulate
from tests.ivr_flows.made import CASES, around

SITE = Site(
    groups={"front": 2, "sales": 3, "nobody": 0},
    queues={"support": 2, "nobody": 0},
    extensions=frozenset({"201", "202"}),
    boxes=frozenset({"201", "202"}),
    conferences=frozenset({"900"}),
    switches=frozenset({"night"}),
    routes=(("0312340000", "flow:main"), ("0312345678", "flow:twice"), ("0312345678", "group:front")),
)
BOX = Known(date(2026, 11, 22), site=SITE, flows=frozenset({"main", "night"}), prompts={"chime": 2.0})
FOLDERS = sorted(path.name for path in CASES.iterdir() if path.is_dir())
_CALL = re.compile(r"call at (\S+ \S+)(?: from (\S+))?(?: to (\S+))?(?: pressing (\S+))?\Z")
ABOUT_FILES = {"too-large", "too-many", "not-utf8"}
"""Faults of files that no case should hold; `test_yaml_text.py` has them."""


def lines(folder: str) -> Iterator[str]:
    return (line for line in (CASES / folder / "story").read_text("utf-8").splitlines() if line.strip())


def read(folder: str, known: Known) -> tuple[Flow | None, list[str]]:
    flow, found = lint((CASES / folder / "flow.yaml").read_bytes(), known)
    return flow, [f"finds {one.severity} {one.code} at {one.place.line}:{one.place.column}" for one in found]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_case_begins_with_a_sentence(folder: str) -> None:
    assert re.fullmatch(r"# .{10,200}[.?]", next(lines(folder)))


@pytest.mark.parametrize("folder", FOLDERS)
def test_lint_finds_what_the_story_says_and_nothing_else(folder: str) -> None:
    told = list(lines(folder))
    day = next((date.fromisoformat(line[3:]) for line in told if line.startswith("on ")), BOX.today)
    _, found = read(folder, replace(BOX, today=day))
    assert found == [line for line in told if line.startswith("finds ")]


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if any(line.startswith("call ") for line in lines(folder))])
def test_callers_meet_what_the_story_says(folder: str) -> None:
    flow, _ = read(folder, BOX)
    assert flow is not None
    walk: Walk | None = None
    story: Story | None = None
    for line in lines(folder):
        word, _, rest = line.strip().partition(" ")
        if word == "call":
            story, walk = story_of(line), None
        elif word == "where" and story is not None:
            story = with_circumstance(story, rest)
        elif word in ("goes", "hears", "rings", "ends") and story is not None:
            walk = walk or simulate(around(flow), flow.name, story)
            assert told(walk, word, rest), f"{story}: {line.strip()}, but {walk.path} {walk.heard} {walk.rings} {walk.end}"


def told(walk: Walk, word: str, rest: str) -> bool:
    if word == "goes":
        return walk.path == rest.split()
    if word == "rings":
        return walk.rings == rest.split()
    return walk.end == rest if word == "ends" else any(rest in words for words in walk.heard)


def story_of(line: str) -> Story:
    found = _CALL.fullmatch(line.strip())
    assert found, line
    return Story(found[1], found[2] or "", found[3] or "", presses(found[4] or ""))


def with_circumstance(story: Story, words: str) -> Story:
    node, verb, what = words.split(" ", 2)
    name, _, value = what.partition("=")
    if verb == "ends":
        return replace(story, outcomes={**story.outcomes, node: what})
    if verb == "answers":
        return replace(story, answers={**story.answers, node: {**story.answers.get(node, {}), name: value}})
    assert verb == "switch", words
    return replace(story, switches={**story.switches, name: value})


@pytest.mark.parametrize("code", sorted(set(FINDINGS) - ABOUT_FILES))
def test_every_fault_has_its_case(code: str) -> None:
    assert f" {code} at " in (CASES / f"fault-{code}" / "story").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(types()))
def test_every_type_has_its_case(name: str) -> None:
    text = (CASES / f"node-{name}" / "flow.yaml").read_text("utf-8")
    assert f"type: {name}" in text
    assert any(line.startswith("call ") for line in lines(f"node-{name}"))


def test_cases_are_flows_and_stories_only() -> None:
    assert {path.name for path in CASES.rglob("*") if path.is_file()} <= {"flow.yaml", "story", "README.md"}
    assert Path(CASES / "README.md").exists()
