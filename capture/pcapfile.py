"""Capture files: pcap (µs and ns, both byte orders) and pcapng (several sections and interfaces), also gzipped.

Reading is one pass with bounded memory. What is readable of a damaged or cut file is given out first; only then CaptureFileError
says where it broke, so that nothing before it is lost.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from appliance.errors import CouldNotError, UsageError
from appliance.moments import SECOND

_PCAP = {
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}
_SECTION = b"\x0a\x0d\x0d\x0a"
_INTERFACE, _PACKET, _SIMPLE, _ENHANCED = 1, 2, 3, 6
_TSRESOL, _TSOFFSET = 9, 14
MAX_RECORD = 16 * 1024 * 1024
_PIECE = 1 << 20
LINK_ETHERNET = 1
_END_OF_TIME = 1 << 63
"""Of nanoseconds in 64 bits: the year 2262."""
_File = io.BufferedReader | gzip.GzipFile


class CaptureFileError(CouldNotError):
    """A capture file is none, is damaged, or was cut."""


class Captured(NamedTuple):
    """One frame: its link type (LINKTYPE_…), bytes, and time in ns."""

    link: int
    frame: bytes
    at: int


def frames(path: Path) -> Iterator[Captured]:
    """Every frame of the file. Raises UsageError where there is no such file, CaptureFileError where it is no whole capture."""
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a capture file (pcap or pcapng)")
    try:
        with path.open("rb") as raw:
            file = _unzipped(raw)
            magic = file.read(4)
            if not magic:
                raise CaptureFileError(f"{path}: is empty; capture again, for instance with tcpdump -w")
            if magic in _PCAP:
                yield from _pcap(file, *_PCAP[magic], path)
            elif magic == _SECTION:
                yield from _pcapng(file, path)
            else:
                raise CaptureFileError(f"{path}: is no capture file; pcap and pcapng are understood")
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such file") from error
    except (OSError, EOFError, zlib.error) as error:
        raise CaptureFileError(f"{path}: cannot be read ({error})") from error


def _unzipped(raw: IO[bytes]) -> _File:
    head = raw.read(2)
    raw.seek(0)
    if head == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=raw)
    return io.BufferedReader(cast(io.RawIOBase, raw), _PIECE)


class Plain(NamedTuple):
    """A pcap file's form: byte order, unit of its fractions (ns), link type."""

    big: bool
    unit: int
    link: int


def _pcap(file: _File, order: str, unit: int, path: Path) -> Iterator[Captured]:
    plain = _form(file, order, unit, path)
    unpack, count = struct.Struct(order + "IIII").unpack_from, 0
    held, place = b"", 0
    while True:
        if len(held) - place < 16:
            held, place = _filled(file, held[place:], 16), 0
            if not held:
                return
            if len(held) < 16:
                raise _cut(path, count)
        second, part, length, _ = unpack(held, place)
        end = place + 16 + length
        if length > MAX_RECORD:
            raise CaptureFileError(f"{path}: is damaged behind frame {count}; the {count} frames before were read")
        if end > len(held):
            held, place, end = _filled(file, held[place:], 16 + length), 0, 16 + length
            if end > len(held):
                raise _cut(path, count)
        yield Captured(plain.link, held[place + 16 : end], second * SECOND + part * unit)
        place = end
        count += 1


def _form(file: _File, order: str, unit: int, path: Path) -> Plain:
    """The rest of a pcap file's header."""
    rest = file.read(20)
    if len(rest) < 20:
        raise CaptureFileError(f"{path}: is cut within its header; capture again")
    return Plain(order == ">", unit, struct.unpack(order + "I", rest[16:20])[0] & 0x0FFFFFFF)


class Records:
    """A pcap file of Ethernet frames in large pieces, for a walker that takes the records apart itself."""

    def __init__(self, path: Path, file: _File, form: Plain) -> None:
        self.form = form
        self.data = b""
        self.place = 0
        """Up to where `data` was walked."""
        self._path, self._file = path, file

    def more(self, walked: int) -> bool:
        """Read on behind `place`, where the walker stopped (having seen so many frames in all); returns whether there is more.

        Raises CaptureFileError where the file is cut or damaged there.
        """
        left = len(self.data) - self.place
        if left >= 16:
            (length,) = struct.unpack_from(">I" if self.form.big else "<I", self.data, self.place + 8)
            if length > MAX_RECORD:
                raise CaptureFileError(f"{self._path}: is damaged behind frame {walked}; the {walked} frames before were read")
        piece = self._file.read(_PIECE)
        self.data, self.place = self.data[self.place :] + piece, 0
        if not piece and left:
            raise _cut(self._path, walked)
        return bool(piece)


@contextlib.contextmanager
def records(path: Path) -> Iterator[Records | None]:
    """The file's records, where it is a pcap file of Ethernet frames that is not compressed; else None, and `frames` reads it."""
    with path.open("rb") as file:
        magic = file.read(4)
        form = _form(file, *_PCAP[magic], path) if magic in _PCAP else None
        yield Records(path, file, form) if form is not None and form.link == LINK_ETHERNET else None


def _filled(file: _File, held: bytes, wanted: int) -> bytes:
    """What is held and enough behind it to make `wanted` bytes, if there is so much; read so that nothing before a break is lost."""
    pieces, size = [held], len(held)
    while size < wanted and (piece := file.read1(_PIECE)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


class _Interface(NamedTuple):
    link: int
    ticks: int
    """Ticks a second."""
    offset: int
    """Seconds to be added."""


def _pcapng(file: _File, path: Path) -> Iterator[Captured]:
    file.seek(0) if file.seekable() else None
    order, count = "<", 0
    interfaces: list[_Interface] = []
    while head := file.read(8):
        if len(head) < 8:
            raise _cut(path, count)
        if head[:4] == _SECTION:
            order, interfaces = _byte_order(file, path, count), []
            head_length = struct.unpack(order + "I", head[4:8])[0]
            body = _body(file, head_length - 4, path, count, already=4)
            continue
        kind, length = struct.unpack(order + "II", head)
        body = _body(file, length, path, count)
        try:
            found = _block(kind, body, order, interfaces)
        except (struct.error, IndexError, OverflowError) as error:
            raise CaptureFileError(f"{path}: is damaged behind frame {count}; the {count} frames before were read") from error
        if found is not None:
            yield found
            count += 1


def _byte_order(file: _File, path: Path, count: int) -> str:
    magic = file.read(4)
    if magic == b"\x1a\x2b\x3c\x4d":
        return ">"
    if magic == b"\x4d\x3c\x2b\x1a":
        return "<"
    raise CaptureFileError(f"{path}: is damaged behind frame {count} (a section without byte order)")


def _body(file: _File, length: int, path: Path, count: int, already: int = 0) -> bytes:
    """A block's body; `length` counts the whole block but for `already` bytes that are read, and its 12 bytes of frame."""
    size = length - 12
    if not 0 <= size <= MAX_RECORD:
        raise CaptureFileError(f"{path}: is damaged behind frame {count}; the {count} frames before were read")
    body = file.read(size)
    if len(body) < size or len(file.read(4)) < 4:
        raise _cut(path, count)
    return body


def _block(kind: int, body: bytes, order: str, interfaces: list[_Interface]) -> Captured | None:
    if kind == _INTERFACE:
        interfaces.append(_interface(body, order))
        return None
    if kind == _ENHANCED:
        number, high, low, length = struct.unpack_from(order + "IIII", body)
        return _captured(interfaces[number], high << 32 | low, body[20 : 20 + length])
    if kind == _PACKET:
        number, _, high, low, length = struct.unpack_from(order + "HHIII", body)
        return _captured(interfaces[number], high << 32 | low, body[20 : 20 + length])
    if kind == _SIMPLE:
        (length,) = struct.unpack_from(order + "I", body)
        return _captured(interfaces[0], 0, body[4 : 4 + length])
    return None


def _captured(interface: _Interface, stamp: int, frame: bytes) -> Captured:
    at = stamp * SECOND // interface.ticks + interface.offset * SECOND
    if not 0 <= at < _END_OF_TIME:
        raise OverflowError("a time before 1970 or beyond 2262")
    return Captured(interface.link, frame, at)


def _interface(body: bytes, order: str) -> _Interface:
    (link,) = struct.unpack_from(order + "H", body)
    ticks, offset, place = 1_000_000, 0, 8
    while place + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, place)
        value = body[place + 4 : place + 4 + length]
        if code == _TSRESOL and value:
            ticks = 2 ** (value[0] & 127) if value[0] & 128 else 10 ** min(value[0], 18)
        elif code == _TSOFFSET and len(value) == 8:
            (offset,) = struct.unpack(order + "q", value)
        if code == 0:
            break
        place += 4 + (length + 3) // 4 * 4
    return _Interface(link, ticks, offset)


def _cut(path: Path, count: int) -> CaptureFileError:
    return CaptureFileError(f"{path}: is cut behind frame {count}; the {count} frames before were read")
