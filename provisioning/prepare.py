"""What must be there before the first service starts: keys, the console's certificate, the ledger with its owners.
All of it may run again.

Services get keys as credentials and may not make any, so root makes them: at the installation, and at every start of the machine,
when the certificate is renewed too.
"""

from __future__ import annotations

import contextlib
import grp
import os
import socket
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from appliance import keys, push_key, tls
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.folders import SYSTEM_DATA
from appliance.ledger import Ledger
from appliance.moments import to_datetime

GROUP = "appliance"
LIFETIME = timedelta(days=825)


def prepare(box: Box, now: int) -> Iterator[str]:
    """Make what is missing; says what is there. Raises CouldNotError."""
    folder = box.folders.keys
    yield f"signing key {keys.signing_key(folder).public}"
    yield f"playback key {keys.playback_recipient(folder, now)}"
    pair = tls.own_certificate(folder, socket.gethostname(), to_datetime(now), LIFETIME)
    yield f"certificate {pair.certificate}"
    if box.config.popup.push_contact:
        yield f"push key {push_key.make(folder).public}"
    Ledger.open(box.folders.ledger).close()
    if box.folders.data.absolute() == SYSTEM_DATA:
        for ending in ("", "-wal", "-shm", ".lock"):
            _share(Path(f"{box.folders.ledger}{ending}"))
    yield f"ledger {box.folders.ledger}"


def copy_ledger(source: Path, target: Path) -> None:
    """Copy a ledger whole (SQLite's online backup), while services write it. Raises CouldNotError and leaves no half of a copy."""
    if not source.exists():
        raise CouldNotError(f"{source}: there is no ledger here")
    try:
        with contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=15.0)) as here:
            with contextlib.closing(sqlite3.connect(target, timeout=15.0)) as there:
                here.backup(there)
                there.execute("PRAGMA journal_mode=WAL")
            if (told := _integrity(target)) != "ok":
                raise CouldNotError(f"{target}: the copy is damaged ({told}); check the disk")
    except sqlite3.Error as error:
        raise CouldNotError(f"{source}: cannot be copied to {target} ({error}); is the disk full?") from error


def _integrity(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(path)) as copy:
        return str(copy.execute("PRAGMA integrity_check(1)").fetchone()[0])


def _share(path: Path) -> None:
    """SQLite makes its files for the owner and readers alone; on a box every service writes them, through the group."""
    with contextlib.suppress(FileNotFoundError, KeyError):
        os.chown(path, -1, grp.getgrnam(GROUP).gr_gid)
        path.chmod(0o660)
