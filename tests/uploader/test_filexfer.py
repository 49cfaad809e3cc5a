"""SFTP's packets: what is written is read back, any bytes give packets or this parser's own error."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uploader import filexfer
from uploader.filexfer import Attributes, FileTransferError, Kind, Reader, Splitter


@given(texts=st.lists(st.binary(max_size=50)), numbers=st.lists(st.integers(0, 2**32 - 1)), large=st.integers(0, 2**64 - 1))
def test_what_is_written_is_read_back(texts: list[bytes], numbers: list[int], large: int) -> None:
    fields = [*map(filexfer.text, texts), *map(filexfer.number, numbers), filexfer.large(large)]
    ((kind, body),) = Splitter().feed(filexfer.packet(Kind.DATA, *fields))
    reader = Reader(body)
    assert kind == Kind.DATA
    assert [reader.text() for _ in texts] == texts
    assert [reader.number() for _ in numbers] == numbers
    assert (reader.large(), reader.left) == (large, 0)


@given(bodies=st.lists(st.binary(max_size=30), max_size=5), cut=st.integers(1, 7))
def test_a_stream_whole_or_in_pieces_gives_the_same_packets(bodies: list[bytes], cut: int) -> None:
    stream = b"".join(filexfer.packet(Kind.STATUS, body) for body in bodies)
    splitter = Splitter()
    found = [packet for at in range(0, len(stream), cut) for packet in splitter.feed(stream[at : at + cut])]
    assert found == [(Kind.STATUS, body) for body in bodies]


@given(data=st.binary())
def test_any_bytes_give_packets_or_the_one_error(data: bytes) -> None:
    with contextlib.suppress(FileTransferError):
        for _, body in Splitter().feed(data):
            reader = Reader(body)
            reader.byte()
            reader.attributes()
            reader.text()


def test_a_banner_instead_of_sftp_is_no_packet() -> None:
    with pytest.raises(FileTransferError, match="is that an SFTP server"):
        Splitter().feed(b"Welcome to the NAS\r\n")


@pytest.mark.parametrize(
    ("flags", "rest", "found"),
    [
        (0, b"", Attributes(0, False)),
        (0x1, struct.pack(">Q", 5), Attributes(5, False)),
        (0x4, struct.pack(">I", 0o040755), Attributes(0, True)),
        (0xD, struct.pack(">QIII", 7, 0o100644, 1, 2), Attributes(7, False)),
        (
            0x8000000F,
            struct.pack(">QIIIII", 7, 1, 2, 0o100644, 1, 2) + struct.pack(">I", 1) + b"\0\0\0\1a\0\0\0\1b",
            Attributes(7, False),
        ),
    ],
)
def test_attributes_of_every_kind_are_read(flags: int, rest: bytes, found: Attributes) -> None:
    reader = Reader(struct.pack(">I", flags) + rest)
    assert reader.attributes() == found
    assert reader.left == 0
