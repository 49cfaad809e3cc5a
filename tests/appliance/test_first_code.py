"""The label's code is told once and kept as a hash; a second one makes the first void, and an ended one opens nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import first_code
from appliance.errors import UsageError
from appliance.folders import Folders


def test_a_code_is_told_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    folders = Folders.below(tmp_path)
    assert not first_code.exists(folders)
    code = first_code.make(folders)
    assert code not in (tmp_path / first_code.FILE).read_text()
    assert first_code.matches(folders, code)
    assert first_code.matches(folders, f" {code.lower().replace('-', ' ')} ")
    for wrong in ("", "AAAA-AAAA-AAAA", code[:-1], "x" * 5000):
        assert not first_code.matches(folders, wrong)
    with pytest.raises(UsageError, match="--again"):
        first_code.make(folders)
    other = first_code.make(folders, again=True)
    assert not first_code.matches(folders, code)
    first_code.end(folders)
    assert not first_code.matches(folders, other)


def test_a_damaged_file_opens_nothing(tmp_path: Path) -> None:
    folders = Folders.below(tmp_path)
    (tmp_path / first_code.FILE).write_text('{"salt": "zz"}')
    assert not first_code.matches(folders, "")
