"""A call's files without the keys that were pressed, for the quarantine of a site that keeps none.

Every file keeps its length, so that it can be archived while it is read: the payloads of telephone events and the bodies of INFO that say a
key are zeros, the keys of Skinny's keypad are none that there is, and what was damaged is zeros too, since nobody knows what it held.
Tones in audio that we cannot decode stay what they are.
"""

from __future__ import annotations

import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, cast

from capture import blocks, sccp, sip
from capture.rtp import HEADER
from capture.sccp_codes import Id
from capture.voice import survey
from capture.walk import STAMP

_PIECE = 1 << 16


class Redacted:
    """A file of the spool to be read once, from its beginning to its end. `events`: payload types of telephone events."""

    def __init__(self, file: IO[bytes], size: int, events: Collection[int]) -> None:
        self._pieces = _pieces(file, size, frozenset(events))
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes; all that are left where no size is said."""
        found = [self._held]
        length = len(self._held)
        while size < 0 or length < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            found.append(piece)
            length += len(piece)
        whole = b"".join(found)
        self._held = whole[size:] if size >= 0 else b""
        return whole[:size] if size >= 0 else whole


def _pieces(file: IO[bytes], size: int, events: frozenset[int]) -> Iterator[bytes]:
    """Blocks of the same length, then zeros for what was damaged: in all as long as the file."""
    left = size
    for block in blocks.read(file):
        body = block.body
        if block.kind == blocks.PACKETS:
            body = _packets(body, events)
        elif block.kind == blocks.SIP:
            body = _message(body)
        piece = blocks.encode(block.kind, body)
        if len(piece) > left:  # the file has grown since
            break
        left -= len(piece)
        yield piece
    while left > 0:
        yield bytes(min(left, _PIECE))
        left -= min(left, _PIECE)


def _packets(body: bytes, events: frozenset[int]) -> bytes:
    out = bytearray(body)
    place = 0
    while place + STAMP.size + HEADER <= len(out):
        _, length = STAMP.unpack_from(out, place)
        place += STAMP.size
        end = min(place + length, len(out))
        if length > HEADER and out[place + 1] & 127 in events:
            out[place + HEADER : end] = bytes(end - place - HEADER)
        place += length
    return bytes(out)


def _message(body: bytes) -> bytes:
    try:
        raw = blocks.read_sip(body).raw
        if sccp.is_whole(raw):
            return body[: len(body) - len(raw)] + _skinny(raw)
        found = sip.parse(raw)
    except (sip.SipError, ValueError, IndexError):
        return body
    kind = found.get("content-type").partition(";")[0].strip().lower()
    if not found.body or not (found.method == "INFO" or kind.startswith("application/dtmf") or b"/dtmf" in found.body):
        return body
    place = body.rfind(found.body)
    return body[:place] + bytes(len(found.body)) + body[place + len(found.body) :] if place >= 0 else body


def _skinny(raw: bytes) -> bytes:
    """Whatever the phone's keypad says: it dials with it too, but that number is told otherwise."""
    number = int.from_bytes(raw[sccp.HEAD - 4 : sccp.HEAD], "little")
    return raw[: sccp.HEAD] + b"\xff" * len(raw[sccp.HEAD : sccp.HEAD + 4]) + raw[sccp.HEAD + 4 :] if number == Id.KEYPAD else raw


def add_redacted(archive: tarfile.TarFile, folder: Path) -> None:
    """Every file of the call's folder into the archive, without its keys."""
    for path in sorted(folder.iterdir()):
        told = survey(path).encodings if path.suffix == ".rtp" else {}
        with path.open("rb") as file:
            about = archive.gettarinfo(arcname=f"{folder.name}/{path.name}", fileobj=file)
            events = [number for number, encoding in told.items() if encoding.name == "TELEPHONE-EVENT"]
            archive.addfile(about, cast(IO[bytes], Redacted(file, about.size, events)))
