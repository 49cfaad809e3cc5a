"""A large object in parts: which of them the store has is a row in the ledger, so that any death costs only the parts under way.

Order: the upload's row follows its beginning, a part's row follows its tag, the rows go after the end. Who dies between a beginning and
its row leaves an upload without parts at the store, which `sweep` aborts: at every start and every day, so none lives for 48 hours. An
upload whose file has changed is superseded: aborted there, forgotten here. Whether an end of which no answer came was one, only a look
tells.

Parts leave together as far as hands are free (`hands.py`). The ledger is this thread's alone: who sends a part only counts its bytes, and
this thread tells of them. Where one part fails the others still arrive, and are noted, before it is said.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import NamedTuple

from appliance.clock import Clock
from appliance.ledger import Ledger
from appliance.moments import SECOND
from uploader.hands import MORE, Hands
from uploader.source import Source
from uploader.store import MissingObjectError, ObjectRefusedError, Parts, StoreAgainError, StoreError

_TOLD_S = 0.5
"""How often those who must know what leaves (the lease of the job) are told, while parts leave together."""
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


def send(store: Parts, progress: Progress, plan: Plan, hands: Hands | None = None) -> None:
    """Bring the object there in parts, from where an earlier try ended. Raises StoreError."""
    upload = progress.upload(plan)
    if upload is None:
        drop(store, progress, plan.key)  # of another content: superseded
        upload = store.begin(plan.key)
        progress.begun(plan, upload)
    try:
        _send_missing(store, progress, plan, upload, hands)
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


def _send_missing(store: Parts, progress: Progress, plan: Plan, upload: str, hands: Hands | None) -> None:
    there = progress.tags(plan.key)
    missing = [number for number, sha256 in enumerate(plan.parts, 1) if there.get(number, ("", ""))[1] != sha256]
    if hands is not None and hands.limit > 1 and len(missing) > 1:
        _send_together(store, progress, plan, upload, missing, hands)
        return
    for number in missing:
        part = _part(plan, number, plan.source.leaving)
        progress.arrived(plan.key, number, store.put_part(plan.key, upload, number, part), part.sha256)


def _send_together(store: Parts, progress: Progress, plan: Plan, upload: str, missing: Iterable[int], hands: Hands) -> None:
    waiting, running, failed = deque(missing), dict[Future[str], tuple[int, bool]](), list[StoreError]()
    count = _Count(plan.source.leaving)

    def put(number: int) -> str:
        begun = time.monotonic()
        tag = store.put_part(plan.key, upload, number, _part(plan, number, count.more))
        hands.took(time.monotonic() - begun)
        return tag

    with ThreadPoolExecutor(hands.limit * MORE, "part") as pool:
        while running or (waiting and not failed):
            while waiting and not failed and (not running or hands.lend()):
                number, lent = waiting.popleft(), bool(running)
                running[pool.submit(put, number)] = (number, lent)
            done, _ = wait(running, _TOLD_S, FIRST_COMPLETED)
            failed += count.tell()
            for future in done:
                number, lent = running.pop(future)
                if lent:
                    hands.back()
                try:
                    progress.arrived(plan.key, number, future.result(), plan.parts[number - 1])
                except StoreError as error:
                    failed.append(error)
    if failed:
        raise failed[0]


def _part(plan: Plan, number: int, leaving: Callable[[int], None]) -> Source:
    start = (number - 1) * plan.part_bytes
    return Source(plan.source.path, plan.parts[number - 1], start, min(plan.part_bytes, plan.size - start), leaving)


class _Count:
    """Bytes that leave in several threads, told in one. Who is told may forbid it: then nothing more leaves."""

    def __init__(self, leaving: Callable[[int], None]) -> None:
        self._leaving, self._lock = leaving, threading.Lock()
        self._count = 0
        self._forbidden: StoreError | None = None

    def more(self, count: int) -> None:
        """So many are about to leave. Raises StoreError."""
        if self._forbidden is not None:
            raise StoreAgainError(str(self._forbidden))
        with self._lock:
            self._count += count

    def tell(self) -> list[StoreError]:
        """Tell of them; returns why no more may leave, once."""
        with self._lock:
            count, self._count = self._count, 0
        if self._forbidden is None and count:
            try:
                self._leaving(count)
            except StoreError as error:
                self._forbidden = error
                return [error]
        return []


def _in_order(tags: dict[int, tuple[str, str]], count: int) -> Sequence[tuple[str, str]]:
    return [tags[number] for number in range(1, count + 1)]
