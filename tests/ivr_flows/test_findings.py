"""A finding is told in either language, in the order of the file, and on one line whatever it quotes."""

from __future__ import annotations

from ivr_flows.findings import Finding, Notes, blocks, in_order, shown
from ivr_flows.tree import Place


def test_a_finding_is_told_as_the_command_line_prints_it() -> None:
    finding = Finding("unknown-calendar", Place(3, 7), {"name": "office", "known": "night"})
    assert finding.as_json("en") == {
        "code": "unknown-calendar",
        "severity": "error",
        "line": 3,
        "column": 7,
        "message": "The calendar office does not exist.",
        "mend": "Write it below `calendars:`, or name one of: night.",
    }
    assert "office" in finding.as_json("ja")["message"]


def test_a_lowered_finding_forbids_nothing() -> None:
    notes = Notes()
    notes.add("unknown-group", Place(1, 1), name="sales", lowered=True)
    assert not blocks(notes.found)
    notes.add("unknown-group", Place(1, 1), name="sales")
    assert blocks(notes.found)


def test_findings_come_by_line_and_each_once() -> None:
    notes = Notes()
    for line in (9, 2, 9):
        notes.add("bad-name", Place(line, 1), given="x")
    assert [one.place.line for one in in_order(notes.found)] == [2, 9]


def test_what_is_quoted_stays_on_one_line_and_short() -> None:
    assert shown("a\nb\x1b[31m") == "a�b�[31m"
    assert len(shown("x" * 500)) == 80


def test_braces_in_what_is_quoted_are_no_places_to_fill() -> None:
    notes = Notes()
    notes.add("bad-name", Place(1, 1), given="{name} {0}")
    assert "{name} {0}" in notes.found[0].message("en")
