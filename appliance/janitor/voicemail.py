"""Voicemail messages that are older than their box keeps them go, under Asterisk's own lock; the row comes before the deletion.

Asterisk keeps a message as DATA/asterisk/spool/voicemail/default/BOX/FOLDER/msgNNNN.txt with its sounds beside it. Its lock (LOCKMODE
lockfile) is a hard link named `.lock`; whoever finds one waits. A lock that a janitor left when it died is known by what stands in it.
Numbers that are missing afterwards are closed up by Asterisk when the box is opened next. What has no time in its text keeps staying.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from appliance import shelf
from appliance.config import Config
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.records import MessageExpired

BOXES = "asterisk/spool/voicemail/default"
"""Below the box's data."""
OURS = b"appliance janitor\n"
_DAY = 24 * 3600 * SECOND
_LEFT = re.compile(r"^origtime=(\d{1,11})$", re.MULTILINE)
_ID = re.compile(r"^msg_id=([0-9a-f-]{1,40})$", re.MULTILINE)
_MOST_TEXT = 1 << 16

log = logging.getLogger(__name__)


class Message(NamedTuple):
    """One message, as its text tells."""

    text: Path
    id: str
    left_at: int


def expire(config: Config, data: Path, ledger: Ledger, now: int) -> int:
    """Let go what is too old; returns how many messages went."""
    count = 0
    for box in config.phone.boxes:
        folder = data / BOXES / box.number
        if not box.keep_days or not folder.is_dir():
            continue
        for inside in sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()):
            old = [one for one in messages(inside) if now - one.left_at > box.keep_days * _DAY]
            if old:
                count += _let_go(inside, old, box.number, f"phone.boxes keep_days = {box.keep_days}", ledger, now)
    return count


def messages(folder: Path) -> Iterator[Message]:
    """The messages in this folder whose text says when they were left."""
    for path in sorted(folder.glob("msg[0-9][0-9][0-9][0-9].txt")):
        with contextlib.suppress(OSError), path.open("rb") as file:
            told = file.read(_MOST_TEXT).decode("utf-8", "replace")
            if left := _LEFT.search(told):
                known = _ID.search(told)
                yield Message(path, known[1] if known else path.stem, int(left[1]) * SECOND)


def _let_go(folder: Path, old: list[Message], box: str, rule: str, ledger: Ledger, now: int) -> int:
    with locked(folder) as mine:
        if not mine:
            log.info("voicemail box %s: is being used; what is too old goes later", box)
            return 0
        present = set(messages(folder))
        gone = [one for one in old if one in present]  # a message may have moved up while we waited
        ledger.append(*(MessageExpired(at=now, message=f"{box}/{one.id}", box=box, left_at=one.left_at, rule=rule) for one in gone))
        for one in gone:
            for path in sorted(folder.glob(f"{one.text.stem}.*")):
                shelf.remove(path)
        log.info("voicemail box %s: %d messages went (%s)", box, len(gone), rule)
        return len(gone)


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Whether the folder's lock is ours as long as the block lasts."""
    lock, own = folder / ".lock", folder / f".lock-appliance-{os.getpid()}"
    try:
        if lock.exists() and lock.read_bytes() == OURS:
            shelf.remove(lock)
        shelf.write(own, OURS)
        os.link(own, lock)
    except FileExistsError:
        shelf.remove(own)
        yield False
        return
    except OSError as error:
        log.warning("%s: cannot be locked (%s)", folder, error.strerror)
        yield False
        return
    try:
        yield True
    finally:
        shelf.remove(lock)
        shelf.remove(own)
