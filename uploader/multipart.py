"""A large object in parts: which of them the store has is a row in the ledger, so that any death costs one part at most.

Order: the upload's row follows its beginning, a part's row follows its tag, the rows go after the end. Who dies between a beginning and
its row leaves an upload without parts at the store, which `sweep` aborts: at every start and every day, so none lives for 48 hours. An
upload whose file has changed is superseded: aborted there, forgotten here. Whether an end of which no answer came was one, only a look
tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from appliance.clock import Clock
from appliance.ledger import Ledger
from appliance.moments import SECOND
from uploader.source import Source
from uploader.store import MissingObjectError, ObjectRefusedError, Parts, StoreAgainError, StoreError

GRACE = 3600 * SECOND
"""An upload that we do not know may be another process's, which is about to write its row."""


class Plan(NamedTuple):
    """A large object: what is sent, and the SHA-256 of each part, taken in the same reading as that of the whole."""

    key: str
    source: Source
    size: int
    part_bytes: int
    parts: tuple[str, ...]


class Progress:
    """What the ledger knows of uploads in parts."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock

    def upload(self, plan: Plan) -> str | None:
        """The upload of this very content, if it was begun."""
        row = self._ledger.connection.execute(
            "SELECT upload FROM upload WHERE key = ? AND sha256 = ? AND size = ? AND part_bytes = ?",
            (plan.key, plan.source.sha256, plan.size, plan.part_bytes),
        ).fetchone()
        return None if row is None else str(row[0])

    def any_upload(self, key: str) -> str | None:
        """The upload that was begun under this key, whatever its content."""
        row = self._ledger.connection.execute("SELECT upload FROM upload WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def known(self) -> set[tuple[str, str]]:
        """Every upload under way (key, upload)."""
        return {(row[0], row[1]) for row in self._ledger.connection.execute("SELECT key, upload FROM upload")}

    def begun(self, plan: Plan, upload: str) -> None:
        """The store has named the upload."""
        with self._ledger.transaction() as connection:
            connection.execute("DELETE FROM part WHERE key = ?", (plan.key,))
            connection.execute(
                "INSERT OR REPLACE INTO upload (key, upload, sha256, size, part_bytes, begun_at) VALUES (?,?,?,?,?,?)",
                (plan.key, upload, plan.source.sha256, plan.size, plan.part_bytes, self._clock.now()),
            )

    def tags(self, key: str) -> dict[int, tuple[str, str]]:
        """The parts that the store has: number → (tag, SHA-256)."""
        rows = self._ledger.connection.execute("SELECT number, tag, sha256 FROM part WHERE key = ?", (key,))
        return {row[0]: (row[1], row[2]) for row in rows}

    def arrived(self, key: str, number: int, tag: str, sha256: str) -> None:
        """The store has this part."""
        with self._ledger.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO part (key, number, tag, sha256) VALUES (?,?,?,?)", (key, number, tag, sha256)
            )

    def forget(self, key: str) -> None:
        """The upload is over, one way or the other."""
        with self._ledger.transaction() as connection:
            connection.execute("DELETE FROM part WHERE key = ?", (key,))
            connection.execute("DELETE FROM upload WHERE key = ?", (key,))


def send(store: Parts, progress: Progress, plan: Plan) -> None:
    """Bring the object there in parts, from where an earlier try ended. Raises StoreError."""
    upload = progress.upload(plan)
    if upload is None:
        drop(store, progress, plan.key)  # of another content: superseded
        upload = store.begin(plan.key)
        progress.begun(plan, upload)
    try:
        _send_missing(store, progress, plan, upload)
        store.complete(plan.key, upload, _in_order(progress.tags(plan.key), len(plan.parts)))
    except MissingObjectError as error:  # ended by a try whose answer was lost, or aborted by a rule of the bucket
        progress.forget(plan.key)
        raise StoreAgainError(
            f"{plan.key}: the upload in parts is gone from the store; looking, then beginning anew", 0.0
        ) from error
    except ObjectRefusedError:  # the store does not know the parts as we do
        drop(store, progress, plan.key)
        raise
    progress.forget(plan.key)


def drop(store: Parts, progress: Progress, key: str) -> None:
    """Abort what was begun under this key, and forget it. Raises StoreError."""
    upload = progress.any_upload(key)
    if upload is not None:
        store.abort(key, upload)
        progress.forget(key)


def sweep(store: Parts, progress: Progress, prefix: str, now: int) -> int:
    """Abort uploads below the prefix that nobody here knows; returns how many. A store that shows none to us is left to its own rule."""
    swept = 0
    with suppress(StoreError):
        known = progress.known()
        for found in list(store.unfinished(prefix)):
            if (found.key, found.upload) not in known and found.begun_at < now - GRACE:
                store.abort(found.key, found.upload)
                swept += 1
    return swept


def _send_missing(store: Parts, progress: Progress, plan: Plan, upload: str) -> None:
    there = progress.tags(plan.key)
    for number, sha256 in enumerate(plan.parts, 1):
        if there.get(number, ("", ""))[1] == sha256:
            continue
        start = (number - 1) * plan.part_bytes
        part = Source(plan.source.path, sha256, start, min(plan.part_bytes, plan.size - start), plan.source.leaving)
        progress.arrived(plan.key, number, store.put_part(plan.key, upload, number, part), sha256)


def _in_order(tags: dict[int, tuple[str, str]], count: int) -> Sequence[tuple[str, str]]:
    return [tags[number] for number in range(1, count + 1)]
