"""From the command line: a backup, its way to the store and back, and a spare box that goes on with it."""

from __future__ import annotations

from pathlib import Path

from appliance.box import Box
from tests.bed.program import appliance
from tests.provisioning.made import chain, old_box


def test_a_backup_goes_to_the_store_and_makes_a_spare_box_the_old_one(tmp_path: Path) -> None:
    old = old_box(tmp_path, 1)
    old.stores()
    key = tmp_path / "customer.key"
    key.touch(0o600)
    key.write_text(old.customer.secret() + "\n")
    said = appliance("provisioning", "backup", "-o", tmp_path / "b.tar.age", "--data", old.data)
    assert said.out == f"{tmp_path}/b.tar.age: box OLD-1, epoch 3, 1 recordings known\n"
    refused = appliance("provisioning", "replace", "--from", tmp_path / "b.tar.age", "--data", tmp_path / "spare", code=2)
    assert "name the key that opens the backup" in refused.sentence
    (tmp_path / "spare").mkdir()
    said = appliance(
        "provisioning", "replace", "--from", tmp_path / "b.tar.age", "--identity", key, "--data", tmp_path / "spare"
    )  # fmt: skip
    assert said.out.startswith("this box is OLD-1 now, epoch 4; ")
    assert chain(Box.at(tmp_path / "spare")) == old.chain()


def test_without_recipients_the_night_has_no_backup_and_says_why(tmp_path: Path) -> None:
    appliance("provisioning", "prepare", "--data", tmp_path / "var")
    said = appliance("provisioning", "backup", "--data", tmp_path / "var", code=4)
    assert "a backup that only this box can open is none" in said.sentence
