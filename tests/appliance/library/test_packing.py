"""The janitor packs what was asked for: whole, checkable, sealed, and without what others are called or wrote."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

from appliance import keys
from appliance.library import disclosure
from appliance.library.packing import Packing
from appliance.records import Exported, Listened, RecordingHeld
from tests.appliance.furnished import Furnished


def ask(own: Furnished) -> str:
    with own.ledger() as ledger:
        name = own.recording("inbound").facts.recording
        ledger.append(
            Listened(at=own.now - 9, recording=name, who="suzuki", where="console"),
            RecordingHeld(at=own.now - 5, recording=name, held=True, who="tanaka", why="quarrel with yamada"),
        )
        found = [one for one in disclosure.choices(own.box, ledger, "090-1234-5678") if one.call.id == own.calls["inbound"]]
        return disclosure.ask(ledger, found, "chief", "request 12", own.now)


def packed(own: Furnished, package: str) -> bytes:
    with own.ledger() as ledger:
        Packing(own.box, ledger, own.clock()).step()
        identities = [keys.playback_identity(own.box.folders.keys, own.now)]
        with disclosure.fetched(own.box, ledger, package, identities, "chief", own.now) as pieces:
            return b"".join(pieces)


def test_it_can_be_checked_by_a_stranger_and_names_nobody_else(own: Furnished, tmp_path: Path) -> None:
    package = ask(own)
    archive = zipfile.ZipFile(io.BytesIO(packed(own, package)))
    archive.extractall(tmp_path)
    bag = tmp_path / f"disclosure-{package}"
    public = keys.signing_public(own.box.folders.keys)
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "--key", str(public)], cwd=bag, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    recording = own.recording("inbound").facts.recording
    assert (bag / "data" / recording / "audio.flac").read_bytes()[:4] == b"fLaC"
    assert own.recording("internal").facts.recording not in "\n".join(archive.namelist())
    assert "09012345678" in (bag / "data" / "calls.csv").read_text("utf-8-sig")
    everything = b"".join(path.read_bytes() for path in bag.rglob("*") if path.suffix in (".json", ".html", ".txt", ".csv"))
    for name in (b"suzuki", b"tanaka", b"yamada", b"chief"):
        assert name not in everything, name
    assert b"RecordingHeld" in everything, "that something was done is told"
    with own.ledger() as ledger:
        (row,) = [row.record for row in ledger.of(recording) if isinstance(row.record, Exported)]
    assert (row.who, row.why) == ("chief", "request 12")


def test_nothing_clear_stays_and_nothing_is_readable_on_the_disk(own: Furnished) -> None:
    package = ask(own)
    with own.ledger() as ledger:
        Packing(own.box, ledger, own.clock()).step()
    sealed = disclosure.sealed_file(own.box, package)
    assert sealed.read_bytes().startswith(b"age-encryption.org/v1") and b"fLaC" not in sealed.read_bytes()
    assert not list(own.box.folders.run.glob("*disclosure*"))


def test_what_cannot_be_packed_is_kept_with_its_reason(own: Furnished) -> None:
    package = ask(own)
    own.sealed("inbound").rename(own.sealed("inbound").with_suffix(".away"))
    with own.ledger() as ledger:
        Packing(own.box, ledger, own.clock()).step()
        (one,) = disclosure.packages(own.box, ledger.connection, 0)
    assert (one.id, one.state) == (package, "failed") and "its local copy is gone" in one.error


def test_a_package_that_nobody_fetches_goes(own: Furnished) -> None:
    import os

    package = ask(own)
    with own.ledger() as ledger:
        Packing(own.box, ledger, own.clock()).step()
        path = disclosure.sealed_file(own.box, package)
        os.utime(path, (0, 0))
        Packing(own.box, ledger, own.clock()).step()
    assert not path.exists()
