"""Backups lie in the store under their moment, are listed and fetched; what the ledger does not know is told again from manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import lookup
from appliance.clock import SystemClock
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.records import BackupStored
from provisioning import backup
from tests.bed.program import appliance
from tests.fakes.clock import START
from tests.provisioning.made import Old, old_box
from uploader import backups, objects
from uploader.duties import Duties
from uploader.store import open_store

CLOCK = SystemClock()


@pytest.fixture
def old(tmp_path: Path) -> Old:
    found = old_box(tmp_path, 1, 2)
    found.stores()
    return found


def test_the_nights_backup_is_stored_and_read_back(old: Old, tmp_path: Path) -> None:
    path = backup.make_and_queue(old.box, START)
    with old.ledger() as ledger:
        assert Duties(old.box, ledger, CLOCK).one()
        row = ledger.latest(BackupStored, path.name)
    assert row is not None and isinstance(row.record, BackupStored)
    assert row.record.key.startswith("v1/C1/3/backups/20260921T141320-") and objects.is_backup(row.record.key)
    (listed,) = backups.listed(old.box, open_store(old.box))
    assert (listed.key, listed.size) == (row.record.key, path.stat().st_size)
    said = appliance("uploader", "backups", "-o", tmp_path / "fetched", "--data", old.data)
    assert row.record.key in said.out and (tmp_path / "fetched").read_bytes() == path.read_bytes()
    assert "is there already" in appliance("uploader", "backups", "-o", tmp_path / "fetched", "--data", old.data, code=2).sentence


def test_a_store_without_a_backup_says_so(old: Old, tmp_path: Path) -> None:
    said = appliance("uploader", "backups", "-o", tmp_path / "fetched", "--data", old.data, code=4)
    assert "there is no backup in the store" in said.sentence


def test_what_a_fresh_ledger_does_not_know_is_told_again_without_the_sound(old: Old, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "fresh.db") as ledger:
        assert backups.catch_up(old.box, ledger, [old.customer], CLOCK) == (2, [])
        found = list(lookup.recordings(ledger.connection))
        assert [one.facts.chain for one in found] == [chain for _, _, chain in old.chain()]
        assert all(one.stored_at and one.expired_at for one in found)
        assert backups.catch_up(old.box, ledger, [old.customer], CLOCK) == (0, []), "twice is once"


def test_a_manifest_that_does_not_open_is_a_named_problem(old: Old, tmp_path: Path) -> None:
    manifests = sorted((tmp_path / "store").rglob("*.json.age"))
    manifests[0].write_bytes(b"damaged")
    with Ledger.open(tmp_path / "fresh.db") as ledger:
        count, problems = backups.catch_up(old.box, ledger, [old.customer], CLOCK)
        assert count == 1 and len(problems) == 1 and ".json.age: " in problems[0]
        assert backups.catch_up(old.box, ledger, [Identity.new("other")], CLOCK)[0] == 0
