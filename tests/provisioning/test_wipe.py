"""After a wipe nothing of the recordings is on the disk, keys went first, and the certificate says so with the box's own signature."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance import keys, manifest, shelf
from appliance.doorbell import Doorbell
from appliance.records import RecordingHeld
from provisioning import wipe
from provisioning.wipe import WipeError, Wish, search
from tests import needs
from tests.bed import disks
from tests.fakes.clock import START
from tests.provisioning.made import Old, old_box

WISH = Wish(serial="OLD-1", who="technician", unstored=True)


@pytest.fixture
def old(tmp_path: Path) -> Old:
    return old_box(tmp_path, 1, 2)


def files(old: Old) -> list[str]:
    return sorted(path.relative_to(old.data).as_posix() for path in old.data.rglob("*") if path.is_file())


def test_nothing_is_left_and_the_certificate_is_signed_by_the_box(old: Old) -> None:
    public, there = keys.signing_public(old.data / "keys"), len(files(old))
    certificate = wipe.wipe(old.box, WISH, START)
    assert not list(old.data.iterdir())
    manifest.check_signature(certificate.chain, certificate.signature, public or "", manifest.WIPE)
    told = certificate.facts
    assert (told["serial"], told["contract"], told["recordings"], told["unstored"]) == ("OLD-1", "C1", 2, 2)
    assert told["keys"] + told["files"] >= there and told["keys"] >= 4 and told["who"] == "technician"


def test_keys_go_before_anything_else(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def noted(path: Path) -> int:
        order.append(path.relative_to(old.data).as_posix())
        return 0

    monkeypatch.setattr(shelf, "shred", noted)
    with pytest.raises(WipeError):
        wipe.wipe(old.box, WISH, START)
    kinds = [name.startswith("keys/") for name in order]
    first = kinds.index(False)
    assert all(kinds[:first]) and {"keys/box.key", "keys/playback.key"} <= set(order[:first])


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Wish(serial="OLD-2", who="x", unstored=True), "this box is OLD-1; nothing was touched"),
        (Wish(serial="OLD-1", who="x"), "2 recordings are on this box alone"),
    ],
)
def test_what_stands_against_it_is_said_before_anything_is_touched(old: Old, wish: Wish, why: str) -> None:
    before = {name: (old.data / name).read_bytes() for name in files(old) if "ledger" not in name}
    with pytest.raises(WipeError, match=why):
        wipe.wipe(old.box, wish, START)
    assert {name: (old.data / name).read_bytes() for name in before} == before


def test_what_is_held_for_a_case_is_not_wiped_by_accident(old: Old) -> None:
    name = old.chain()[0][1]
    with old.ledger() as ledger:
        ledger.append(RecordingHeld(at=1, recording=name, held=True, who="x", why="a case"))
    with pytest.raises(WipeError, match="1 recordings are held for a case"):
        wipe.wipe(old.box, WISH, START)
    wipe.wipe(old.box, Wish(serial="OLD-1", who="x", unstored=True, held=True), START)
    assert not list(old.data.iterdir())


def test_a_box_that_is_running_is_not_wiped(old: Old) -> None:
    bell = Doorbell(old.box.folders.run, "render")
    try:
        with pytest.raises(WipeError, match="render is running"):
            wipe.wipe(old.box, WISH, START)
    finally:
        bell.close()


def test_a_link_out_of_the_box_goes_without_what_it_leads_to(old: Old, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x" * 100)
    (old.data / "link").symlink_to(tmp_path / "precious")
    wipe.wipe(old.box, WISH, START)
    assert (tmp_path / "precious").read_text() == "x" * 100


@pytest.mark.parametrize("place", [0, 100, (1 << 22) - 7, (1 << 22) - 48, 5 << 20])
def test_a_piece_is_found_wherever_it_lies_on_the_disk(tmp_path: Path, place: int) -> None:
    piece, image = bytes(range(100, 148)), tmp_path / "image"
    image.write_bytes(bytes(6 << 20))
    assert search(image, [piece]) == 0
    with image.open("r+b") as disk:
        disk.seek(place)
        disk.write(piece)
    assert search(image, [piece, b"another piece that is nowhere at all on this disk"]) == 1


def test_a_disk_on_which_something_is_left_gets_no_certificate(old: Old, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(b"before" + next((old.data / "recordings").rglob("*.flac.age")).read_bytes() + b"after")
    with pytest.raises(WipeError, match="1 pieces are still on the disk"):
        wipe.wipe(old.box, Wish(serial="OLD-1", who="x", unstored=True, image=image), START)


@needs.root
@needs.program("mkfs.ext4")
def test_not_a_byte_of_the_recordings_is_on_the_disks_image(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    with disks.loop_disk(image, 64) as place:
        old = old_box(place, 1, 2)
        (old.data / "spool/eth1/call").mkdir(parents=True)
        clear = b"clear speech of a call under way: " + bytes(range(256)) * 400
        (old.data / "spool/eth1/call/a.rtp").write_bytes(clear)
        earlier = b"a call of last week, tidied away long ago: " + bytes(range(255, -1, -1)) * 400
        (place / "tidied").write_bytes(earlier)
        os.sync()
        (place / "tidied").unlink()
        pieces = [clear[40:88], earlier[50:98]]
        for path in [*(old.data / "recordings").rglob("*.age"), *(old.data / "keys").glob("*.key"), old.data / "ledger.db"]:
            body = path.read_bytes()
            pieces += [
                body[start : start + 48] for start in range(0, len(body) - 48, 4096) if len(set(body[start : start + 48])) > 8
            ]
        os.sync()
        assert search(image, pieces) == len(set(pieces)), "they are all there before"
        certificate = wipe.wipe(old.box, Wish(serial="OLD-1", who="x", unstored=True, free_space=True), START)
        os.sync()
        assert certificate.facts["filled_bytes"] > 1 << 20
        assert search(image, pieces) == 0
