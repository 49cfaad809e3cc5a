"""The spool is written by one process at a time, loses nothing that it took, and says so when it can take no more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import CouldNotError
from appliance.ids import CallId, SegmentId
from appliance.records import Side
from capture import blocks
from capture.effects import Keep, KeepReport
from capture.frames import Address
from capture.media import Stream
from capture.payloads import Encoding
from capture.spool import Reel, ReelInUseError, SpoolError, abandoned, signalling, sync_disk_of
from tests import needs
from tests.bed import disks

CALL = CallId("callaaaaaaaaaaaa")
HERE, THERE = Address(bytes([10, 0, 0, 1]), 4000), Address(bytes(15) + b"\x01", 4002)


def stream(number: int = 0, call: CallId = CALL) -> Stream:
    return Stream(
        call=call, segment=SegmentId(f"segment{number:09}".translate(str.maketrans("0189", "abcd"))), speaker=Side.CALLER,
        source=HERE, destination=THERE, ssrc=number, encodings={0: Encoding("PCMU", 8000), 101: Encoding("X", 16000, 2, "a=b")},
    )  # fmt: skip


def message(call: CallId = CALL, raw: bytes = b"INVITE", at: int = 5) -> Keep:
    return Keep(call, at, HERE, THERE, raw)


def read(path: Path) -> list[blocks.Block]:
    with path.open("rb") as file:
        return list(blocks.read(file))


def bodies(path: Path) -> list[bytes]:
    return [block.body for block in read(path) if block.kind == blocks.PACKETS]


def test_rtcp_lies_beside_the_messages_of_its_call(reel: Reel) -> None:
    reel.keep([message(raw=b"INVITE"), KeepReport(CALL, 6, THERE, HERE, b"report"), message(raw=b"BYE", at=7)])
    assert [told.raw for told in signalling(reel.folder / CALL)] == [b"INVITE", b"BYE"]
    assert signalling(reel.folder / CALL, blocks.RTCP) == [blocks.SipBlock(6, THERE, HERE, b"report")]


def open_files() -> list[str]:
    """What this process has open."""
    handles = list(Path("/proc/self/fd").iterdir())
    return [str(handle.readlink()) for handle in handles if handle.is_symlink()]


@pytest.fixture
def reel(tmp_path: Path) -> Iterator[Reel]:
    found = Reel(tmp_path / "spool", "eth1")
    yield found
    found.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB, and all of it for the spool."""
    with disks.disk(tmp_path / "small", 256) as place:
        yield place


def test_a_reel_has_one_writer_at_a_time(tmp_path: Path) -> None:
    first = Reel(tmp_path, "eth1")
    with pytest.raises(ReelInUseError, match="another process records this source already"):
        Reel(tmp_path, "eth1")
    Reel(tmp_path, "eth2").close()
    first.close()
    Reel(tmp_path, "eth1").close()


def test_a_refused_writer_leaves_nothing_open(tmp_path: Path) -> None:
    first = Reel(tmp_path, "eth1")
    before = sorted(open_files())
    for _ in range(3):
        with pytest.raises(ReelInUseError):
            Reel(tmp_path, "eth1")
    assert sorted(open_files()) == before
    first.close()


def test_a_writer_that_dies_frees_its_reel(tmp_path: Path) -> None:
    program = f"import os, pathlib; from capture.spool import Reel; Reel(pathlib.Path({str(tmp_path)!r}), 'eth1'); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == -9
    assert abandoned(tmp_path) == [tmp_path / "eth1"]
    Reel(tmp_path, "eth1").close()


def test_messages_and_packets_come_back_as_they_were(reel: Reel) -> None:
    speech = stream()
    reel.keep([message(raw=b"INVITE"), message(raw=b"200 OK", at=6)])
    reel.packets(speech, b"one")
    reel.packets(speech, b"two")
    reel.keep([message(raw=b"BYE", at=7)])
    found = [blocks.read_sip(block.body) for block in read(reel.folder / CALL / "signalling")]
    assert found == [blocks.SipBlock(at, HERE, THERE, raw) for at, raw in ((5, b"INVITE"), (6, b"200 OK"), (7, b"BYE"))]
    assert bodies(reel.path(speech)) == [b"one", b"two"]


def test_a_stream_explains_itself_before_its_first_packet_and_when_its_encodings_change(reel: Reel) -> None:
    speech = stream(7)
    reel.packets(speech, b"one")
    reel.packets(speech, b"two")
    speech.encodings = {96: Encoding("OPUS", 48000, 2)}
    speech.described = False
    reel.packets(speech, b"three")
    found = read(reel.path(speech))
    assert [block.kind for block in found] == [
        blocks.DESCRIPTION,
        blocks.PACKETS,
        blocks.PACKETS,
        blocks.DESCRIPTION,
        blocks.PACKETS,
    ]
    assert blocks.read_description(found[0].body) == {
        "call": CALL, "segment": speech.segment, "speaker": "caller", "source": ["0a000001", 4000],
        "destination": ["00" * 15 + "01", 4002], "ssrc": 7,
        "encodings": {"0": ["PCMU", 8000, 1, ""], "101": ["X", 16000, 2, "a=b"]},
    }  # fmt: skip
    assert blocks.read_description(found[3].body)["encodings"] == {"96": ["OPUS", 48000, 2, ""]}


def test_messages_of_several_calls_go_to_their_own_files(reel: Reel) -> None:
    other = CallId("otheraaaaaaaaaaa")
    reel.keep([message(), message(other, b"x"), message(raw=b"y"), message(other, b"z")])
    for call, raws in ((CALL, [b"INVITE", b"y"]), (other, [b"x", b"z"])):
        assert [blocks.read_sip(block.body).raw for block in read(reel.folder / call / "signalling")] == raws


def test_what_was_written_can_be_read_while_the_reel_goes_on(reel: Reel) -> None:
    speech = stream()
    for number in range(50):
        reel.packets(speech, b"%d" % number)
        assert bodies(reel.path(speech))[-1] == b"%d" % number


def test_a_successor_appends(tmp_path: Path) -> None:
    first = Reel(tmp_path, "eth1")
    first.packets(stream(), b"one")
    first.close()
    second = Reel(tmp_path, "eth1")
    second.packets(stream(), b"two")
    second.close()
    assert bodies(second.path(stream())) == [b"one", b"two"]


def test_a_closed_call_holds_no_file_open_and_can_be_written_again(reel: Reel) -> None:
    reel.packets(stream(), b"one")
    reel.keep([message()])
    assert sum(CALL in path for path in open_files()) == 2
    reel.close_call(CALL)
    assert not any(CALL in path for path in open_files())
    reel.packets(stream(), b"late")
    assert bodies(reel.path(stream())) == [b"one", b"late"]


def test_a_file_that_lies_in_the_way_is_an_error_of_the_spool(reel: Reel) -> None:
    (reel.folder / CALL).write_text("a file")
    with pytest.raises(SpoolError, match="cannot be written"):
        reel.packets(stream(), b"x")


def test_a_spool_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(CouldNotError, match="is the disk full or read-only"):
        Reel(tmp_path / "spool", "eth1")


@needs.root
def test_a_full_disk_loses_nothing_that_was_written_and_takes_the_rest_later(small: Path) -> None:
    reel = Reel(small / "spool", "eth1")
    filler = small / "filler"
    speech, kept = stream(), 0
    part = bytes(range(250)) * 40
    filler.write_bytes(bytes(100_000))
    with pytest.raises(SpoolError, match="the disk is full"):
        while True:
            reel.packets(speech, part + b"%05d" % kept)
            kept += 1
    assert kept > 3
    wanted = [part + b"%05d" % number for number in range(kept)]
    assert bodies(reel.path(speech)) == wanted
    with pytest.raises(SpoolError, match="the disk is full"):
        reel.packets(speech, part + b"%05d" % kept)
    assert bodies(reel.path(speech)) == wanted, "nothing is half there"
    filler.unlink()
    reel.packets(speech, part + b"%05d" % kept)
    assert bodies(reel.path(speech)) == [*wanted, part + b"%05d" % kept]
    reel.close()


@needs.root
def test_a_full_disk_does_not_keep_a_reel_from_its_lock(small: Path) -> None:
    Reel(small / "spool", "eth1").close()
    disks.fill(small)
    Reel(small / "spool", "eth1").close()


@needs.root
def test_a_read_only_disk_is_an_error_of_the_spool(small: Path) -> None:
    Reel(small / "spool", "eth1").close()
    disks.make_read_only(small)
    with pytest.raises(SpoolError, match="Read-only file system"):
        Reel(small / "spool", "eth1")


def test_everything_is_made_durable_at_once(reel: Reel) -> None:
    reel.packets(stream(), b"x")
    reel.sync()


def test_a_spool_whose_disk_is_gone_is_an_error_of_the_spool(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="is its disk there"):
        sync_disk_of(tmp_path / "unplugged")


def test_reels_that_nobody_writes_are_found(tmp_path: Path) -> None:
    assert abandoned(tmp_path / "nothing") == []
    written, left = Reel(tmp_path, "written"), Reel(tmp_path, "left")
    left.close()
    (tmp_path / "without-lock").mkdir()
    (tmp_path / "a-file").touch()
    assert abandoned(tmp_path) == [tmp_path / "left", tmp_path / "without-lock"]
    written.close()
    assert tmp_path / "written" in abandoned(tmp_path)


def test_to_look_for_them_takes_nobodys_lock(tmp_path: Path) -> None:
    Reel(tmp_path, "left").close()
    abandoned(tmp_path)
    Reel(tmp_path, "left").close()


def test_a_reel_retires_only_without_calls(reel: Reel) -> None:
    reel.keep([message()])
    assert reel.calls() == [CALL]
    reel.retire()
    assert reel.calls() == [CALL]
    for path in sorted(reel.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    reel.retire()
    assert not reel.folder.exists()


def test_calls_that_are_set_aside_are_kept_in_a_reel_that_nobody_writes(reel: Reel) -> None:
    for part in (b"first", b"second"):
        reel.packets(stream(), part)
        reel.set_aside(reel.calls())
        assert reel.calls() == []
    asides = [reel.folder.with_name("eth1.1"), reel.folder.with_name("eth1.2")]
    assert abandoned(reel.folder.parent) == asides
    found = [bodies(aside / CALL / reel.path(stream()).name) for aside in asides]
    assert found == [[b"first"], [b"second"]]


def test_to_set_nothing_aside_leaves_no_reel_behind(reel: Reel) -> None:
    reel.set_aside([])
    assert [path.name for path in reel.folder.parent.iterdir()] == ["eth1"]
