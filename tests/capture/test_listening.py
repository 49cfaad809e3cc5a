"""The listening service hands out sound to as many as it may, ends with the call, and says why where it cannot."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from capture import listening
from capture.listening import Listening
from capture.pages import connect
from tests.bed.house import wait_for
from tests.fakes import facts

LIMIT = "[capture]\nlisteners = {}\n"


@contextmanager
def service(data: Path, listeners: int = 2) -> Iterator[Box]:
    """The service of a box with a call under way."""
    data.mkdir()
    (data / "appliance.toml").write_text(LIMIT.format(listeners))
    box = Box.at(data)
    (box.folders.spool / "eth1" / facts.CALL).mkdir(parents=True)
    with Ledger.open(box.folders.ledger) as ledger:
        ledger.append(facts.ringing(), facts.answered())
    running = Listening(box, SystemClock())
    try:
        yield box
    finally:
        running.close()


def test_sound_flows_until_the_call_is_over(tmp_path: Path) -> None:
    with service(tmp_path / "var") as box:
        rate, pieces = connect(box.folders.run, facts.CALL)
        assert rate == 48000
        assert set(next(pieces)) == {0}
        with Ledger.open(box.folders.ledger) as ledger:
            ledger.append(facts.ended())
        assert sum(len(piece) for piece in pieces) < 5 * 192000


@pytest.mark.parametrize("name", ["b" * 16, "../../keys", ""])
def test_a_call_that_is_not_there_is_said_to_be_so(tmp_path: Path, name: str) -> None:
    with service(tmp_path / "var") as box, pytest.raises(CouldNotError, match="nothing of it is being recorded"):
        connect(box.folders.run, name)


def test_no_more_listeners_than_are_allowed(tmp_path: Path) -> None:
    with service(tmp_path / "var", 1) as box:
        _, pieces = connect(box.folders.run, facts.CALL)
        with pytest.raises(CouldNotError, match="1 people listen already"):
            connect(box.folders.run, facts.CALL)
        pieces.close()

        def again() -> bool:
            try:
                with closing(connect(box.folders.run, facts.CALL)[1]):
                    return True
            except CouldNotError:
                return False

        wait_for("a free place", again, 10)


def test_nobody_listens_where_it_is_switched_off(tmp_path: Path) -> None:
    with service(tmp_path / "var", 0) as box, pytest.raises(CouldNotError, match="0 people"):
        connect(box.folders.run, facts.CALL)


def test_strangers_hear_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "allowed", lambda client: False)
    with service(tmp_path / "var") as box, pytest.raises(CouldNotError, match="for root and the box's own services"):
        connect(box.folders.run, facts.CALL)


def test_a_folder_that_goes_ends_the_sound(tmp_path: Path) -> None:
    with service(tmp_path / "var") as box:
        _, pieces = connect(box.folders.run, facts.CALL)
        next(pieces)
        shutil.rmtree(box.folders.spool / "eth1" / facts.CALL)
        with Ledger.open(box.folders.ledger) as ledger:
            ledger.append(facts.ended())
        assert sum(len(piece) for piece in pieces) < 5 * 192000
