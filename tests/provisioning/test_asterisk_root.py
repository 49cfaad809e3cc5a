"""Asterisk in a root of its own: a new one is tried on the box's own files before it counts, and what does not work changes nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from appliance import shelf
from appliance.errors import CouldNotError
from provisioning import asterisk_root as roots
from provisioning.exchange import apply, folder_of
from tests import needs
from tests.bed.asterisk import UnavailableError, installed
from tests.bed.switchboard import BOXES
from tests.provisioning.test_exchange import box_of


def fake(name: str) -> roots.Make:
    """Makes something that holds a program."""
    return lambda folder: shelf.write(folder / "usr/sbin/asterisk", name.encode())


def name_of(root: Path) -> str:
    return (root / "usr/sbin/asterisk").read_text()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> roots.Place:
    """A box on which none of these roots runs."""
    monkeypatch.setattr(roots, "version", name_of)
    monkeypatch.setattr(roots, "attempt", lambda place, root: None)
    monkeypatch.setattr(roots, "account", lambda root: (os.geteuid(), os.getegid()))
    return roots.place_of(tmp_path)


def test_the_new_root_counts_in_one_step_and_the_one_before_it_can_be_taken_back(place: roots.Place) -> None:
    assert not place.is_there
    for name in ("one", "two", "three"):
        assert roots.install(place, fake(name)) == name
    assert (name_of(place.root), name_of(place.previous)) == ("three", "two")
    assert roots.take_back(place) == "two"
    assert (name_of(place.root), name_of(place.previous)) == ("two", "three")
    assert sorted(path.name for path in place.folder.iterdir()) == ["etc", "lib", "log", "previous", "spool", "tree"]


def test_a_root_that_fails_its_trial_is_gone_again_and_nothing_changes(place: roots.Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CouldNotError, match="there is no root before this one"):
        roots.take_back(place)
    roots.install(place, fake("one"))

    def fails(place: roots.Place, root: Path) -> None:
        raise CouldNotError("it does not get ready")

    monkeypatch.setattr(roots, "attempt", fails)
    with pytest.raises(CouldNotError, match="it does not get ready"):
        roots.install(place, fake("two"))
    assert name_of(place.root) == "one"
    assert not (place.folder / "next").exists()


def test_a_root_in_which_people_still_speak_is_not_taken_away(place: roots.Place, monkeypatch: pytest.MonkeyPatch) -> None:
    running = place.folder.parent / "pid"
    shelf.write(running, str(os.getpid()).encode())
    for name in ("one", "two", "three"):
        roots.install(place, fake(name), running)
    monkeypatch.setattr(os.path, "samestat", lambda one, other: True)
    with pytest.raises(CouldNotError, match="still runs, since people speak"):
        roots.install(place, fake("four"), running)
    assert name_of(place.root) == "three"


@pytest.mark.parametrize(
    ("said", "good"), [("22.10.1", True), ("22.11.0", True), ("22.9.3", False), ("23.0.1", False), ("x", False)]
)
def test_only_a_version_that_has_all_three_guards_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, good: bool
) -> None:
    monkeypatch.setattr(roots, "_run", lambda *words: f"Asterisk {said}~dfsg\n")
    if good:
        assert said in roots.version(tmp_path)
        return
    with pytest.raises(CouldNotError, match=r"is not what this box needs; it takes 22\.x from 22\.10\.1 on"):
        roots.version(tmp_path)


def test_an_archive_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(CouldNotError, match=r"root\.tar: cannot be unpacked"):
        roots.install(roots.place_of(tmp_path), roots.from_archive(tmp_path / "root.tar"))


@needs.root
@needs.namespaces()
@needs.program("mmdebstrap", "unshare")
def test_the_real_asterisk_is_tried_on_the_boxs_files_and_one_that_cannot_read_them_is_not_taken(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    box = box_of(tmp_path)
    place = roots.place_of(tmp_path)
    try:
        debian = installed()
    except UnavailableError as error:
        pytest.skip(str(error))
    request.addfinalizer(lambda: shutil.rmtree(place.root, ignore_errors=True))
    assert roots.install(place, roots.from_archive(debian)).startswith("Asterisk 22.")
    assert folder_of(box) == place.etc
    done = apply(box, folder_of(box))
    assert "extensions.conf" in done.written
    assert "does not run" in done.silent
    assert [one for one in roots.complaints(place, place.root) if "music" not in one] == [], "the box's music lies elsewhere"
    assert sorted(path.name for path in place.etc.iterdir()) == sorted(
        path.name for path in (BOXES / "all" / "asterisk").iterdir()
    ), "the trial writes nothing"
    shelf.write(place.etc / "modules.conf", b"[modules]\nautoload = no\nrequire = gone.so\n")
    with pytest.raises(CouldNotError, match=r"does not get ready"):
        roots.attempt(place, place.root)
