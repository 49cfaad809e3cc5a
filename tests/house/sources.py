"""The source files of the house, read once."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("appliance", "capture", "uploader", "ivr_flows", "provisioning")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def name_of(source: Path) -> str:
    """The path below the project."""
    return source.relative_to(ROOT).as_posix()


@cache
def tree_of(source: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(source.read_text("utf-8"))


@cache
def tracked() -> list[Path]:
    """Every file that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]
