"""What a test needs besides Python, each as a mark that says what is missing: root, programs, namespaces, the shared captures."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from capture.walk import Twin, fastest
from tests.bed import lan

ABSENT = "../shared is absent"
SHARED = Path(__file__).resolve().parents[2] / "shared"
PCAPS = SHARED / "pcaps"
CHROMIUM = "/usr/bin/chromium"

shared = pytest.mark.skipif(not PCAPS.is_dir(), reason=ABSENT)
root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def program(*names: str) -> pytest.MarkDecorator:
    """These programs are installed."""
    missing = [name for name in names if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)} (see tests/debian-packages.txt)")


def namespaces() -> pytest.MarkDecorator:
    """Network namespaces can be made here."""
    why = lan.possible()
    return pytest.mark.skipif(bool(why), reason=why or "-")


def core() -> bool:
    """Whether the hot path in C was built; it is wherever there is a compiler, and `make test` as root installs one."""
    return not isinstance(fastest(), Twin)
