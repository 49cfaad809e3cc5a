"""A spare box becomes the old one, whole or not at all: ids and chain go on, and what was stored after the backup is told again."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from appliance import schema
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.config import Source, parse
from appliance.ledger import Ledger
from appliance.records import BoxReplaced
from provisioning import backup, replace
from provisioning.backup import BackupError
from provisioning.replace import Wish, with_site_setting
from tests.fakes.clock import START
from tests.provisioning.made import Old, chain, old_box

CLOCK = SystemClock()


@pytest.fixture
def old(tmp_path: Path) -> Old:
    """A box with two stored recordings, backed up, that recorded and stored a third one afterwards."""
    found = old_box(tmp_path, 1, 2)
    found.stores()
    backup.make(found.box, START, tmp_path / "b.tar.age")
    found.records(3)
    found.stores()
    return found


def spare(tmp_path: Path) -> Box:
    """A box that was just unpacked."""
    (tmp_path / "spare").mkdir(exist_ok=True)
    return Box.at(tmp_path / "spare")


def replaced(old: Old, tmp_path: Path, **more: Any) -> replace.Replaced:
    return replace.replace(spare(tmp_path), Wish(source=tmp_path / "b.tar.age", **more), [old.customer], CLOCK)


def test_ids_and_chain_go_on_with_what_was_stored_after_the_backup(old: Old, tmp_path: Path) -> None:
    done = replaced(old, tmp_path, serial="NEW-9")
    assert (done.told_again, done.problems, done.epoch) == (1, [], 4)
    box = spare(tmp_path)
    assert chain(box) == old.chain() and len(old.chain()) == 3
    assert (box.config.site.serial, box.config.site.epoch, box.config.site.contract) == ("NEW-9", 4, "C1")
    assert (box.folders.keys / "box.key").read_bytes() == (old.data / "keys/box.key").read_bytes()
    new = Old(box, old.customer)
    new.records(4)
    new.stores()
    assert [number for number, _, _ in new.chain()] == [1, 2, 3, 4]
    assert {path.parts[-5] for path in (tmp_path / "store").rglob("*.flac.age")} == {"3", "4"}, "two epochs never share a name"


def test_it_is_written_down_and_local_copies_are_said_to_be_gone(old: Old, tmp_path: Path) -> None:
    replaced(old, tmp_path)
    with Ledger.open(spare(tmp_path).folders.ledger) as ledger:
        row = ledger.latest(BoxReplaced)
        left = ledger.connection.execute("SELECT count(*) FROM recording WHERE expired_at IS NULL").fetchone()[0]
    assert row is not None and isinstance(row.record, BoxReplaced)
    assert (row.record.before, row.record.epoch, row.record.head) == ("OLD-1", 4, 2)
    assert left == 0


def test_from_the_old_disk_comes_what_was_still_in_the_outbox(tmp_path: Path) -> None:
    old = old_box(tmp_path, 1, 2)
    box = spare(tmp_path)
    replace.replace(box, Wish(source=old.data), [], CLOCK)
    box = spare(tmp_path)
    assert chain(box) == old.chain()
    assert Old(box, old.customer).stores() == 2


def test_a_box_that_recorded_calls_of_its_own_is_refused(old: Old, tmp_path: Path) -> None:
    other = old_box(tmp_path / "other", 7)
    before = tree(other.data)
    with pytest.raises(BackupError, match="has recorded calls of its own; wipe it first"):
        replace.replace(other.box, Wish(source=tmp_path / "b.tar.age"), [old.customer], CLOCK)
    assert tree(other.data) == before


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".db-shm", ".db-wal", ".lock")
    }


@pytest.mark.parametrize("damage", ["cut", "flip", "key", "newer", "larger"])
def test_what_cannot_be_taken_leaves_the_spare_box_as_it_was(
    old: Old, tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, box = tmp_path / "b.tar.age", spare(tmp_path)
    before = tree(box.folders.data)
    body, identity = bytearray(path.read_bytes()), old.customer
    if damage == "cut":
        path.write_bytes(body[: len(body) - 100])
    elif damage == "flip":
        body[len(body) * 2 // 3] ^= 4
        path.write_bytes(body)
    elif damage == "key":
        identity = type(identity).new("other")
    elif damage == "newer":
        monkeypatch.setattr(schema, "VERSION", schema.VERSION - 1)
    else:
        about = backup.look(path, [identity])
        monkeypatch.setattr(backup, "look", lambda *_: type(about)(**{**as_dict(about), "disk_bytes": 10**18}))
    with pytest.raises(BackupError) as found:
        replace.replace(box, Wish(source=path), [identity], CLOCK)
    assert "\n" not in str(found.value)
    assert {name: body for name, body in tree(box.folders.data).items() if not name.startswith(".replace/")} == before
    assert replace.finish(box) is False, "nothing half-done is finished later"


def as_dict(about: backup.About) -> dict[str, Any]:
    return {name: getattr(about, name) for name in about.__slots__}


def test_a_smaller_disk_is_taken_where_somebody_says_so(old: Old, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = backup.look(tmp_path / "b.tar.age", [old.customer])
    monkeypatch.setattr(backup, "look", lambda *_: type(about)(**{**as_dict(about), "disk_bytes": 10**18}))
    assert replaced(old, tmp_path, smaller_disk=True).problems == []


@pytest.mark.parametrize("renames", range(1, 8, 2))
def test_whoever_dies_while_moving_is_continued(old: Old, tmp_path: Path, renames: int) -> None:
    box = spare(tmp_path)
    stage = box.folders.data / replace.STAGE
    stage.mkdir(parents=True)
    about = backup.unpack(tmp_path / "b.tar.age", [old.customer], stage)
    config = replace._check(stage, about)
    replace._adopt(stage, about, config, Wish(source=tmp_path / "b.tar.age"), START)
    (stage / replace.COMPLETE).touch()
    names = sorted(path.name for path in (stage / "data").iterdir())
    for name in names[:renames]:
        (stage / "data" / name).rename(box.folders.data / name)
    assert replace.finish(box)
    assert len(chain(spare(tmp_path))) == 2 and not stage.exists()
    assert spare(tmp_path).config.site.epoch == 4


def test_without_a_key_the_store_is_not_told_again_and_that_is_said(tmp_path: Path) -> None:
    old = old_box(tmp_path, 1)
    done = replace.replace(spare(tmp_path), Wish(source=old.data), [], CLOCK)
    assert done.told_again == 0 and "no key opens its manifests" in done.problems[0]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('[site]\nname = "x"\nepoch = 3 # note\n[web]\nport = 1\n', "# note"),
        ('[site]\nname = "x"\n[web]\nport = 1\n', 'name = "x"'),
        ("[web]\nport = 1\n", "port = 1"),
        ("", ""),
        ('site.name = "x"\n[web]\nport = 1\n', 'site.name = "x"'),
        ("site.epoch = 3\n", ""),
        ("# epoch = 9\n[web]\nport = 1\n[site]\n  epoch=3\n", "# epoch = 9"),
    ],
)
def test_one_setting_of_the_site_is_changed_and_the_rest_stays(text: str, kept: str) -> None:
    changed = with_site_setting(text, "epoch", "4")
    assert parse(Source("x", changed)).site.epoch == 4
    assert kept in changed
    before, after = tomllib.loads(text), tomllib.loads(changed)
    for found in (before, after):
        found.get("site", {}).pop("epoch", None)
    assert {name: value for name, value in after.items() if value} == before or after == before
