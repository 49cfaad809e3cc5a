"""A spare box becomes the old one: from a backup, or from the old disk where that lives. All or nothing.

Everything is brought into a folder beside, checked there, changed there (the epoch is raised, so that two boxes never write the same
names), and only then moved into place, name by name, by a step that any later start finishes. Ids and chain go on: the next recording
bears the next number and names the last one before it. What the old box stored after the backup is told again from the store.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance import keys, schema, shelf
from appliance.box import Box
from appliance.clock import Clock
from appliance.config import Config, Source, parse
from appliance.errors import ApplianceError, CouldNotError
from appliance.folders import SYSTEM_CONFIG, SYSTEM_DATA
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.lookup import recordings
from appliance.records import BoxReplaced, RecordingExpired
from appliance.toml_lines import line_of
from provisioning import backup
from provisioning.backup import About, BackupError

GROUP = "appliance.catchups"
"""Entry points that tell again what lies in the store and not in the ledger: (box, ledger, identities, clock) → (count, problems)."""
STAGE, COMPLETE = ".replace", "complete"
RULE = "the box was replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """From where, and what is allowed."""

    source: Path
    """A backup's file, or the folder of the old box's data."""
    settings: Path | None = None
    """The old box's configuration, where `source` is a disk and it does not lie in it."""
    serial: str = ""
    """The spare box's own serial number; empty: the old one's goes on."""
    smaller_disk: bool = False


@dataclass(slots=True)
class Replaced:
    """What came of it."""

    about: About
    epoch: int
    told_again: int = 0
    problems: list[str] = field(default_factory=list)


def replace(box: Box, wish: Wish, identities: Sequence[Identity], clock: Clock) -> Replaced:
    """Make this box the old one. Raises BackupError or CouldNotError; then nothing was changed."""
    if not finish(box):
        _refuse_used(box)
        stage = box.folders.data / STAGE
        if stage.exists():
            shelf.remove_tree(stage, box.folders.data)
        shelf.make_folder(stage, 0o700)
        about = _stage(box, wish, identities, stage)
        config = _check(stage, about)
        epoch = _adopt(stage, about, config, wish, clock.now())
        shelf.write(stage / COMPLETE, b"")
        finish(box)
    else:
        raise BackupError("a replacement that was cut short is finished now; look with: appliance doctor")
    done = Replaced(about, epoch)
    _catch_up(Box.at(box.folders.data), identities, clock, done)
    return done


def finish(box: Box) -> bool:
    """Move what was staged and checked into place; whoever dies in between is continued. False where there is nothing."""
    stage, data = box.folders.data / STAGE, box.folders.data
    if not (stage / COMPLETE).exists():
        return False
    aside = data / "replaced"
    shelf.make_folder(aside, 0o700)
    for ending in ("-wal", "-shm"):
        _aside(data / f"ledger.db{ending}", aside) if (stage / backup.DATA / "ledger.db").exists() else None
    for path in sorted((stage / backup.DATA).iterdir()):
        _move(path, data / path.name, aside)
    settings = SYSTEM_CONFIG if data.absolute() == SYSTEM_DATA else data / "appliance.toml"
    staged = stage / backup.CONFIG
    if staged.exists():
        shelf.make_folder(settings.parent)
        shelf.write(settings, staged.read_bytes(), 0o640)
    shelf.remove_tree(stage, data)
    return True


def _move(path: Path, target: Path, aside: Path) -> None:
    _aside(target, aside)
    path.rename(target)
    shelf.sync_folder(target.parent)


def _aside(path: Path, aside: Path) -> None:
    if path.exists():
        number = 0
        while (place := aside / f"{path.name}.{number}").exists():
            number += 1
        path.rename(place)


def _refuse_used(box: Box) -> None:
    if not box.folders.ledger.exists():
        return
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:
        if ledger.connection.execute("SELECT 1 FROM call LIMIT 1").fetchone():
            raise BackupError(
                f"{box.folders.data}: this box has recorded calls of its own; wipe it first (appliance provisioning wipe)"
            )


def _stage(box: Box, wish: Wish, identities: Sequence[Identity], stage: Path) -> About:
    about = _of_disk(wish) if wish.source.is_dir() else backup.look(wish.source, identities)
    if about.schema > schema.VERSION:
        raise BackupError(
            f"{wish.source}: was written by version {about.version} of the program, which is newer than this one; install that first"
        )
    _refuse_small(box, about, wish)
    if wish.source.is_dir():
        _copy_disk(wish, stage)
        return about
    return backup.unpack(wish.source, identities, stage)


def _refuse_small(box: Box, about: About, wish: Wish) -> None:
    figures = os.statvfs(box.folders.data)
    free, size = figures.f_bavail * figures.f_frsize, figures.f_blocks * figures.f_frsize
    if free < about.bytes:
        raise BackupError(
            f"{box.folders.data}: {free // 10**6} MB are free, the old box needs {about.bytes // 10**6}; put in a larger disk"
        )
    if size < about.disk_bytes and not wish.smaller_disk:
        raise BackupError(
            f"{box.folders.data}: this disk ({size // 10**9} GB) is smaller than the old box's ({about.disk_bytes // 10**9} GB); "
            "put in one as large, or say --smaller-disk and shorten retention.local_days"
        )


def _of_disk(wish: Wish) -> About:
    """What the old disk says of itself. Raises BackupError."""
    settings = wish.settings or wish.source / "appliance.toml"
    try:
        site = parse(Source(str(settings), settings.read_text("utf-8"))).site if settings.exists() else Config().site
        with contextlib.closing(sqlite3.connect(f"{(wish.source / 'ledger.db').absolute().as_uri()}?mode=rw", uri=True)) as old:
            version = int(old.execute("PRAGMA user_version").fetchone()[0])
            head = old.execute("SELECT coalesce(max(sequence), 0) FROM recording").fetchone()[0]
        size = sum(path.stat().st_size for path in wish.source.rglob("*") if path.is_file())
    except (sqlite3.Error, OSError, ValueError) as error:
        raise BackupError(f"{wish.source}: holds no box that can be read ({error}); take a backup instead") from error
    return About(
        layout=backup.LAYOUT, version="on that disk", schema=version, contract=site.contract, serial=site.serial, epoch=site.epoch,
        made_at=(wish.source / "ledger.db").stat().st_mtime_ns, head=head, disk_bytes=0, bytes=size,
    )  # fmt: skip


def _copy_disk(wish: Wish, stage: Path) -> None:
    """The whole old box, its outbox and spool too."""
    settings = wish.settings or wish.source / "appliance.toml"
    shelf.write(stage / backup.CONFIG, settings.read_bytes() if settings.exists() else b"")
    for path in sorted(wish.source.rglob("*")):
        name = path.relative_to(wish.source)
        if name.parts[0] in ("run", "appliance.toml", STAGE) or path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as body, shelf.create(stage / backup.DATA / name, path.stat().st_mode & 0o770) as out:
                shutil.copyfileobj(body, out, 1 << 20)
        except OSError as error:
            raise BackupError(f"{path}: cannot be read ({error.strerror}); take a backup instead of this disk") from error


def _check(stage: Path, about: About) -> Config:
    """What was staged is a whole box. Raises BackupError."""
    try:
        ledger = stage / backup.DATA / "ledger.db"
        with contextlib.closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            told = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            head = connection.execute("SELECT coalesce(max(sequence), 0) FROM recording").fetchone()[0]
        (stage / backup.DATA / "keys").chmod(0o700)
        key = keys.present_signing_key(stage / backup.DATA / "keys")
        settings = stage / backup.CONFIG
        config = parse(Source(str(settings), settings.read_text("utf-8")))
    except (sqlite3.Error, OSError, ApplianceError) as error:
        raise BackupError(f"the backup is not whole ({error}); take another night's, nothing was changed") from error
    if told != "ok" or head != about.head:
        raise BackupError(f"the ledger of the backup is damaged ({told}); take another night's, nothing was changed")
    if keys.signing_public(stage / backup.DATA / "keys") != key.public:
        raise BackupError("the signing keys of the backup do not belong together; take another night's, nothing was changed")
    return config


def _adopt(stage: Path, about: About, config: Config, wish: Wish, now: int) -> int:
    """Raise the epoch, name the machine, and write down what happened; local copies that did not come along are said to be gone."""
    settings, epoch = stage / backup.CONFIG, config.site.epoch + 1
    text = settings.read_text("utf-8")
    for name, value in (("epoch", str(epoch)), *([("serial", f'"{wish.serial}"')] if wish.serial else [])):
        text = with_site_setting(text, name, value)
    changed = parse(Source(str(settings), text))
    if changed.site.epoch != epoch:
        raise BackupError(
            "site.epoch of the old configuration cannot be raised; write [site] with epoch = NUMBER on lines of their own"
        )
    shelf.write(settings, text.encode("utf-8"))
    with Ledger.open(stage / backup.DATA / "ledger.db") as ledger:
        gone = [
            RecordingExpired(at=now, recording=one.facts.recording, rule=RULE)
            for one in recordings(ledger.connection)
            if one.expired_at is None
            and one.erased_at is None
            and one.stored_at is not None
            and not _is_here(stage, one.facts.file)
        ]
        told = BoxReplaced(
            at=now, serial=changed.site.serial, before=about.serial, epoch=epoch, backup_at=about.made_at, head=about.head
        )
        ledger.append(told, *gone)
        ledger.connection.execute("DELETE FROM heartbeat")
        ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return epoch


def _is_here(stage: Path, file: str) -> bool:
    return (stage / backup.DATA / "recordings" / file).exists()


def with_site_setting(text: str, name: str, value: str) -> str:
    """The configuration with this setting of `[site]`; every other line stays as it is."""
    lines = text.split("\n")
    place = line_of(text, ("site", name))
    if place is not None and re.match(rf"\s*(site\s*\.\s*)?{name}\s*=", lines[place - 1]):
        head, _, rest = lines[place - 1].partition("=")
        comment = re.search(r"\s#[^\"']*$", rest)
        lines[place - 1] = f"{head.rstrip()} = {value}{comment[0] if comment else ''}"
    elif place is not None:
        lines.insert(place, f"{name} = {value}")
    elif re.search(r"^\s*site\s*\.", text, re.MULTILINE):  # written as site.name = …, which must come before the first table
        lines.insert(0, f"site.{name} = {value}")
    else:
        lines[0:0] = ["[site]", f"{name} = {value}"]
    return "\n".join(lines)


def _catch_up(box: Box, identities: Sequence[Identity], clock: Clock, done: Replaced) -> None:
    with Ledger.open(box.folders.ledger) as ledger:
        for entry in importlib.metadata.entry_points(group=GROUP):
            try:
                count, problems = entry.load()(box, ledger, identities, clock)
                done.told_again += count
                done.problems += problems
            except CouldNotError as error:
                done.problems.append(f"{entry.name}: {error}")
