"""A program of the site's own hears a message; one that hangs, fails or prints something else costs the transcript alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from uploader.transcripts import MOST_LETTERS, TranscriptError, plain, transcribe


def program(folder: Path, *lines: str) -> str:
    path = folder / "program.py"
    path.write_text("\n".join(["import os, sys, time", *lines]))
    return f"{sys.executable} {path}"


def test_it_gets_the_sound_and_what_it_prints_is_the_text(tmp_path: Path) -> None:
    hears = program(tmp_path, "data = sys.stdin.buffer.read()", "print(f'もしもし {len(data)}', os.environ.get('SECRET', '-'))")
    assert transcribe(hears, b"x" * 100_000, 20.0) == "もしもし 100000 -"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["time.sleep(60)"], "took longer than 1 s"),
        (["print('x', flush=True)", "if os.fork() == 0: time.sleep(60)", "time.sleep(60)"], "took longer than 1 s"),
        (["sys.exit(3)"], "ended with 3"),
    ],
    ids=["hangs", "hangs with a child", "fails"],
)
def test_one_that_hangs_or_fails_is_ended_and_said(tmp_path: Path, lines: list[str], says: str) -> None:
    with pytest.raises(TranscriptError, match=says):
        transcribe(program(tmp_path, *lines), b"", 1.0)


def test_one_that_is_not_there_is_said() -> None:
    with pytest.raises(TranscriptError, match="cannot be started"):
        transcribe("/gone/program", b"", 1.0)


def test_one_that_never_stops_printing_is_taken_at_its_beginning(tmp_path: Path) -> None:
    said = transcribe(program(tmp_path, "while True: print('あ' * 1000)"), b"", 20.0)
    assert set(said) == {"あ", "\n"}
    assert len(said) <= MOST_LETTERS


def test_only_text_is_left_of_what_it_printed() -> None:
    assert plain(b"one\x1b[31m\x00 two\r\n\r\n\r\n\r\nthree\xff") == "one[31m two\n\nthree\ufffd"
    assert plain("a\u202eb\u200bc\u2028d".encode()) == "abcd"
