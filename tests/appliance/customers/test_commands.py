"""The customer book is worked without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.cli import main


def test_find_import_undo_export_and_erase(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def customers(*words: str, code: int = 0) -> str:
        assert main(["customers", *words, "--data", str(tmp_path / "var")]) == code
        return capsys.readouterr().out

    table = tmp_path / "list.csv"
    table.write_bytes("名前,電話番号\r\n髙橋,090-1111-2222\r\n,06-1\r\n".encode("cp932"))
    assert "1 made" in customers("import", str(table), "--dry-run", code=4)
    assert customers("find") == ""
    said = customers("import", str(table), code=4)
    assert "cp932: 名前 = name, 電話番号 = number" in said
    assert "row 3" in said
    assert "髙橋\t\t\t09011112222" in customers("find", "１１１１")
    assert "髙橋" in customers("export")
    batch = said.split("undo ")[1].split("`")[0]
    assert customers("undo", batch).startswith("1 entries are as before")
    customers("import", str(table), "--columns", "name,number", code=4)
    assert customers("erase", "--number", "090-1111-2222").startswith("1 entries")
    assert customers("find") == ""
    customers("import", str(table), "--columns", "name,shoe", code=2)
    customers("import", str(tmp_path / "nothing.csv"), code=2)
