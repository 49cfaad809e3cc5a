"""The vault's benchmark runs from end to end and fills its tables; its figures are judged by people, never here."""

from __future__ import annotations

import shutil

from benchmarks import vault
from tests.bed.deliveries import name_of


def test_every_table_is_filled() -> None:
    found = list(vault.lines(scale=0.004))
    rows = [line for line in found if line.startswith("| ") and "---" not in line]
    assert not [row for row in rows if "| – |" in row], rows
    text = "\n".join(rows)
    for name in ("ours (streaming)", "| ours |", "first upload claimed"):
        assert name in text
    if shutil.which("apt-get"):
        assert "rclone copy, crypt" in text


def test_made_names_are_all_different_and_look_like_ids() -> None:
    names = {name_of(number) for number in range(2000)}
    assert len(names) == 2000
    assert all(len(name) == 16 for name in names)
