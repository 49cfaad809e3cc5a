"""A backup holds the box without its recordings, opens with the customer's key alone, and anything else is one sentence."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import tarfile
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.records import Changed
from appliance.sealed import open_sealed, seal
from provisioning import backup
from provisioning.backup import BackupError
from tests.fakes.clock import START
from tests.provisioning.made import Old, old_box


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Old:
    return old_box(tmp_path_factory.mktemp("shared"), 1, 2)


@pytest.fixture
def old(shared: Old, tmp_path: Path) -> Old:
    return shared.copy(tmp_path / "own")


def unpacked(path: Path, old: Old, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    backup.unpack(path, [old.customer], folder)
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_it_holds_configuration_keys_and_ledger_and_no_recording(old: Old, tmp_path: Path) -> None:
    (old.data / "flows/main/revisions/1").mkdir(parents=True)
    (old.data / "flows/main/live").write_text("1")
    about = backup.make(old.box, START, tmp_path / "b.tar.age")
    held = unpacked(tmp_path / "b.tar.age", old, tmp_path / "there")
    assert held["config/appliance.toml"] == (old.data / "appliance.toml").read_bytes()
    for name in ("keys/box.key", "keys/playback.key", "flows/main/live"):
        assert held[f"data/{name}"] == (old.data / name).read_bytes()
    assert not [name for name in held if "recordings" in name or "spool" in name or name.endswith(".part")]
    assert (about.serial, about.epoch, about.head, about.contract) == ("OLD-1", 3, 2, "C1")
    assert not list(old.data.glob(".backup-*")), "the ledger's copy is gone"


def test_what_the_office_brought_and_its_telephones_set_comes_along_and_asterisk_itself_does_not(old: Old, tmp_path: Path) -> None:
    wanted = {
        "prompts/welcome.wav", "prompts/rendered/k-1.wav16", "holidays/syukujitsu.csv", "asterisk/lib/astdb.sqlite3",
        "asterisk/spool/voicemail/default/201/INBOX/msg0000.wav", "messages/main/x.wav.age",
    }  # fmt: skip
    for name in (
        *wanted,
        "asterisk/tree/usr/sbin/asterisk",
        "asterisk/previous/etc/x",
        "asterisk/etc/pjsip.conf",
        "asterisk/log/x",
    ):
        (old.data / name).parent.mkdir(parents=True, exist_ok=True)
        (old.data / name).write_text(name)
    backup.make(old.box, START, tmp_path / "b.tar.age")
    held = unpacked(tmp_path / "b.tar.age", old, tmp_path / "there")
    assert {name.removeprefix("data/") for name in held if "asterisk" in name or "prompts" in name} | wanted == wanted
    assert all(held[f"data/{name}"] == name.encode() for name in wanted)


def test_the_ledger_in_it_is_whole_while_the_box_writes(old: Old, tmp_path: Path) -> None:
    with old.ledger() as ledger:
        ledger.append(Changed(at=1, thing="x", who="me", what="before", why=""))
        with ledger.transaction() as connection:
            connection.execute("INSERT INTO attempt VALUES ('half', 1, 1)")
            backup.make(old.box, START, tmp_path / "b.tar.age")
    unpacked(tmp_path / "b.tar.age", old, tmp_path / "there")
    with Ledger.open(tmp_path / "there/data/ledger.db") as copy:
        assert copy.latest(Changed, "x") is not None
        assert copy.connection.execute("SELECT count(*) FROM attempt").fetchone()[0] == 0, "what was not committed is not in it"


def test_the_age_tool_opens_it(old: Old, tmp_path: Path) -> None:
    backup.make(old.box, START, tmp_path / "b.tar.age")
    (tmp_path / "k").write_text(old.customer.secret())
    done = subprocess.run(["age", "-d", "-i", "k", "b.tar.age"], cwd=tmp_path, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        assert archive.getnames()[:2] == ["about.json", "config/appliance.toml"]


def test_the_box_itself_cannot_open_it(old: Old, tmp_path: Path) -> None:
    from appliance.keys import load_identities

    backup.make(old.box, START, tmp_path / "b.tar.age")
    with pytest.raises(BackupError, match="no key"):
        backup.look(tmp_path / "b.tar.age", load_identities(old.data / "keys/playback.key"))


def test_without_a_recipient_there_is_none(tmp_path: Path) -> None:
    box = Box.at(tmp_path / "var")
    Ledger.open(box.folders.ledger).close()
    with pytest.raises(BackupError, match="a backup that only this box can open is none"):
        backup.make(box, START, tmp_path / "b.tar.age")
    assert not (tmp_path / "b.tar.age").exists()


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_a_damaged_one_is_refused_in_one_sentence(old: Old, tmp_path: Path, place: float, damage: str) -> None:
    path = tmp_path / "b.tar.age"
    backup.make(old.box, START, path)
    body = bytearray(path.read_bytes())
    where = int(len(body) * place)
    if damage == "flip":
        body[where] ^= 1
    path.write_bytes(body if damage == "flip" else body[:where])
    (tmp_path / "there").mkdir()
    with pytest.raises(BackupError, match=r"b\.tar\.age: ") as found:
        backup.unpack(path, [old.customer], tmp_path / "there")
    assert "\n" not in str(found.value)


def sealed_tar(old: Old, path: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w|") as archive:
        for entry, body in entries:
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    path.write_bytes(seal(plain.getvalue(), [old.customer.recipient]))


ABOUT = {"layout": 1, "version": "9", "schema": 1, "contract": "c", "serial": "s", "epoch": 1, "made_at": 1, "head": 0,
         "disk_bytes": 1, "bytes": 1}  # fmt: skip


def test_one_of_another_layout_names_the_version_that_reads_it(old: Old, tmp_path: Path) -> None:
    sealed_tar(old, tmp_path / "b", (tarfile.TarInfo("about.json"), json.dumps({**ABOUT, "layout": 2}).encode()))
    with pytest.raises(BackupError, match=r"is a backup of layout 2, this version reads 1; install version 9"):
        backup.look(tmp_path / "b", [old.customer])


@pytest.mark.parametrize("name", ["../out", "/etc/passwd", "data/../../out"])
def test_nothing_is_written_outside_of_the_folder(old: Old, tmp_path: Path, name: str) -> None:
    about = (tarfile.TarInfo("about.json"), json.dumps(ABOUT).encode())
    sealed_tar(old, tmp_path / "b", about, (tarfile.TarInfo(name), b"evil"))
    (tmp_path / "deep/there").mkdir(parents=True)
    with pytest.raises(BackupError, match="which no backup of ours does"):
        backup.unpack(tmp_path / "b", [old.customer], tmp_path / "deep/there")
    assert not list((tmp_path / "deep").rglob("out"))


def test_a_link_in_it_is_refused(old: Old, tmp_path: Path) -> None:
    link = tarfile.TarInfo("data/keys")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    sealed_tar(old, tmp_path / "b", (tarfile.TarInfo("about.json"), json.dumps(ABOUT).encode()), (link, b""))
    (tmp_path / "there").mkdir()
    with pytest.raises(BackupError, match="which no backup of ours does"):
        backup.unpack(tmp_path / "b", [old.customer], tmp_path / "there")


@pytest.mark.parametrize("body", [b"", b"no tar at all" * 100, b"{}"])
def test_what_is_no_backup_is_said_to_be_none(old: Old, tmp_path: Path, body: bytes) -> None:
    (tmp_path / "b").write_bytes(seal(body, [old.customer.recipient]))
    with pytest.raises(BackupError):
        backup.look(tmp_path / "b", [old.customer])
    (tmp_path / "c").write_bytes(body)
    with pytest.raises(BackupError):
        backup.look(tmp_path / "c", [old.customer])


def test_the_nights_backup_is_queued_for_the_store(old: Old) -> None:
    path = backup.make_and_queue(old.box, START)
    assert path.name == "20260921T141320.tar.age"
    with old.ledger() as ledger:
        row = ledger.connection.execute("SELECT subject, body FROM job WHERE kind = ?", (backup.JOB,)).fetchone()
    assert row["subject"] == path.name and json.loads(row["body"])["file"] == path.name
    open_sealed(path.read_bytes(), [old.customer])


def test_yesterdays_backups_are_not_in_todays(old: Old, tmp_path: Path) -> None:
    backup.make_and_queue(old.box, START)
    backup.make(old.box, START, tmp_path / "b")
    assert not [name for name in unpacked(tmp_path / "b", old, tmp_path / "there") if "backups" in name]


def test_a_strangers_key_opens_nothing(old: Old, tmp_path: Path) -> None:
    backup.make(old.box, START, tmp_path / "b")
    with pytest.raises(BackupError, match="no key"):
        backup.look(tmp_path / "b", [Identity.new("stranger")])


def test_a_ledger_that_is_damaged_makes_no_backup(old: Old, tmp_path: Path) -> None:
    with sqlite3.connect(old.box.folders.ledger) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    body = bytearray(old.box.folders.ledger.read_bytes())
    body[4096 * 3 : 4096 * 6] = bytes(4096 * 3)
    old.box.folders.ledger.write_bytes(body)
    with pytest.raises(Exception, match=r"damaged|cannot be copied|opened"):
        backup.make(old.box, START, tmp_path / "b")
    assert not (tmp_path / "b").exists()
