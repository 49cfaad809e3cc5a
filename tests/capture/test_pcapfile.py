"""Capture files: every form is read, what is readable of a damaged file comes first, and then CaptureFileError says where it broke."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.errors import UsageError
from appliance.moments import SECOND
from capture.pcapfile import Captured, CaptureFileError, frames
from tests import needs

MAGICS = {(">", 1000): 0xA1B2C3D4, (">", 1): 0xA1B23C4D, ("<", 1000): 0xA1B2C3D4, ("<", 1): 0xA1B23C4D}
FRAMES = [bytes([n]) * (60 + n) for n in range(5)]
PUBLIC = sorted(needs.PCAPS.glob("*.pcap*")) if needs.PCAPS.is_dir() else []
ANY_EXAMPLE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def pcap(order: str = "<", unit: int = 1000, link: int = 1) -> bytes:
    head = struct.pack(order + "IHHiIII", MAGICS[order, unit], 2, 4, 0, 0, 65535, link)
    return head + b"".join(struct.pack(order + "IIII", 100 + n, n, len(data), 1500) + data for n, data in enumerate(FRAMES))


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<") -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + option(order, 4, b"tests"))


def interface(order: str = "<", link: int = 1, options: bytes = b"") -> bytes:
    return block(order, 1, struct.pack(order + "HHI", link, 0, 65535) + options)


def enhanced(data: bytes, ticks: int, order: str = "<", number: int = 0) -> bytes:
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(order, 6, head + data + bytes(-len(data) % 4) + option(order, 1, b"a comment"))


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def read(path: Path) -> tuple[list[Captured], str]:
    """Every frame, and what broke, if anything did."""
    found = []
    try:
        for captured in frames(path):
            found.append(captured)
    except CaptureFileError as error:
        assert str(path) in str(error)
        return found, str(error)
    return found, ""


@pytest.mark.parametrize(("order", "unit"), MAGICS)
def test_a_pcap_of_either_byte_order_and_resolution_is_read(tmp_path: Path, order: str, unit: int) -> None:
    file = write(tmp_path / "x.pcap", pcap(order, unit, 113))
    assert list(frames(file)) == [Captured(113, data, (100 + n) * SECOND + n * unit) for n, data in enumerate(FRAMES)]


def test_flags_in_the_link_type_are_not_the_link_type(tmp_path: Path) -> None:
    assert next(frames(write(tmp_path / "x.pcap", pcap(link=0x5000_0000 | 276)))).link == 276


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_pcapng_of_either_byte_order_is_read(tmp_path: Path, order: str) -> None:
    data = section(order) + interface(order) + b"".join(enhanced(body, 100 * n, order) for n, body in enumerate(FRAMES))
    assert list(frames(write(tmp_path / "x", data))) == [Captured(1, body, 100_000 * n) for n, body in enumerate(FRAMES)]


def test_sections_and_interfaces_keep_their_own_link_types_clocks_and_byte_orders(tmp_path: Path) -> None:
    nanoseconds, binary = option("<", 9, b"\x09"), option("<", 9, b"\x8a")
    later = option("<", 14, struct.pack("<q", 1000))
    data = section() + interface(link=1, options=nanoseconds) + interface(link=113, options=binary + later)
    data += enhanced(b"a" * 20, 7_000_000_123) + enhanced(b"b" * 21, 1024 + 512, number=1)
    data += section(">") + interface(">", link=101) + enhanced(b"c" * 22, 5_000_001, ">")
    assert list(frames(write(tmp_path / "x", data))) == [
        Captured(1, b"a" * 20, 7_000_000_123),
        Captured(113, b"b" * 21, 1001 * SECOND + SECOND // 2),
        Captured(101, b"c" * 22, 5 * SECOND + 1000),
    ]


def test_old_and_simple_packet_blocks_are_read_and_others_passed_over(tmp_path: Path) -> None:
    old = block("<", 2, struct.pack("<HHIIII", 0, 0, 0, 2_000_000, 3, 3) + b"old\x00")
    simple = block("<", 3, struct.pack("<I", 6) + b"simple\x00\x00")
    names, statistics, own = block("<", 4, bytes(8)), block("<", 5, bytes(12)), block("<", 0x80000BAD, b"private!")
    data = section() + names + interface() + own + old + statistics + simple
    assert list(frames(write(tmp_path / "x", data))) == [Captured(1, b"old", 2 * SECOND), Captured(1, b"simple", 0)]


@pytest.mark.parametrize("form", [pcap(), section() + interface() + enhanced(FRAMES[0], 5)], ids=["pcap", "pcapng"])
def test_a_gzipped_file_is_read_as_it_is(tmp_path: Path, form: bytes) -> None:
    assert read(write(tmp_path / "x.gz", gzip.compress(form))) == read(write(tmp_path / "x", form))


def test_a_long_capture_is_read_with_bounded_memory(tmp_path: Path) -> None:
    file = tmp_path / "long.pcap"
    with file.open("wb") as out:
        out.write(pcap()[:24])
        for n in range(300):
            out.write(struct.pack("<IIII", n, 0, 20_000, 20_000) + bytes([n % 256]) * 20_000)
    assert [(each.at // SECOND, each.frame[0], len(each.frame)) for each in frames(file)] == [
        (n, n % 256, 20_000) for n in range(300)
    ]


def test_what_is_no_file_is_used_wrongly(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.pcap"):
        with pytest.raises(UsageError, match=path.name):
            next(frames(path))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\xa1", "is no capture file"),
        (b"hello, this is text", "is no capture file"),
        (b"RIFF\x00\x00\x00\x00WAVE", "is no capture file"),
        (pcap()[:23], "is cut within its header"),
        (section()[:10], "is damaged behind frame 0"),
        (section()[:20], "is cut behind frame 0"),
        (section() + enhanced(b"x", 0), "is damaged behind frame 0"),
        (section() + block("<", 3, b"ab"), "is damaged behind frame 0"),
        (section() + struct.pack("<II", 6, 4), "is damaged behind frame 0"),
        (section() + interface() + struct.pack("<II", 6, 0xFFFFFFFF), "is damaged behind frame 0"),
        (pcap()[:24] + struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 1), "is damaged behind frame 0"),
        (section() + interface(options=option("<", 9, b"\x00")) + enhanced(b"x", 2**64 - 1), "is damaged behind frame 0"),
        (section() + interface(options=option("<", 14, struct.pack("<q", -(2**63)))) + enhanced(b"x", 5), "is damaged behind frame 0"),
        (gzip.compress(pcap(), mtime=0)[:8], "cannot be read"),
        (gzip.compress(pcap(), mtime=0)[:-4], "cannot be read"),
        (b"\x1f\x8b\x08" + b"\xff" * 40, "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, data: bytes, says: str) -> None:
    found, error = read(write(tmp_path / "x", data))
    assert says in error
    assert len(found) in (0, len(FRAMES))


def test_damage_in_the_middle_loses_nothing_before_it(tmp_path: Path) -> None:
    whole = pcap()
    place = 24 + 16 + 60 + 16 + 61 + 8
    found, error = read(write(tmp_path / "x", whole[:place] + b"\xff" * 4 + whole[place + 4 :]))
    assert [each.frame for each in found] == FRAMES[:2]
    assert "is damaged behind frame 2; the 2 frames before were read" in error


def test_a_zipped_file_that_was_cut_gives_what_can_be_unpacked(tmp_path: Path) -> None:
    body = b"".join(struct.pack("<IIII", n, 0, 200, 200) + os.urandom(200) for n in range(8000))
    zipped = gzip.compress(pcap()[:24] + body, compresslevel=1)
    for cut in (len(zipped) // 3, len(zipped) - 9, len(zipped) * 9 // 10):
        unpacked = zlib.decompressobj(wbits=31).decompress(zipped[:cut])
        found, error = read(write(tmp_path / "x", zipped[:cut]))
        assert "cannot be read" in error
        assert len(found) == (len(unpacked) - 24) // 216
        assert [each.at // SECOND for each in found] == list(range(len(found)))


def test_a_zipped_file_that_is_damaged_is_a_capture_file_error(tmp_path: Path) -> None:
    zipped = bytearray(gzip.compress(pcap() + os.urandom(3000)))
    for place in range(12, len(zipped), 211):
        damaged = bytearray(zipped)
        damaged[place] ^= 0x55
        found, error = read(write(tmp_path / "x", bytes(damaged)))
        assert error
        assert len(found) <= len(FRAMES) + 100


@ANY_EXAMPLE
@given(
    st.sampled_from([b"", pcap()[:24], pcap(">", 1)[:24], section(), section(">") + interface(">"), b"\x1f\x8b\x08\x00"]),
    st.binary(max_size=200),
)
def test_any_bytes_give_frames_or_a_capture_file_error(tmp_path: Path, head: bytes, rest: bytes) -> None:
    read(write(tmp_path / "x", head + rest))


WHOLE = {
    "pcap": pcap(),
    "pcapng": section() + interface(options=option("<", 9, b"\x06")) + b"".join(enhanced(data, 5) for data in FRAMES),
}


@ANY_EXAMPLE
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_a_file_with_bytes_altered_gives_frames_or_a_capture_file_error(tmp_path: Path, form: str, data: st.DataObject) -> None:
    altered = bytearray(WHOLE[form])
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(altered) - 1), st.integers(0, 255)), min_size=1, max_size=5)
    ):
        altered[place] = value
    for captured in read(write(tmp_path / "x", bytes(altered)))[0]:
        assert 0 <= captured.at < 2**63


def boundaries(data: bytes) -> Iterator[int]:
    """Where a file may be cut without harm: between its records."""
    pcapng = data[:4] == b"\x0a\x0d\x0d\x0a"
    order = "<" if (data[8:12] if pcapng else data[:4])[:1] in (b"\x4d", b"\xd4") else ">"
    place = 0 if pcapng else 24
    while place <= len(data):
        yield place
        if len(data) < place + 16:
            return
        if pcapng:
            place += struct.unpack_from(order + "I", data, place + 4)[0]
        else:
            place += 16 + struct.unpack_from(order + "I", data, place + 8)[0]


@needs.shared
@pytest.mark.parametrize("file", PUBLIC, ids=lambda file: file.name)
def test_a_public_capture_cut_anywhere_gives_its_first_frames_and_then_the_error(tmp_path: Path, file: Path) -> None:
    """Cut at every 97th byte of its first 12,000."""
    data = file.read_bytes()
    whole = list(islice(frames(file), 2000))
    harmless = set(boundaries(data))
    copy = write(tmp_path / file.name, data[:12_000])
    for cut in reversed(range(1, min(len(data), 12_000), 97)):
        os.truncate(copy, cut)
        found, error = read(copy)
        assert found == whole[: len(found)]
        assert bool(error) == (cut not in harmless)


@needs.shared
@needs.program("capinfos")
def test_capinfos_counts_the_same_frames() -> None:
    shown = subprocess.run(
        ["capinfos", "-T", "-m", "-r", "-c", *map(str, PUBLIC)], capture_output=True, text=True, check=True
    ).stdout
    counts = dict(line.rsplit(",", 1) for line in shown.splitlines())
    assert {str(file): sum(1 for _ in frames(file)) for file in PUBLIC} == {
        name.strip('"'): int(count) for name, count in counts.items()
    }


@needs.shared
@needs.program("tshark")
@pytest.mark.parametrize(
    "name", ["ast-opus-48k-fec.pcapng", "wireshark-test-sip.pcapng", "tcpdump-qinq.pcap", "zeek-sip-long-paths.pcap"]
)
def test_tshark_reads_the_same_times_and_lengths(name: str) -> None:
    command = ["tshark", "-r", str(needs.PCAPS / name), "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.cap_len"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    expected = [line.split("\t") for line in shown.splitlines()]
    found = [(f"{each.at // SECOND}.{each.at % SECOND:09d}", str(len(each.frame))) for each in frames(needs.PCAPS / name)]
    assert found == [(moment, length) for moment, length in expected]
