"""One new thing, one new file: a file that is put into the folder is a member, under its own name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import registry


@pytest.fixture
def kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An importable folder of kinds."""
    folder = tmp_path / "kinds_of_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "tape.py").write_text("WORD = 'tape'\n")
    (folder / "disk.py").write_text("WORD = 'disk'\n")
    (folder / "_shared.py").write_text("raise RuntimeError('never loaded')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("kinds_of_test")]:
        del sys.modules[name]


@pytest.mark.usefixtures("kinds")
def test_every_file_is_a_member_but_those_with_an_underscore() -> None:
    assert registry.names("kinds_of_test") == ("disk", "tape")


@pytest.mark.usefixtures("kinds")
def test_a_member_is_found_by_the_word_in_the_configuration() -> None:
    assert registry.load("kinds_of_test", "tape").WORD == "tape"
    assert {name: module.WORD for name, module in registry.members("kinds_of_test").items()} == {"disk": "disk", "tape": "tape"}


@pytest.mark.usefixtures("kinds")
@pytest.mark.parametrize("word", ["cloud", "", "_shared", "tape.more", "../tape", "__init__"])
def test_an_unknown_word_is_answered_with_those_that_exist(word: str) -> None:
    with pytest.raises(KeyError, match="disk, tape"):
        registry.load("kinds_of_test", word)


def test_a_folder_inside_is_a_member_too(kinds: Path) -> None:
    (kinds / "cloud").mkdir()
    (kinds / "cloud" / "__init__.py").write_text("WORD = 'cloud'\n")
    assert registry.load("kinds_of_test", "cloud").WORD == "cloud"
