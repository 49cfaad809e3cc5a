"""The Debian package, built as `make deb` builds it, and packed again as other versions: a newer one, and one that does not work."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.bed.debian import CACHE

ROOT = Path(__file__).resolve().parents[2]
SITE = "usr/lib/appliance/lib/python3.11/site-packages"
BUILD_S = 600.0


@cache
def built() -> Path:
    """The package of the sources as they were when the tests began; it is built first where they changed."""
    place = CACHE / "package"
    stamp = place / "sources.sha256"
    now = _fingerprint()
    found = sorted(place.glob("*.deb"))
    if not found or not stamp.exists() or stamp.read_text() != now:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        subprocess.run(
            ["sh", str(ROOT / "provisioning/debian/build.sh"), sys.executable, str(place)], check=True, timeout=BUILD_S,
            capture_output=True,
        )  # fmt: skip
        stamp.write_text(now)
        found = sorted(place.glob("*.deb"))
    return found[0]


def version(number: str, folder: Path, *, broken: bool = False) -> Path:
    """The same package under another version; `broken`: it changes the ledger so that the old one cannot read it, and cannot start."""
    tree = folder / f"tree-{number}"
    subprocess.run(["dpkg-deb", "--raw-extract", str(built()), str(tree)], check=True)
    _change(tree / "DEBIAN/control", "Version: ", f"Version: {number}")
    _change(tree / SITE / "appliance/__init__.py", "__version__ = ", f'__version__ = "{number}"')
    if broken:
        _change(tree / SITE / "appliance/schema.py", "VERSION = ", "VERSION = 99")
        _change(tree / SITE / "uploader/worker.py", "KIND = ", 'raise RuntimeError("this version does not work")')
    for compiled in [*(tree / SITE).glob("appliance/__pycache__/*.pyc"), *(tree / SITE).glob("uploader/__pycache__/*.pyc")]:
        compiled.unlink()  # they are believed unchecked
    (tree / "DEBIAN/md5sums").unlink()
    package = folder / f"appliance_{number}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(package)], check=True, capture_output=True
    )
    shutil.rmtree(tree)
    return package


def _change(path: Path, beginning: str, line: str) -> None:
    lines = path.read_text("utf-8").splitlines()
    place = next(number for number, found in enumerate(lines) if found.startswith(beginning))
    path.write_text("\n".join([*lines[:place], line, *lines[place + 1 :], ""]), "utf-8")


def _fingerprint() -> str:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "appliance", "capture", "uploader", "ivr_flows",
         "provisioning", "systemd", "setup.cfg", "setup.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    digest = hashlib.sha256()
    for name in listed:
        if (ROOT / name).is_file():
            digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()
