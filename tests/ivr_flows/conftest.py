"""The command line as a person types it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.cli import main


class Said(NamedTuple):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


Ivr = Callable[..., Said]


@pytest.fixture
def ivr(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ivr:
    """`ivr(words…)`: `appliance ivr words… --data` of an empty box."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str | Path) -> Said:
        code = main(["ivr", *map(str, words), "--data", str(tmp_path / "var")])
        out = capsys.readouterr()
        return Said(code, out.out, out.err)

    return run
