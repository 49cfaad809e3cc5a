"""Root does what pages ask for, nothing else, and has just those services read anew that read what changed."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance import config_change, root_requests
from appliance.box import Box
from appliance.errors import CouldNotError
from provisioning import taking

NOW = 1_790_000_000_000_000_000


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A box as root's unit sees an installed one, but for its place."""
    monkeypatch.setattr(root_requests, "is_installed", lambda box: True)
    monkeypatch.setattr(root_requests, "SYSTEM_CONFIG", tmp_path / "etc" / "appliance.toml")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "appliance.toml").write_text("", "utf-8")
    return Box.at(tmp_path / "var")


class Machine:
    """Remembers what it was told."""

    def __init__(self, refuses: str = "") -> None:
        self.told: list[str] = []
        self._refuses = refuses

    def __call__(self, command: Sequence[str]) -> None:
        self.told.append(" ".join(command))
        if self._refuses and self._refuses in self.told[-1]:
            raise CouldNotError(f"{self._refuses}: refused")


def test_a_change_is_made_and_its_readers_read_anew(box: Box) -> None:
    change = config_change.propose(box, "[health]\ndisk_hours = 5\n", "tanaka", "", NOW)
    assert config_change.outcome(box, change) is None
    machine = Machine()
    (answer,) = taking.take(box, machine)
    assert (answer.ok, config_change.outcome(box, change)) == (True, answer)
    assert machine.told == ["systemctl --no-block restart appliance-janitor.service appliance-web.service"]
    assert taking.take(box, machine) == []


def test_a_mirror_port_that_is_not_there_changes_nothing(box: Box) -> None:
    change = config_change.propose(box, '[capture]\ninterface = "nope0"\n', "tanaka", "", NOW)
    machine = Machine()
    taking.take(box, machine)
    answer = config_change.outcome(box, change)
    assert answer is not None
    assert not answer.ok
    assert "'nope0' is no interface of this machine" in answer.said
    assert config_change.text_of(box) == ""
    assert machine.told == []


def test_a_mirror_port_that_is_there_has_the_recorder_begin(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "mirror0")])
    config_change.propose(box, '[capture]\ninterface = "mirror0"\n', "tanaka", "", NOW)
    machine = Machine()
    (answer,) = taking.take(box, machine)
    assert answer.ok, answer.said
    assert machine.told[0] == "systemctl --no-block reset-failed appliance-capture.service"
    assert "appliance-capture.service" in machine.told[1]


def test_what_root_does_not_do_for_a_page_is_answered_so(box: Box) -> None:
    root_requests.ask(box, "rm -rf", "mallory", "", NOW)
    (answer,) = taking.take(box, Machine())
    assert not answer.ok
    assert answer.said == "rm -rf: is nothing that root does for a page"


def test_an_address_on_trial_is_confirmed(box: Box) -> None:
    root_requests.ask(box, "confirm", "tanaka", "", NOW)
    (answer,) = taking.take(box, Machine())
    assert (answer.ok, answer.said) == (False, "nothing is on trial")
    (box.folders.data / "system").mkdir(parents=True)
    (box.folders.data / "system" / "trial.json").write_text("{}")
    root_requests.ask(box, "confirm", "tanaka", "", NOW + 1)
    (answer,) = taking.take(box, Machine())
    assert (answer.ok, answer.said) == (True, "the change stays")


def test_services_that_cannot_be_restarted_take_no_change_back(box: Box) -> None:
    config_change.propose(box, "[health]\ndisk_hours = 5\n", "tanaka", "", NOW)
    (answer,) = taking.take(box, Machine("systemctl"))
    assert answer.ok


def test_a_table_that_nobody_named_is_read_by_all() -> None:
    assert taking.readers(["lines"]) == list(taking.EVERYBODY)
    assert taking.readers(["notify", "popup"]) == ["uploader", "janitor", "web"]
