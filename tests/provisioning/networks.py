"""Golden boxes: a configuration in `tests/networks/CASE/appliance.toml` and the files it means, below `files/SUBJECT`.

`APPLIANCE_WRITE_GOLDEN=1` writes them anew; read the difference before it is committed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from appliance.config import Config, Source, parse

FOLDER = Path(__file__).parents[1] / "networks"
CASES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def config(case: str) -> Config:
    """The case's configuration."""
    path = FOLDER / case / "appliance.toml"
    return parse(Source(str(path), path.read_text("utf-8")))


def golden(case: str, subject: str, files: Mapping[str, str]) -> None:
    """AssertionError where these are not the files of the case."""
    below = FOLDER / case / "files" / subject
    if os.environ.get("APPLIANCE_WRITE_GOLDEN"):
        shutil.rmtree(below, ignore_errors=True)
        for name, text in files.items():
            path = below / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    there = {f"/{path.relative_to(below).as_posix()}": path.read_text("utf-8") for path in below.rglob("*") if path.is_file()}
    assert dict(files) == there
