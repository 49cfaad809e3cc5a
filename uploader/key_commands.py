"""What the wing offers for who may open recordings: `uploader keys rotate|shred`, `uploader drill`, `uploader salvage`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from appliance import keys, lookup, shelf
from appliance.box import Box
from appliance.calls import Recording
from appliance.clock import SystemClock
from appliance.errors import CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.recipients import recipients
from appliance.records import HeaderChanged
from appliance.sealed import BESIDE, SealedError

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(actions: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance uploader keys rotate|shred`."""
    rotate = actions.add_parser("rotate", parents=[common], help="let the recipients of the settings open what is already sealed")
    rotate.add_argument("ids", nargs="*", metavar="ID", help="recordings or calls")
    rotate.add_argument("--all", action="store_true", help="every recording")
    rotate.add_argument(
        "--identity", type=Path, metavar="KEYFILE", help="an age key that opens them (default: the box's keys folder)"
    )
    rotate.add_argument("--remove-old", action="store_true", help="destroy the older headers, where they lie apart")
    rotate.set_defaults(run=run_rotate)
    shred = actions.add_parser("shred", parents=[common], help="destroy the headers: nobody can open the recordings any more")
    shred.add_argument("ids", nargs="*", metavar="ID", help="recordings or calls")
    shred.add_argument("--all", action="store_true", help="every recording")
    shred.add_argument("--yes", action="store_true", help="really; there is no way back")
    shred.set_defaults(run=run_shred)


def run_rotate(arguments: argparse.Namespace) -> int:
    """New headers for the recipients of the configuration; payloads stay as they are."""
    from uploader import headers

    box, clock = Box.of(arguments), SystemClock()
    identities = _identities(box, arguments.identity)
    to = recipients(box.config, box.folders, clock.now())

    def one(store: Any, recording: Recording) -> int:
        count = 0
        for name in (recording.facts.file, recording.facts.manifest):
            path = box.folders.recordings / name
            if path.exists():
                headers.rotate_local(path, identities, to)
                count += 1
        for key in _keys(recording):
            headers.rotate(store, key, identities, to, box.folders.data)
            count += 1
            if arguments.remove_old:
                headers.remove_older(store, key)
        return count

    return _each(box, arguments, "rotated", one, tuple(map(str, to)))


def run_shred(arguments: argparse.Namespace) -> int:
    """Destroy headers. What is held for a case stays."""
    from uploader import headers

    if not arguments.yes:
        raise UsageError("shredding has no way back: nobody will open these recordings again; say --yes")
    box = Box.of(arguments)

    def one(store: Any, recording: Recording) -> int:
        if recording.held:
            raise CouldNotError("is held for a case; release it first (appliance release)")
        count = sum(headers.shred(store, key) for key in _keys(recording))
        for name in (recording.facts.file, recording.facts.manifest):
            for path in (box.folders.recordings / name, box.folders.recordings / (name + BESIDE)):
                if path.exists():
                    shelf.remove(path)
                    count += 1
        return count

    return _each(box, arguments, "shredded", one, ())


def run_drill(arguments: argparse.Namespace) -> int:
    """Bring some recordings back, and say what came of it."""
    from uploader.drill import drill
    from uploader.store import close, open_store

    box = Box.of(arguments)
    identities = keys.load_identities(arguments.identity) if arguments.identity else keys.identities_in(box.folders.keys)
    store = open_store(box)
    try:
        with Ledger.open(box.folders.ledger) as ledger:
            done = drill(box, ledger, store, identities, SystemClock(), arguments.count)
            ledger.append(done)
    finally:
        close(store)
    how = "opened and compared" if done.depth == "opened" else "compared as sealed bytes (no key is at hand)"
    print(f"{done.recordings} recordings came back from the store, {how}; {len(done.problems)} problems")
    for problem in done.problems:
        print(f"appliance: {problem}", file=sys.stderr)
    return 4 if done.problems else 0


def run_backups(arguments: argparse.Namespace) -> int:
    """List the backups, or bring one here."""
    from uploader import backups
    from uploader.store import close, open_store

    box = Box.of(arguments)
    if arguments.output is not None and arguments.output.exists():
        raise UsageError(f"{arguments.output}: is there already; name another file")
    store = open_store(box)
    try:
        found = backups.listed(box, store)
        for stored in found:
            print(f"{stored.size:12}  {stored.key}")
        if arguments.output is not None:
            if not found:
                raise CouldNotError(f"contract {box.config.site.contract}: there is no backup in the store")
            backups.fetch(store, arguments.key or found[-1].key, arguments.output)
    finally:
        close(store)
    return 0


def run_salvage(arguments: argparse.Namespace) -> int:
    """Write the authenticated beginning of a sealed file."""
    from appliance.salvage import salvage

    box = Box.of(arguments)
    if arguments.output.exists():
        raise UsageError(f"{arguments.output}: is there already; name another file")
    try:
        with arguments.file.open("rb") as file, shelf.create(arguments.output, 0o600) as out:
            found = salvage(file, _identities(box, arguments.identity), out)
    except SealedError as error:
        raise CouldNotError(f"{arguments.file}: {error}; nothing of it can be saved") from error
    except OSError as error:
        raise CouldNotError(f"{arguments.file}: cannot be read ({error.strerror})") from error
    print(
        f"{found.size} bytes are genuine"
        + ("; the file is CUT: what came behind them is missing" if found.cut else ", which is all of it")
    )
    return 0


def _each(box: Box, arguments: argparse.Namespace, what: str, deed: Callable[[Any, Recording], int], to: tuple[str, ...]) -> int:
    """Do it to every recording that is meant; one that cannot be done does not stop the others."""
    from uploader.store import close, open_store

    store, problems, count = open_store(box), [], 0
    try:
        with Ledger.open(box.folders.ledger) as ledger:
            for recording in list(_meant(ledger, arguments)):
                try:
                    objects = deed(store, recording)
                except (CouldNotError, SealedError) as error:
                    problems.append(f"recording {recording.facts.recording}: {error}")
                    continue
                ledger.append(
                    HeaderChanged(
                        at=SystemClock().now(), recording=recording.facts.recording, what=what, recipients=to, objects=objects
                    )
                )
                count += 1
    finally:
        close(store)
    print(f"{count} recordings {what}, {len(problems)} problems")
    for problem in problems:
        print(f"appliance: {problem}", file=sys.stderr)
    return 4 if problems else 0


def _meant(ledger: Ledger, arguments: argparse.Namespace) -> Iterator[Recording]:
    if bool(arguments.ids) == arguments.all:
        raise UsageError("name recordings, or say --all")
    if arguments.all:
        yield from (one for one in lookup.recordings(ledger.connection) if one.erased_at is None)
    for name in arguments.ids:
        found = lookup.get_recording(ledger.connection, name)
        if found is None:
            raise CouldNotError(f"{name}: there is no such recording or call; `appliance recordings` lists them")
        yield found


def _keys(recording: Recording) -> list[str]:
    from uploader import objects

    return [recording.key, objects.manifest_key(recording.key)] if recording.key else []


def _identities(box: Box, named: Path | None) -> list[keys.Identity]:
    found = keys.load_identities(named) if named else keys.identities_in(box.folders.keys)
    if not found:
        raise UsageError(f"{box.folders.keys}: holds no key that could open anything; name one with --identity")
    return found
