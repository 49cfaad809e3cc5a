"""Whoever sets an integration up tries it with a number, sees what waits, and tries again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.cli import main
from appliance.jobs import Jobs, NewJob
from appliance.ledger import Ledger
from appliance.popups.work import kind
from tests.appliance.popups.test_work import SECRETS, asking, hook
from tests.bed.crm import crm, dead_port


def run(data: Path, settings: str, *words: str) -> int:
    (data / "keys").mkdir(parents=True, exist_ok=True)
    (data / "keys" / "popup.secrets").write_text(SECRETS)
    (data / "keys" / "popup.secrets").chmod(0o600)
    (data / "appliance.toml").write_text(settings, "utf-8")
    return main(["popups", words[0], "--data", str(data), *words[1:]])


def test_a_number_is_tried_at_every_integration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with crm(lambda asked: (200, {"name": "高橋"})) as system:
        settings = asking("crm", system.host) + asking("dead", f"127.0.0.1:{dead_port()}", 5.0) + hook(system.url)
        assert run(tmp_path, settings, "try", "03-1234-5678") == 4
        said = capsys.readouterr()
        assert "crm: 高橋 (" in said.out and "dead: 127.0.0.1: cannot be reached" in said.out
        assert "hook: is only told; ask for a test event with --tell" in said.out
        assert "dead: no answer" in said.err
        assert run(tmp_path, settings, "try", "03-1234-5678", "--only", "hook", "--tell") == 0
        assert system.asked[-1].tree["test"] is True
        assert run(tmp_path, settings, "try", "03-1234-5678", "--only", "none") == 2
        assert run(tmp_path, settings, "try", "alice") == 2


def test_what_was_given_up_is_seen_and_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = hook("http://127.0.0.1:9")
    assert run(tmp_path, settings, "status") == 0
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        jobs = Jobs(ledger, "test:1:1")
        jobs.add(1, NewJob(kind=kind("hook"), subject="a", body={}))
        job: Any = jobs.claim(kind("hook"), 2, 10)
        jobs.park(job, 2, "127.0.0.1: answers 500")
        capsys.readouterr()
        assert run(tmp_path, settings, "status") == 0
        assert "0 wait to be told, 1 given up" in (said := capsys.readouterr().out) and "answers 500" in said
        assert run(tmp_path, settings, "again") == 0
        assert jobs.counts(kind("hook")) == {"ready": 1}


@pytest.mark.parametrize(("settings", "code"), [("", 1), ('[popup]\npush_contact = "mailto:a@b"\n', 0), (hook("http://x"), 0)])
def test_the_service_is_wanted_where_there_is_something_to_do(tmp_path: Path, settings: str, code: int) -> None:
    assert run(tmp_path, settings, "wanted") == code
