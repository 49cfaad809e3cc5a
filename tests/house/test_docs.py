"""Documentation lives beside what it describes, is short, and its commands exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import __version__
from tests.house.sources import ROOT, name_of

WINGS = ("capture", "uploader", "ivr_flows", "provisioning")
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "appliance" / "README.md",
    ROOT / "appliance" / "web" / "API.md",
    *(ROOT / wing / "README.md" for wing in WINGS),
]


def commands(document: Path) -> list[str]:
    """Every `appliance …` that stands in a code block or in backticks."""
    text = document.read_text("utf-8")
    blocks = "\n".join(re.findall(r"```\w*\n(.*?)```", text, re.DOTALL))
    lines = re.findall(r"^appliance (.*?)(?:  .*)?$", blocks, re.MULTILINE)
    return [line.strip() for line in lines + re.findall(r"`appliance ([^`\n]+)`", text)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_a_document_is_there_and_a_wings_is_short(document: Path) -> None:
    lines = document.read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    if document.parent != ROOT:
        assert len(lines) <= 60


@pytest.mark.parametrize(("document", "command"), [(name_of(path), command) for path in DOCUMENTS for command in commands(path)])
def test_a_command_of_a_document_exists(document: str, command: str) -> None:
    words = []
    for word in shlex.split(command.replace("…", "").replace("[", "").replace("]", "")):
        if not re.fullmatch(r"[a-z]+(\|[a-z]+)*", word):
            break
        words.append(word.partition("|")[0])
    done = subprocess.run([sys.executable, "-m", "appliance", *words[:3], "--help"], capture_output=True, text=True, check=False)
    if done.returncode:
        done = subprocess.run(
            [sys.executable, "-m", "appliance", *words[:1], "--help"], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, f"{document}: {command}: {done.stderr}"
    for option in re.findall(r"(?<!\S)--[a-z-]+", command):
        assert option in done.stdout, f"{document}: {command}: {option}"


def test_the_changelog_speaks_of_this_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_sample_says_how_it_was_made() -> None:
    samples = sorted((ROOT / "appliance" / "demo" / "samples").glob("*/capture.pcap"))
    assert samples
    for sample in samples:
        text = sample.with_name("README.md").read_text("utf-8")
        assert "make_samples" in text
        assert "SIPp" in text
