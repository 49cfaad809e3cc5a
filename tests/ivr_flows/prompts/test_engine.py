"""A program that fails, hangs or writes nothing is one error with its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr_flows.prompts import engine
from ivr_flows.prompts.engine import EngineError


@pytest.mark.parametrize(
    "words", [["/bin/false"], ["/bin/true"], ["/nowhere/program"], ["/bin/sh", "-c", "echo too long >&2; exit 1"]]
)
def test_a_program_that_gives_no_file_is_an_error(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(EngineError, match=Path(words[0]).name):
        engine.run(words, b"x", tmp_path / "out.wav")


def test_a_program_that_writes_is_content(tmp_path: Path) -> None:
    engine.run(["/bin/sh", "-c", f"cat > {tmp_path}/out.wav"], b"x", tmp_path / "out.wav")
    assert (tmp_path / "out.wav").read_bytes() == b"x"
