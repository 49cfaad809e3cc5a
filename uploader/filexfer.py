"""The words of SFTP version 3 (draft-ietf-secsh-filexfer-02), as OpenSSH and nearly every server speak it. Pure: bytes and values.

Only what a store needs: open, read, write, close, stat, rename, remove, folders, and OpenSSH's fsync.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

VERSION = 3
MAX_PACKET = 1 << 18
"""No server sends longer ones (OpenSSH: 256 KiB)."""


class Kind(IntEnum):
    """Types of packets (§3)."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    STAT = 17
    RENAME = 18
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200


class Status(IntEnum):
    """Codes of a STATUS packet (§7)."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    OP_UNSUPPORTED = 8


READ, WRITE, CREATE = 0x01, 0x02, 0x08
"""How a file is opened (§6.3)."""
_SIZE, _OWNER, _PERMISSIONS, _TIMES, _EXTENDED = 0x01, 0x02, 0x04, 0x08, 0x80000000
_FOLDER, _FORMAT = 0o040000, 0o170000


class FileTransferError(ValueError):
    """The bytes are no SFTP."""


class Attributes(NamedTuple):
    """What is told of a file (§5)."""

    size: int
    folder: bool


class Reader:
    """Reads the fields of one packet. Raises FileTransferError where it is too short."""

    def __init__(self, packet: bytes) -> None:
        self._packet, self._at = packet, 0

    def take(self, count: int) -> bytes:
        """So many bytes."""
        piece = self._packet[self._at : self._at + count]
        if len(piece) != count:
            raise FileTransferError("a packet ends before its last field")
        self._at += count
        return piece

    def byte(self) -> int:
        """One octet."""
        return self.take(1)[0]

    def number(self) -> int:
        """A uint32."""
        return int(struct.unpack(">I", self.take(4))[0])

    def large(self) -> int:
        """A uint64."""
        return int(struct.unpack(">Q", self.take(8))[0])

    def text(self) -> bytes:
        """A string."""
        return self.take(self.number())

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return len(self._packet) - self._at

    def attributes(self) -> Attributes:
        """Attributes of a file."""
        flags = self.number()
        size = self.large() if flags & _SIZE else 0
        if flags & _OWNER:
            self.take(8)
        mode = self.number() if flags & _PERMISSIONS else 0
        if flags & _TIMES:
            self.take(8)
        for _ in range(self.number() if flags & _EXTENDED else 0):
            self.text()
            self.text()
        return Attributes(size, mode & _FORMAT == _FOLDER)


def text(value: bytes) -> bytes:
    """A string as it is sent."""
    return struct.pack(">I", len(value)) + value


def number(value: int) -> bytes:
    """A uint32 as it is sent."""
    return struct.pack(">I", value)


def large(value: int) -> bytes:
    """A uint64 as it is sent."""
    return struct.pack(">Q", value)


NO_ATTRIBUTES = number(0)


def packet(kind: Kind, *fields: bytes) -> bytes:
    """A packet with its length before it."""
    body = bytes([kind]) + b"".join(fields)
    return struct.pack(">I", len(body)) + body


class Splitter:
    """Cuts a stream of bytes into packets (type, rest). Raises FileTransferError on a length that no server sends."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The packets that are whole now."""
        self._held += data
        found = []
        while len(self._held) >= 4:
            length = int.from_bytes(self._held[:4], "big")
            if not 1 <= length <= MAX_PACKET + 1024:
                raise FileTransferError(f"a packet of {length} bytes is announced; is that an SFTP server?")
            if len(self._held) < 4 + length:
                break
            found.append((self._held[4], bytes(self._held[5 : 4 + length])))
            del self._held[: 4 + length]
        return found
