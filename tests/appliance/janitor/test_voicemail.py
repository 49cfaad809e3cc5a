"""Voicemail goes by its box's term: said in the ledger first, under Asterisk's own lock, and nothing else goes with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.config import Config
from appliance.janitor import voicemail
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import MessageExpired
from tests.fakes.clock import START

DAY = 24 * 3600 * SECOND
CONFIG = Config.model_validate({"phone": {"boxes": [{"number": "201", "keep_days": 30}, {"number": "202"}]}})


def leave(data: Path, box: str, number: int, days: float, folder: str = "INBOX", text: str = "") -> Path:
    """A message that was left so many days ago, as Asterisk writes it."""
    path = data / voicemail.BOXES / box / folder / f"msg{number:04d}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = f"[message]\norigmailbox={box}\norigtime={(START - round(days * DAY)) // SECOND}\nmsg_id=12-{number:08d}\nduration=3\n"
    path.write_text(text or told)
    path.with_suffix(".wav").write_bytes(b"RIFF")
    return path


def left(data: Path) -> list[str]:
    folder = data / voicemail.BOXES
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_is_too_old_goes_with_its_sound_and_the_ledger_says_so(tmp_path: Path, ledger: Ledger) -> None:
    leave(tmp_path, "201", 0, 31)
    leave(tmp_path, "201", 1, 29)
    leave(tmp_path, "201", 0, 400, "Old")
    leave(tmp_path, "202", 0, 400)
    assert voicemail.expire(CONFIG, tmp_path, ledger, START) == 2
    assert left(tmp_path) == ["201/INBOX/msg0001.txt", "201/INBOX/msg0001.wav", "202/INBOX/msg0000.txt", "202/INBOX/msg0000.wav"]
    told = [row.record for row in ledger.since(0, [MessageExpired])]
    assert [(one.box, one.rule) for one in told if isinstance(one, MessageExpired)] == [("201", "phone.boxes keep_days = 30")] * 2
    assert voicemail.expire(CONFIG, tmp_path, ledger, START) == 0


def test_a_folder_that_asterisk_has_locked_waits(tmp_path: Path, ledger: Ledger) -> None:
    folder = leave(tmp_path, "201", 0, 31).parent
    (folder / ".lock-1234").write_text("")
    os.link(folder / ".lock-1234", folder / ".lock")
    assert voicemail.expire(CONFIG, tmp_path, ledger, START) == 0
    assert (folder / "msg0000.wav").exists()
    (folder / ".lock").unlink()
    assert voicemail.expire(CONFIG, tmp_path, ledger, START) == 1
    assert not (folder / ".lock").exists()


def test_a_lock_that_a_dead_janitor_left_holds_up_nobody(tmp_path: Path, ledger: Ledger) -> None:
    folder = leave(tmp_path, "201", 0, 31).parent
    (folder / ".lock").write_bytes(voicemail.OURS)
    assert voicemail.expire(CONFIG, tmp_path, ledger, START) == 1
    assert not (folder / ".lock").exists()


@pytest.mark.parametrize("text", ["", "origtime=\n", "origtime=12345678901234567890\n", "\xff\x00"])
def test_what_tells_no_time_stays(tmp_path: Path, ledger: Ledger, text: str) -> None:
    leave(tmp_path, "201", 0, 31, text=text or " ")
    assert voicemail.expire(CONFIG, tmp_path, ledger, START) == 0
    assert len(left(tmp_path)) == 2


def test_the_row_comes_before_the_deletion(tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    path = leave(tmp_path, "201", 0, 31)
    ledger.close()
    with pytest.raises(Exception, match=r"closed|could not be written"):
        voicemail.expire(CONFIG, tmp_path, ledger, START)
    assert path.exists()
    assert not (path.parent / ".lock").exists()
