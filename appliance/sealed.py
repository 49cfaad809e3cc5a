"""The age format (age-encryption.org/v1): written as a stream, read at any place.

Any age tool opens what is written here and the other way round. Three things the usual libraries do not offer are the reason for
this file: writing while an encoder still patches its first bytes, reading a range without decrypting what lies before it, and
checking what the disk really holds with the file key that only the writer ever had.

Payload (C2SP age.md, "Payload"): 64 KiB chunks, each ChaCha20-Poly1305 under a 12-byte nonce of an 11-byte big-endian counter and
a flag that marks the last one. The chunk size fixes every offset, so a chunk can be written and read alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from appliance.keys import Identity, Recipient
from appliance.seeking import Seeking

CHUNK = 64 * 1024
TAG = 16
_VERSION = b"age-encryption.org/v1\n"
_INFO = b"age-encryption.org/v1/X25519"
_MAX_HEADER = 64 * 1024
BESIDE = ".header"
"""What a newer header's file is called after the sealed file beside which it lies."""


class SealedError(ValueError):
    """The bytes are no age file, are damaged, or were cut."""


class WrongKeyError(SealedError):
    """No key at hand opens the file."""


@dataclass(frozen=True, slots=True)
class Header:
    """An age header: the stanzas and the MAC over them. `raw` is every byte of it."""

    raw: bytes
    stanzas: tuple[tuple[tuple[str, ...], bytes], ...]
    mac: bytes
    signed: bytes


def write_header(file_key: bytes, recipients: Iterable[Recipient]) -> bytes:
    """A header that lets each recipient find `file_key` (16 bytes). Raises ValueError without a recipient."""
    lines = [_VERSION]
    for recipient in recipients:
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient.public))
        body = ChaCha20Poly1305(_hkdf(shared, share + recipient.public, _INFO)).encrypt(bytes(12), file_key, None)
        lines.append(b"-> X25519 " + _encode64(share) + b"\n" + _encode64(body) + b"\n")
    if len(lines) == 1:
        raise ValueError("a file is sealed to one recipient at least")
    signed = b"".join(lines) + b"---"
    return signed + b" " + _encode64(_mac(file_key, signed)) + b"\n"


def read_header(file: IO[bytes]) -> Header:
    """The header at the file's position, which is left behind it. Raises SealedError."""
    start = file.readline(len(_VERSION))
    if start != _VERSION:
        raise SealedError("does not begin as an age file")
    raw = bytearray(start)
    stanzas: list[tuple[tuple[str, ...], bytes]] = []
    while True:
        before = len(raw)
        line = _header_line(file, raw)
        if line.startswith(b"--- "):
            return Header(bytes(raw), tuple(stanzas), _decode64(line[4:]), bytes(raw[: before + 3]))
        if not line.startswith(b"-> "):
            raise SealedError("its header is damaged")
        arguments = tuple(line[3:].decode("ascii", "replace").split(" "))
        body = bytearray()
        while True:
            piece = _header_line(file, raw)
            body += piece
            if len(piece) < 64:
                break
        stanzas.append((arguments, _decode64(bytes(body))))


def unwrap(header: Header, identities: Iterable[Identity]) -> bytes:
    """The file key that one of these identities finds in the header. Raises WrongKeyError, or SealedError on a changed header."""
    for arguments, body in header.stanzas:
        if arguments[0] != "X25519" or len(arguments) != 2 or len(body) != 32:
            continue
        share = _decode64(arguments[1].encode("ascii", "replace"))
        for identity in identities:
            try:
                key = _hkdf(identity.exchange(share), share + identity.recipient.public, _INFO)
                file_key = ChaCha20Poly1305(key).decrypt(bytes(12), body, None)
            except (InvalidTag, ValueError):
                continue
            if not hmac.compare_digest(_mac(file_key, header.signed), header.mac):
                raise SealedError("its header was changed after sealing")
            return file_key
    raise WrongKeyError("no key at hand opens it")


def rewrap(header: Header, identities: Iterable[Identity], recipients: Sequence[Recipient]) -> bytes:
    """A header of the same file key for other recipients: what lies behind it stays as it is. Raises WrongKeyError or SealedError."""
    return write_header(unwrap(header, identities), recipients)


def newest_header(path: Path) -> bytes:
    """The header that lies beside a sealed file since its keys were rotated; empty where there is none."""
    beside = path.with_name(path.name + BESIDE)
    return beside.read_bytes() if beside.exists() else b""


class SealingFile(Seeking):
    """A file to write clear bytes into; only sealed bytes reach `file`.

    The first 64 KiB may be written again until `close` (audio encoders patch their header at the end); they are sealed last.
    Everything behind is sealed as it fills and cannot be changed. `close` seals the rest; `check` then reads everything back.
    """

    def __init__(self, file: IO[bytes], recipients: Sequence[Recipient]) -> None:
        super().__init__()
        self._file = file
        file_key, nonce = os.urandom(16), os.urandom(16)
        header = write_header(file_key, recipients)
        self._aead = chunk_cipher(file_key, nonce)
        self._start = len(header) + len(nonce)
        self._first = bytearray()
        self._current = bytearray()
        self._index = 0
        """The chunk that `_current` is; 0 while all still fits into the first."""
        self._sealed = False
        file.seek(0)
        file.write(header + nonce)

    def writable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move within the clear bytes; what was written can be read again while it is still held. Raises UnsupportedOperation."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if not 0 <= base + offset <= self.size:
            raise io.UnsupportedOperation("a sealed file has no holes")
        return super().seek(base + offset)

    def read(self, size: int = -1) -> bytes:
        """Clear bytes of the first chunk; what lies behind cannot be read back here."""
        end = len(self._first) if size < 0 else self._position + size
        piece = bytes(self._first[self._position : end])
        self._position += len(piece)
        return piece

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Add (or, within the first 64 KiB, replace) clear bytes. Raises UnsupportedOperation on bytes already sealed."""
        if self.closed:
            raise ValueError("a closed file takes no more bytes")
        rest = memoryview(data).cast("B")
        total = len(rest)
        while rest:
            rest = rest[self._put(rest) :]
        return total

    def _put(self, data: memoryview) -> int:
        index, within = divmod(self._position, CHUNK)
        if index == 0:
            chunk = self._first
        else:
            if index == self._index + 1 and within == 0:
                self._next_chunk()
            if index != self._index:
                raise io.UnsupportedOperation("bytes behind the first 64 KiB are sealed already")
            chunk = self._current
        piece = data[: CHUNK - within]
        chunk[within : within + len(piece)] = piece
        self._position += len(piece)
        self.size = max(self.size, self._position)
        return len(piece)

    def _next_chunk(self) -> None:
        if self._index:
            self._seal(self._index, self._current, last=False)
        self._index += 1
        self._current = bytearray()

    def _seal(self, index: int, clear: bytearray, *, last: bool) -> None:
        self._file.seek(self._start + index * (CHUNK + TAG))
        self._file.write(self._aead.encrypt(_nonce(index, last=last), bytes(clear), None))

    def close(self) -> None:
        """Seal what is still held; the file below stays open."""
        if not self._sealed and not self.closed:
            self._sealed = True
            if self._index:
                self._seal(self._index, self._current, last=True)
            self._seal(0, self._first, last=not self._index)
            self._file.flush()
        super().close()

    def check(self) -> tuple[str, str, int]:
        """Read the whole file back: (SHA-256 of the sealed bytes, of the clear bytes, sealed size). Raises SealedError."""
        sealed, clear = hashlib.sha256(), hashlib.sha256()
        self._file.seek(0)
        head = self._file.read(self._start)
        sealed.update(head)
        size = len(head)
        for index in range(self._index + 1):
            piece = self._file.read(CHUNK + TAG)
            sealed.update(piece)
            size += len(piece)
            clear.update(open_chunk(self._aead, index, piece, last=index == self._index))
        return sealed.hexdigest(), clear.hexdigest(), size


class SealedReader(Seeking):
    """The clear bytes of an age file, read at any place; each chunk is authenticated before a byte of it is given out.

    `newer` is a header that was written for other recipients since (`rewrap`); the file's own is then only measured.
    """

    def __init__(self, file: IO[bytes], identities: Iterable[Identity], newer: bytes = b"") -> None:
        super().__init__()
        self._file = file
        file.seek(0)
        header = read_header(file)
        file_key = unwrap(read_header(io.BytesIO(newer)) if newer else header, identities)
        nonce = file.read(16)
        if len(nonce) != 16:
            raise SealedError("was cut within its header")
        self._aead = chunk_cipher(file_key, nonce)
        self._start = len(header.raw) + 16
        payload = file.seek(0, os.SEEK_END) - self._start
        self._chunks = max(1, -(-payload // (CHUNK + TAG)))
        self.size = payload - self._chunks * TAG
        if self.size < 0 or (self._chunks > 1 and self.size <= (self._chunks - 1) * CHUNK):
            raise SealedError("was cut")
        self._held: tuple[int, bytes] = (-1, b"")
        self._chunk(self._chunks - 1)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read up to the end of the present chunk. Raises SealedError where the file was changed or cut."""
        if self._position >= self.size:
            return 0
        index, within = divmod(self._position, CHUNK)
        piece = self._chunk(index)[within : within + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close_below(self) -> None:
        """Close this and the sealed file below."""
        self.close()
        self._file.close()

    def _chunk(self, index: int) -> bytes:
        if self._held[0] != index:
            self._file.seek(self._start + index * (CHUNK + TAG))
            sealed = self._file.read(CHUNK + TAG)
            self._held = (index, open_chunk(self._aead, index, sealed, last=index == self._chunks - 1))
        return self._held[1]


def seal(data: bytes, recipients: Sequence[Recipient]) -> bytes:
    """These bytes as a whole age file."""
    sealed = io.BytesIO()
    with SealingFile(sealed, recipients) as file:
        file.write(data)
    return sealed.getvalue()


def open_sealed(sealed: bytes, identities: Iterable[Identity]) -> bytes:
    """The clear bytes of a whole age file. Raises SealedError or WrongKeyError."""
    return SealedReader(io.BytesIO(sealed), identities).readall() or b""


def _header_line(file: IO[bytes], raw: bytearray) -> bytes:
    line = file.readline(1024)
    raw += line
    if not line.endswith(b"\n") or len(raw) > _MAX_HEADER:
        raise SealedError("was cut within its header")
    return line[:-1]


def chunk_cipher(file_key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    """The cipher of a file's chunks."""
    return ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload"))


def _nonce(index: int, *, last: bool) -> bytes:
    return index.to_bytes(11, "big") + bytes([last])


def open_chunk(aead: ChaCha20Poly1305, index: int, sealed: bytes, *, last: bool) -> bytes:
    """The clear bytes of one chunk. Raises SealedError where it is not this chunk of this file."""
    try:
        return aead.decrypt(_nonce(index, last=last), sealed, None)
    except (InvalidTag, ValueError) as error:
        raise SealedError(f"was changed or cut (in its 64 KiB chunk {index})") from error


def _mac(file_key: bytes, signed: bytes) -> bytes:
    return hmac.new(_hkdf(file_key, b"", b"header"), signed, "sha256").digest()


def _hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(secret)


def _encode64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _decode64(text: bytes) -> bytes:
    """The bytes of unpadded Base64, of which only the one canonical spelling is taken: the MAC cannot cover its own."""
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise SealedError("its header is damaged") from error
    if _encode64(data) != text:
        raise SealedError("its header is damaged")
    return data
