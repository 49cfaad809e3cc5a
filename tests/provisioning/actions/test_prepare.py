"""`provisioning prepare` says what is there; `copy-ledger` copies."""

from __future__ import annotations

from pathlib import Path

from tests.bed.program import appliance


def test_the_box_is_prepared_and_its_ledger_copied(tmp_path: Path) -> None:
    data = tmp_path / "var"
    assert "signing key " in appliance("provisioning", "prepare", "--data", data).out
    appliance("provisioning", "copy-ledger", tmp_path / "copy.db", "--data", data)
    assert (tmp_path / "copy.db").stat().st_size > 0
    appliance("provisioning", "copy-ledger", tmp_path / "again.db", "--from", tmp_path / "copy.db", "--data", data)
    assert "there is no ledger" in appliance(
        "provisioning", "copy-ledger", tmp_path / "x.db", "--from", tmp_path / "none.db", "--data", data, code=4
    ).sentence  # fmt: skip
