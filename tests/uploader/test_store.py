"""The configured store is found by its name, with its own settings; what is wrong with them is said with file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.box import Box
from appliance.errors import ConfigError, CouldNotError
from uploader.source import Source
from uploader.store import MissingObjectError, StoreAgainError, StoreError, StoreRefusedError, open_store, read_options
from uploader.stores.folder import FolderStore


def configured(folder: Path, text: str) -> Box:
    folder.mkdir(exist_ok=True)
    (folder / "appliance.toml").write_text(text, "utf-8")
    return Box.at(folder)


def test_a_fresh_box_stores_in_its_own_folder(box: Box, tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(b"1")
    store = open_store(box)
    assert isinstance(store, FolderStore)
    store.put("v1/local/one", Source(path))
    assert (box.folders.store / "v1/local/one").read_bytes() == b"1"


def test_a_kind_that_does_not_exist_is_named_with_its_line_and_what_exists(tmp_path: Path) -> None:
    box = configured(tmp_path / "var", '\n\n[store]\nkind = "cloud"\n')
    with pytest.raises(ConfigError, match=r"appliance\.toml:4: store\.kind: 'cloud' is not one of folder, s3, sftp"):
        open_store(box)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ('kind = "folder"\n[store.options]\npaht = "/mnt"', r"store\.options\.paht"),
        ('kind = "folder"\n[store.options]\nmust_exist = "yes"', r"store\.options\.must_exist"),
        ('kind = "s3"', r"store\.options\.bucket"),
        ('kind = "s3"\n[store.options]\nbucket = "no spaces"', r"store\.options\.bucket"),
        ('kind = "s3"\n[store.options]\nbucket = "abc"\nendpoint = "s3.example"', r"store\.options\.endpoint"),
        ('kind = "s3"\n[store.options]\nbucket = "abc"\nread_seconds = 0', r"store\.options\.read_seconds"),
        ('kind = "s3"\n[store.options]\nbucket = "abc"\naws_secret_access_key = "x"', r"store\.options\.aws_secret_access_key"),
    ],
)
def test_a_wrong_option_is_named_with_its_field(tmp_path: Path, settings: str, field: str) -> None:
    box = configured(tmp_path / "var", f"[store]\n{settings}\n")
    with pytest.raises(ConfigError, match=rf"appliance\.toml:\d+: {field}: "):
        read_options(box)


@pytest.mark.parametrize("error", [StoreAgainError, StoreRefusedError, MissingObjectError])
def test_what_a_store_says_reaches_a_person_as_could_not(error: type[StoreError]) -> None:
    assert issubclass(error, CouldNotError)
    assert error("x").exit_code == 4


def test_later_may_say_how_much_later() -> None:
    assert (StoreAgainError("x", 5.0).wait, StoreAgainError("x").wait) == (5.0, None)
