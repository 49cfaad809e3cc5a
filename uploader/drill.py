"""A drill: some of the site brought back from its store alone, onto an empty box in a folder of its own, and compared with what is here.

Restoring is the only proof that storing worked. Where a key is at hand (a folder of the user's, or whoever names `--identity`) recordings
are opened and their manifests checked; the service of a box holds none, and compares the sealed bytes.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from appliance import lookup, shelf
from appliance.box import Box
from appliance.calls import Recording
from appliance.clock import Clock
from appliance.folders import Folders
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.records import DrillDone, StoreSampled
from uploader import headers, objects
from uploader.restore import restore
from uploader.store import Store, StoreAgainError, Stored, StoreError
from uploader.through import Through

FEW = 10


def chosen(ledger: Ledger, count: int) -> list[Recording]:
    """Some stored recordings, at random."""
    rows = ledger.connection.execute(
        "SELECT id FROM recording WHERE stored_at IS NOT NULL AND erased_at IS NULL ORDER BY random() LIMIT ?", (count,)
    ).fetchall()
    found = [lookup.get_recording(ledger.connection, row["id"]) for row in rows]
    return [recording for recording in found if recording is not None]


def sample(store: Store, recording: Recording, clock: Clock) -> StoreSampled:
    """Read one stored recording and its manifest back in full. Raises StoreAgainError where the store is not reached."""
    facts, key = recording.facts, recording.key or ""
    problem = ""
    for name, sha256 in ((key, facts.sealed_sha256), (objects.manifest_key(key), facts.manifest_sha256)):
        try:
            if headers.digest_of(store, name) != sha256:
                problem = f"{name}: the store gives back other bytes than were sent; ask the provider, keep the local copy"
        except StoreAgainError:
            raise
        except StoreError as error:
            problem = f"{error}; it was there when it was stored: ask the provider, keep the local copy"
        if problem:
            break
    return StoreSampled(at=clock.now(), recording=facts.recording, store=recording.store or "", problem=problem)


def drill(box: Box, ledger: Ledger, store: Store, identities: Sequence[Identity], clock: Clock, count: int = FEW) -> DrillDone:
    """Bring some recordings back and compare. Raises StoreAgainError where the store is not reached."""
    found = chosen(ledger, count)
    kind = box.config.store.kind
    if not identities:
        problems = [told.problem for told in (sample(store, recording, clock) for recording in found) if told.problem]
        return DrillDone(
            at=clock.now(), store=kind, depth="sealed", recordings=len(found) - len(problems), problems=tuple(problems)
        )
    folder = box.folders.data / f"drill-{os.getpid()}-{random.getrandbits(32):x}"
    empty = replace(box, folders=Folders(data=folder, run=folder / "run", keys=folder / "keys"))
    try:
        problems, back = _brought_back(empty, _Few(store, found), identities, clock, found)
    finally:
        shelf.remove_tree(folder, box.folders.data)
    return DrillDone(at=clock.now(), store=kind, depth="opened", recordings=back, problems=tuple(problems))


def _brought_back(
    empty: Box, few: Store, identities: Sequence[Identity], clock: Clock, found: list[Recording]
) -> tuple[list[str], int]:
    """What is wrong with what came back, and how many came back as they are here."""
    with Ledger.open(empty.folders.ledger) as scratch:
        problems = restore(empty, scratch, few, identities, clock).problems if found else []
        back = 0
        for recording in found:
            again = lookup.get_recording(scratch.connection, recording.facts.recording)
            if again is None:
                problems.append(f"{recording.key}: did not come back")
            elif (again.facts.chain, again.facts.sealed_sha256) != (recording.facts.chain, recording.facts.sealed_sha256):
                problems.append(f"{recording.key}: came back as another recording")
            else:
                back += 1
    return problems, back


class _Few(Through):
    """The store, as if it held these recordings alone."""

    def __init__(self, store: Store, recordings: list[Recording]) -> None:
        super().__init__(store)
        keys = [recording.key or "" for recording in recordings]
        self._stems = sorted({key.rsplit(".", 2)[0] for key in keys})

    def list(self, prefix: str) -> Iterator[Stored]:
        """What belongs to them."""
        for stem in self._stems:
            if stem.startswith(prefix):
                yield from self._store.list(stem)
