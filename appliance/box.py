"""One box as a command sees it: its folders and its configuration, from `--data` and `--config`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from appliance.config import Config, Source, parse
from appliance.errors import ConfigError, UsageError
from appliance.folders import SYSTEM_CONFIG, SYSTEM_DATA, Folders

DEFAULT_DATA = Path("var")


@dataclass(frozen=True, slots=True)
class Box:
    """Folders and configuration."""

    folders: Folders
    config: Config
    source: Source

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Box:
        """The box that these command-line arguments name. Raises UsageError or ConfigError."""
        return cls.at(arguments.data, arguments.config)

    @classmethod
    def at(cls, data: Path | None, file: Path | None = None) -> Box:
        """The box in this folder, with this configuration file or the one that lies in it."""
        folder = data or DEFAULT_DATA
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"--data {folder}: is a file; name a folder")
        system = folder.absolute() == SYSTEM_DATA
        folders = Folders.system() if system else Folders.below(folder)
        usual = SYSTEM_CONFIG if system else folder / "appliance.toml"
        tree, source = read(file or (usual if usual.exists() else None))
        return cls(folders, tree, source)


def read(path: Path | None) -> tuple[Config, Source]:
    """The configuration in this file; the defaults where `path` is None. Raises ConfigError."""
    if path is None:
        return Config(), Source("(defaults)", "")
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name another file with --config") from error
    source = Source(str(path), text)
    return parse(source), source
