"""`appliance janitor run` tidies until it is told to stop, or once; it says that it lives and that it was stopped."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path

import pytest

from appliance.cli import main
from appliance.doorbell import Doorbell, ring
from tests.appliance.furnished import PATIENCE_S, Furnished, program, until


def states(at: Furnished) -> dict[str, str]:
    with at.ledger() as ledger:
        return {beat.service: beat.state for beat in ledger.heartbeats()}


def spool(at: Furnished, sample: str) -> Path:
    folder = at.box.folders.spool / "eth1" / at.calls[sample]
    folder.mkdir(parents=True)
    return folder


def test_once_is_one_round(own: Furnished) -> None:
    folder = spool(own, "inbound")
    assert main(["janitor", "run", "--once", "--data", str(own.box.folders.data)]) == 0
    assert not folder.exists()


def test_once_leaves_the_running_service_its_bell(own: Furnished) -> None:
    with closing(Doorbell(own.box.folders.run, "janitor")) as bell:
        assert main(["janitor", "run", "--once", "--data", str(own.box.folders.data)]) == 0
        bell.wait(0)
        ring(own.box.folders.run, "janitor")
        assert bell.wait(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_works_until_it_is_told_to_stop(own: Furnished, tmp_path: Path, number: signal.Signals) -> None:
    folder = spool(own, "inbound")
    with program("janitor", "run", "--data", str(own.box.folders.data), errors=tmp_path / "errors") as process:
        until("the first round", lambda: not folder.exists())
        until("the heartbeat", lambda: states(own).get("janitor") == "ok")
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 0
    assert states(own)["janitor"] == "stopped"
    assert "Traceback" not in (tmp_path / "errors").read_text()


def test_a_folder_that_cannot_be_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert main(["janitor", "run", "--once", "--data", str(tmp_path / "file")]) == 2
    assert "is a file; name a folder" in capsys.readouterr().err
