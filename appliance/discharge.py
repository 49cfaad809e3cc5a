"""The spool of a call is let go once the ledger says what became of it. Rows before deletion.

The janitor does it at every ring of its bell, a replay for its own calls at its end. What is let go is clear audio, so it goes as
soon as it may; what is not settled stays, whatever happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance import shelf
from appliance.folders import Folders
from appliance.ids import is_id
from appliance.ledger import Ledger
from appliance.lookup import get_call, get_recording


def sweep(folders: Folders, ledger: Ledger, reel: str = "") -> int:
    """Remove the spool of every settled call (of this reel); returns how many calls were let go."""
    count = 0
    for folder in _call_folders(folders.spool, reel):
        if may_go(folder.name, folders, ledger):
            shelf.remove_tree(folder, folders.spool)
            count += 1
    return count


def may_go(call: str, folders: Folders, ledger: Ledger) -> bool:
    """Whether the call has ended and is settled, and nobody has work to do on its spool. A leg goes when its main call may go."""
    found = get_call(ledger.connection, call)
    if found is not None and found.main and not _is_over(found.main, folders, ledger):
        return False
    return _is_over(call, folders, ledger)


def _is_over(call: str, folders: Folders, ledger: Ledger) -> bool:
    found = get_call(ledger.connection, call)
    if found is None or found.ended_at is None or not found.settled:
        return False
    waiting = ledger.connection.execute("SELECT 1 FROM job WHERE kind = 'render' AND subject = ? AND state != 'done'", (call,))
    if waiting.fetchone() is not None:
        return False
    if found.recording is None:
        return True
    recording = get_recording(ledger.connection, found.recording)
    if recording is None:
        return False
    gone_by_rule = recording.expired_at is not None or recording.erased_at is not None
    return gone_by_rule or (folders.recordings / recording.facts.file).exists()


def _call_folders(spool: Path, reel: str) -> Iterator[Path]:
    for folder in sorted(spool.iterdir()) if spool.is_dir() else []:
        if folder.is_dir() and reel in ("", folder.name):
            yield from sorted(path for path in folder.iterdir() if path.is_dir() and is_id(path.name))
