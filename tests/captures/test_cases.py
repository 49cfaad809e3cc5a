"""Every case (README.md, capture.pcap, expected.jsonl) is told by a replay as it is expected; tshark sees the same calls and packets."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.bed.cases import CASES, cases, lines, told

TOTAL = 3_000_000


@pytest.mark.parametrize("case", cases(), ids=lambda path: path.name)
def test_a_case_is_told_as_expected(case: Path, tmp_path: Path) -> None:
    expected = (case / "expected.jsonl").read_text("utf-8").splitlines()
    assert list(lines(told(case / "capture.pcap", tmp_path / "var"))) == expected


@pytest.mark.parametrize("case", cases(), ids=lambda path: path.name)
def test_a_case_says_how_it_was_made(case: Path) -> None:
    text = (case / "README.md").read_text("utf-8")
    assert text.startswith(f"# {case.name}\n")
    assert f"make_captures {case.name}" in text


def test_the_cases_are_small_together() -> None:
    assert sum(path.stat().st_size for path in CASES.rglob("*.pcap")) <= TOTAL


def test_the_folder_holds_whole_cases_only() -> None:
    tracked = subprocess.run(["git", "ls-files", "."], cwd=CASES, capture_output=True, text=True, check=True).stdout.split()
    names = {Path(name).parts[0] for name in tracked if "/" in name}
    assert names <= {case.name for case in cases()}
    for case in cases():
        assert {"README.md", "capture.pcap", "expected.jsonl"} <= {path.name for path in case.iterdir()}
