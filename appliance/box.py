"""One box as a command sees it: its folders and its configuration, from `--data` and `--config`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from appliance import config
from appliance.errors import UsageError
from appliance.folders import SYSTEM_CONFIG, SYSTEM_DATA, Folders

DEFAULT_DATA = Path("var")


@dataclass(frozen=True, slots=True)
class Box:
    """Folders and configuration."""

    folders: Folders
    config: config.Config
    source: config.Source

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
        tree, source = config.read(file or (usual if usual.exists() else None))
        return cls(folders, tree, source)
