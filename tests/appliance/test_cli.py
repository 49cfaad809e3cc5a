"""The command line: it explains itself, promises four exit codes, and says every error in one sentence without a traceback."""

from __future__ import annotations

import importlib.metadata
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import __version__
from appliance.cli import GROUP, main
from appliance.ledger import Ledger

WORDS = sorted(entry.name for entry in importlib.metadata.entry_points(group=GROUP))


def appliance(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run([sys.executable, "-m", "appliance", *map(str, words)], capture_output=True, encoding="utf-8", cwd=cwd)


def said(error: str) -> str:
    """The one sentence that went to standard error."""
    (line,) = error.splitlines()
    assert line.startswith("appliance: ")
    return line.removeprefix("appliance: ")


# Exit codes, in real processes


def test_code_0_is_done(tmp_path: Path) -> None:
    done = appliance("config", "check", "--data", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(defaults): holds\n", "")


def test_code_2_is_used_wrongly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = appliance("calls", "--data", tmp_path / "file")
    assert (done.returncode, done.stdout) == (2, "")
    assert said(done.stderr) == f"--data {tmp_path / 'file'}: is a file; name a folder"


def test_code_3_is_a_wrong_configuration(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text("[web]\nport = 0\n")
    done = appliance("calls", "--data", tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert said(done.stderr).startswith(f"{tmp_path / 'appliance.toml'}:2: web.port: 0: ")


def test_code_4_is_could_not(tmp_path: Path) -> None:
    done = appliance("calls", "--data", tmp_path / "empty")
    assert (done.returncode, done.stdout) == (4, "")
    assert "there is no ledger here" in said(done.stderr)
    assert not (tmp_path / "empty").exists()


def test_the_version_is_told() -> None:
    done = appliance("--version")
    assert (done.returncode, done.stdout) == (0, f"appliance {__version__}\n")


@pytest.mark.parametrize("action", ["show", "check"])
def test_a_reader_that_goes_away_early_is_no_error(tmp_path: Path, action: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "appliance", "config", action, "--data", str(tmp_path)]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_ends_it_without_a_traceback(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slow.toml")
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance", "config", "check", "--config", str(tmp_path / "slow.toml")],
        stderr=subprocess.PIPE,
        text=True,
    )
    with (tmp_path / "slow.toml").open("w"):  # it is now reading
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, "")


# It explains itself


def test_help_lists_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    listed = [line.split()[0] for line in text.splitlines() if re.match(r" {4}\S", line) and line.split()[0] in WORDS]
    assert sorted(listed) == WORDS
    assert listed[:4] == ["demo", "replay", "calls", "recordings"]
    for code in ("0 done", "2 used wrongly", "3 configuration wrong", "4 could not"):
        assert code in " ".join(text.split())


def leaves(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The help of every command that these words begin, by its words."""
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert text.startswith(f"usage: appliance {' '.join(words)} ")
    parts = (
        re.findall(r"^    (\w+)(?: +\S|$)", text, re.MULTILINE)
        if re.search(r"^usage: [^\[]*\[-h\] [A-Z]+ \.\.\.$", text, re.MULTILINE)
        else []
    )
    found = [leaves([*words, part], capsys) for part in parts]
    return {name: shown for inner in found for name, shown in inner.items()} or {" ".join(words): text}


@pytest.mark.parametrize("word", WORDS)
def test_every_command_explains_itself_and_takes_a_folder_and_a_configuration(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in leaves([word], capsys).items():
        assert "--data DIR" in text, name
        assert "--config FILE" in text, name


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frobnicate"],
        ["calls", "--frobnicate"],
        ["config"],
        ["config", "frobnicate"],
        ["calls", "--limit", "many"],
        ["--data", "x", "calls"],
        ["calls", "--direction", "sideways"],
    ],
)
def test_a_command_used_wrongly_is_answered_with_its_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    shown = capsys.readouterr()
    assert (ended.value.code, shown.out) == (2, "")
    assert shown.err.startswith("usage: appliance")
    assert "Traceback" not in shown.err


def test_a_moment_that_is_none_is_used_wrongly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Ledger.open(tmp_path / "ledger.db").close()
    assert main(["calls", "--data", str(tmp_path), "--from", "yesterday"]) == 2
    assert said(capsys.readouterr().err).startswith("--from yesterday: is no time; write it like ")


def test_several_mistakes_in_a_configuration_are_one_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "appliance.toml").write_text("[web]\nport = 0\nhots = ''\n")
    assert main(["config", "check", "--data", str(tmp_path)]) == 3
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 2
    assert "web.port" in error
    assert "web.hots" in error


def test_only_the_module_of_the_word_that_was_typed_is_loaded(tmp_path: Path) -> None:
    look = "import sys, appliance.cli as cli; cli.main(sys.argv[1:]); print([n for n in sys.modules if n.endswith('.commands')])"
    done = subprocess.run(
        [sys.executable, "-c", look, "config", "show", "--data", str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_terminal_without_japanese_still_hears_everything(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("flow: main\n", "utf-8")
    words = [sys.executable, "-m", "appliance", "ivr", "lint", str(tmp_path / "x.yaml"), "--data", str(tmp_path / "var")]
    done = subprocess.run(words, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=False)
    assert done.returncode == 1, done.stderr
    assert b"missing-fallback: fallback \\u304c" in done.stdout
