"""`appliance demo` brings up the whole box, says where and with which password, and leaves nothing running when it is stopped."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from appliance.box import Box
from appliance.cli import main
from appliance.clock import SystemClock
from appliance.demo.commands import ORDER, SAMPLES, SETTINGS
from appliance.ledger import Ledger
from appliance.web.accounts import Accounts
from tests.appliance.furnished import PASSWORD, PATIENCE_S, free_port, open_session, program


class Demo:
    """A running demonstration and what it said."""

    def __init__(self, process: subprocess.Popen[bytes], data: Path) -> None:
        self.process, self._data = process, data
        self.said = ""
        assert process.stdout is not None
        for line in process.stdout:  # ends with the process, which the test's time-out bounds
            self.said += line.decode()
            if "Ctrl-C" in self.said:
                break

    def told(self, what: str) -> str:
        """What stands behind this word in the greeting."""
        found = re.search(rf"^ +{what}: +(.+)$", self.said, re.MULTILINE)
        assert found is not None, self.said
        return found[1]

    def services(self) -> set[int]:
        """The processes that work in this box's folder."""
        found = set()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if str(self._data).encode() in words and int(path.parent.name) != self.process.pid:
                found.add(int(path.parent.name))
        return found

    def stop(self, number: signal.Signals) -> str:
        """Tell it to stop; returns its last words. It must end well."""
        self.process.send_signal(number)
        assert self.process.wait(PATIENCE_S) == 0
        assert self.process.stdout is not None
        return self.process.stdout.read().decode()


@contextmanager
def demo(data: Path, port: int, *words: str) -> Iterator[Demo]:
    """`appliance demo --no-calls` in this folder."""
    arguments = ("demo", "--no-calls", "--data", str(data), "--port", str(port), *words)
    with program(*arguments, errors=data.parent / "errors") as process:
        yield Demo(process, data)


def signed_in(where: str, password: str) -> bool:
    answer = httpx.post(f"{where}/sign-in", data={"name": "admin", "password": password}, trust_env=False)
    return answer.status_code == 303


def interfaces(pid: int) -> list[str]:
    return [path.name for path in Path("/sys/class/net").glob(f"apl*{pid}")]


def test_the_box_comes_up_is_entered_with_the_printed_password_and_goes_without_a_trace(tmp_path: Path) -> None:
    data, port = tmp_path / "var", free_port()
    with demo(data, port) as running:
        where = running.told("Console")
        assert where == f"http://127.0.0.1:{port}"
        assert running.told("Name") == "admin"
        services, pid = running.services(), running.process.pid
        assert len(services) == (7 if "live" in running.told("Sample calls") else 5)
        password = running.told("One-time password")
        assert signed_in(where, password)
        assert not signed_in(where, password), "it has done its work"
        assert running.stop(signal.SIGINT).strip() == f"stopped; everything recorded is kept in {data}"
        assert not services & running.services()
        assert not interfaces(pid)
    assert Box.at(data).config == Box.at(tmp_path / "none", SETTINGS).config, "its settings are those of the samples"
    with Ledger.open(data / "ledger.db") as ledger:
        assert {beat.service: beat.state for beat in ledger.heartbeats()}.items() >= {
            "render": "stopped", "listen": "stopped", "uploader": "stopped", "janitor": "stopped", "web": "stopped"
        }.items()  # fmt: skip
    assert "Traceback" not in (tmp_path / "errors").read_text()


def test_a_password_that_was_chosen_stays_and_the_box_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "var"
    with Ledger.open(data / "ledger.db") as ledger:
        open_session(Accounts(ledger, SystemClock().now, 12))
    (data / "appliance.toml").write_text('[site]\nname = "our own"\n')
    with demo(data, free_port()) as running:
        assert "One-time password" not in running.said
        assert running.told("Password").startswith("the one you chose")
        assert signed_in(running.told("Console"), PASSWORD)
        running.stop(signal.SIGTERM)
    assert Box.at(data).config.site.name == "our own"


def test_a_folder_that_cannot_be_is_said_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    for data in (tmp_path / "file", tmp_path / "file" / "below"):
        assert main(["demo", "--data", str(data)]) in (2, 4)
        assert capsys.readouterr().err.count("\n") == 1


def test_a_wrong_configuration_is_exit_code_3_before_anything_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "wrong.toml"
    settings.write_text("[site]\nnmae = 1\n")
    assert main(["demo", "--data", str(tmp_path / "var"), "--config", str(settings)]) == 3
    assert f"{settings}:2: site.nmae" in capsys.readouterr().err
    assert not (tmp_path / "var" / "appliance.toml").exists()


def test_every_sample_is_played_and_described() -> None:
    assert sorted(ORDER) == sorted(path.name for path in SAMPLES.iterdir())
    for name in ORDER:
        assert (SAMPLES / name / "capture.pcap").stat().st_size > 1000
        assert (SAMPLES / name / "README.md").read_text("utf-8").startswith(f"# {name}\n")
