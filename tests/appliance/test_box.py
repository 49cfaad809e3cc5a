"""One box as a command sees it: the folder and the configuration that were named, or one sentence that says what is wrong."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from appliance.box import Box, read
from appliance.config import Config
from appliance.errors import ConfigError, UsageError

TOKYO = '[site]\nname = "東京店"\n'
OSAKA = '[site]\nname = "大阪店"\n'


def test_a_folder_that_is_not_there_yet_is_an_empty_box_with_the_defaults(tmp_path: Path) -> None:
    box = Box.at(tmp_path / "var")
    assert box.config == Config()
    assert box.source.name == "(defaults)"
    assert not (tmp_path / "var").exists()


def test_the_configuration_that_lies_in_the_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text(TOKYO, "utf-8")
    box = Box.at(tmp_path)
    assert box.config.site.name == "東京店"
    assert box.source.name == str(tmp_path / "appliance.toml")


def test_a_configuration_that_is_named_counts_more(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text(TOKYO, "utf-8")
    (tmp_path / "other.toml").write_text(OSAKA, "utf-8")
    arguments = argparse.Namespace(data=tmp_path, config=tmp_path / "other.toml")
    assert Box.of(arguments).config.site.name == "大阪店"


def test_without_a_folder_the_box_is_var_in_the_present_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "appliance.toml").write_text(TOKYO, "utf-8")
    box = Box.of(argparse.Namespace(data=None, config=None))
    assert (box.folders.data, box.config.site.name) == (Path("var"), "東京店")


def test_the_systems_folder_has_its_bells_under_run(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("")
    assert Box.at(Path("/var/lib/appliance"), tmp_path / "empty.toml").folders.run == Path("/run/appliance")


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"--data .*file: is a file; name a folder"):
        Box.at(tmp_path / "file")


@pytest.mark.parametrize("name", ["missing.toml", "folder", "file/appliance.toml"])
def test_a_configuration_that_cannot_be_read_is_named_with_a_mend(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=rf"{name}: cannot be read \(.+\); name another file with --config"):
        read(tmp_path / name)


def test_a_configuration_in_shift_jis_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_bytes('[site]\nname = "東京店"\n'.encode("shift-jis"))
    with pytest.raises(ConfigError, match=r"is not UTF-8 \(byte 15\); save it as UTF-8"):
        read(tmp_path / "appliance.toml")


def test_a_mistake_names_the_file_and_the_line(tmp_path: Path) -> None:
    file = tmp_path / "appliance.toml"
    file.write_text("[web]\n\nport = 'a'\n")
    with pytest.raises(ConfigError, match=f"^{file}:3: web.port: "):
        Box.at(tmp_path)


def test_a_pipe_may_be_the_configuration() -> None:
    reader, writer = os.pipe()
    os.write(writer, TOKYO.encode())
    os.close(writer)
    config, _ = read(Path(f"/dev/fd/{reader}"))
    os.close(reader)
    assert config.site.name == "東京店"
