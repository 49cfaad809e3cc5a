"""A day/night switch is turned as its code turns it, by name only, and who did it is written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import root_requests
from appliance.box import Box
from appliance.errors import CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.records import Changed
from provisioning.night import DO, turn
from tests.fakes.clock import START


@pytest.fixture
def office(tmp_path: Path) -> Box:
    """A box with one switch."""
    (tmp_path / "appliance.toml").write_text('[[phone.switches]]\nname = "night"\ncode = "*28"\n', "utf-8")
    return Box.at(tmp_path)


def test_the_switch_and_its_lamp_are_turned(office: Box) -> None:
    asked: list[str] = []

    def console(command: str) -> str:
        asked.append(command)
        return ""

    assert turn(office, "night", True, "sato", START, console) == "night on"
    assert turn(office, "night", False, "sato", START, console) == "night off"
    assert asked == [
        "database put appliance-switch night 1", "devstate change Custom:night INUSE",
        "database put appliance-switch night 0", "devstate change Custom:night NOT_INUSE",
    ]  # fmt: skip
    with Ledger.open(office.folders.ledger) as ledger:
        row = ledger.latest(Changed)
        assert row and isinstance(row.record, Changed) and (row.record.thing, row.record.who) == ("switch:night", "sato")


def test_nothing_but_a_known_name_reaches_asterisk(office: Box) -> None:
    with pytest.raises(UsageError, match="no such switch"):
        turn(office, "night 1\ncore stop now", True, "sato", START)


def test_a_page_asks_root_and_gets_its_answer(office: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(command: str) -> str:
        raise CouldNotError("Asterisk does not run")

    monkeypatch.setattr(turn, "__defaults__", (silent,))
    for name, word in (("night", "does not run"), ("other", "no such switch")):
        asked = root_requests.ask(office, DO, "sato", "", START, {"name": name, "on": "1"})
        answer = root_requests.answer_to(office, asked)
        assert answer is not None and not answer.ok and word in answer.said
