"""The spool: what is being received, written within a second (until then it stands in the kernel's ring) and synced at once.

    spool/REEL/note                    the time base, for the next tap (`timebase.py`)
    spool/REEL/lock                    held by the tap or replay that writes this reel
    spool/REEL/CALL/signalling         the call's SIP messages and RTCP as seen
    spool/REEL/CALL/SEGMENT.rtp        one RTP stream as seen: order, gaps and duplicates included
    spool/REEL.1/CALL/…                calls set aside: a stopped replay left them, and its successor begins them anew

Files are only appended to. One `syncfs` after each round of writing makes all of them durable, whatever their number; it runs on a
thread of its own, so that a slow disk never keeps the tap from its ring. Nothing here is ever removed: see `appliance/discharge.py`.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from appliance import shelf
from appliance.errors import CouldNotError
from appliance.ids import CallId, is_id
from capture import blocks
from capture.effects import Hush, Keep, KeepReport
from capture.handles import Handles
from capture.marks import Mark
from capture.media import Stream

SIGNALLING = "signalling"
NOTE = "note"
_libc = ctypes.CDLL(None, use_errno=True)


class SpoolError(CouldNotError):
    """The spool could not be written: packets stay in memory and in the kernel's ring meanwhile."""


class ReelInUseError(CouldNotError):
    """Another process writes this reel."""


class Reel:
    """The folder of one source (an interface, a file), locked while it is written."""

    def __init__(self, spool: Path, name: str) -> None:
        self.folder = spool / name
        self.name = name
        self.changed = False
        """Whether something was written since the last sync."""
        self._files = Handles(self.folder)
        try:
            shelf.make_folder(self.folder)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise ReelInUseError(f"{self.folder}: another process records this source already; stop it first") from error
        except OSError as error:
            raise SpoolError(
                f"{self.folder}: the spool cannot be written ({error.strerror}); is the disk full or read-only?"
            ) from error

    def keep(self, messages: Iterable[Keep | KeepReport | Hush]) -> None:
        """Append SIP messages, RTCP and marks of pauses to their calls. Raises SpoolError."""
        gathered: dict[CallId, bytearray] = {}
        for message in messages:
            if isinstance(message, Hush):
                block = blocks.pause(message.mark)
            else:
                kind = blocks.RTCP if isinstance(message, KeepReport) else blocks.SIP
                block = blocks.sip_message(blocks.SipBlock(message.at, message.source, message.destination, message.raw), kind)
            gathered.setdefault(message.call, bytearray()).extend(block)
        for call, data in gathered.items():
            self._append(call, SIGNALLING, [bytes(data)])

    def packets(self, stream: Stream, packets: bytes) -> None:
        """Append packets to their stream, described first where its encodings are new. Raises SpoolError."""
        pieces = [blocks.head(blocks.PACKETS, packets), packets]
        if not stream.described:
            pieces.insert(0, blocks.description(describe(stream)))
        self._append(stream.call, file_of(stream), pieces)
        stream.described = True

    @property
    def note(self) -> str:
        """What the recorder before left to its successor, "" where it left nothing."""
        try:
            return (self.folder / NOTE).read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return ""

    def leave_note(self, note: str) -> None:
        """Leave a line to the next recorder of this reel. Raises SpoolError."""
        try:
            (self.folder / NOTE).write_text(note, "ascii")
        except OSError as error:
            raise SpoolError(f"{self.folder}: the spool cannot be written ({error.strerror}); free space on this disk") from error

    def calls(self) -> list[CallId]:
        """The calls that have a folder here."""
        return [CallId(path.name) for path in sorted(self.folder.iterdir()) if path.is_dir() and is_id(path.name)]

    def path(self, stream: Stream) -> Path:
        """The stream's file."""
        return self.folder / stream.call / file_of(stream)

    def close_call(self, call: CallId) -> None:
        """Close the files of a call."""
        self._files.close_call(call)

    def close(self) -> None:
        """Close every file and let the reel go."""
        self._files.close()
        os.close(self._lock)

    def set_aside(self, calls: Iterable[CallId]) -> None:
        """Move the folders of these calls into a reel of their own, which nobody writes."""
        place = 1
        while (aside := self.folder.with_name(f"{self.name}.{place}")).exists():
            place += 1
        for call in calls:
            self.close_call(call)
            try:
                shelf.make_folder(aside)
                (self.folder / call).rename(aside / call)
            except OSError as error:
                raise SpoolError(
                    f"{aside}: the spool cannot be written ({error.strerror}); is the disk full or read-only?"
                ) from error

    def retire(self) -> None:
        """Remove the folder of a source that will not come again, once all its calls are let go."""
        if not any(path.is_dir() for path in self.folder.iterdir()):
            shelf.remove_tree(self.folder, self.folder.parent)

    def sync(self) -> None:
        """Make everything written so far durable. Raises SpoolError."""
        self.changed = False
        try:
            sync_disk_of(self.folder)
        except SpoolError:
            self.changed = True
            raise

    def _append(self, call: CallId, name: str, pieces: list[bytes]) -> None:
        self.changed = True
        try:
            self._files.append(call, name, pieces)
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
            raise SpoolError(f"{self.folder / call}: the spool cannot be written ({reason}); free space on this disk") from error


def file_of(stream: Stream) -> str:
    """The name of the stream's file."""
    return f"{stream.segment}.rtp"


def signalling(folder: Path, kind: bytes = blocks.SIP) -> list[blocks.SipBlock]:
    """The SIP messages of a call's folder (or its RTCP), as far as they can be read. Raises OSError."""
    with (folder / SIGNALLING).open("rb") as file:
        return [blocks.read_sip(block.body) for block in blocks.read(file) if block.kind == kind]


def pauses(folder: Path) -> list[Mark]:
    """The marks of the call's pauses, oldest first, each once. Raises OSError."""
    with (folder / SIGNALLING).open("rb") as file:
        found = {blocks.read_pause(block.body) for block in blocks.read(file) if block.kind == blocks.PAUSE}
    return sorted(found)


def describe(stream: Stream) -> dict[str, object]:
    """What the spool says of a stream, so that its file explains itself."""
    facts: dict[str, object] = {
        "call": stream.call,
        "segment": stream.segment,
        "speaker": stream.speaker.value,
        "source": [stream.source.host.hex(), stream.source.port],
        "destination": [stream.destination.host.hex(), stream.destination.port],
        "ssrc": stream.ssrc,
        "encodings": {str(number): list(encoding) for number, encoding in stream.encodings.items()},
    }
    if stream.secrecy:
        facts |= {"keys": [list(key) for key in stream.keys], "secrecy": [list(since) for since in stream.secrecy]}
    return facts


def sync_disk_of(folder: Path) -> None:
    """syncfs(2) on the disk that holds `folder`. Raises SpoolError where the disk reports a failed write."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise SpoolError(f"{folder}: the spool cannot be opened ({error.strerror}); is its disk there?") from error
    try:
        if _libc.syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise SpoolError(f"{folder}: the disk failed to write ({os.strerror(number)}); replace it")
    finally:
        os.close(handle)


def abandoned(spool: Path) -> list[Path]:
    """Reels that nobody writes any more: their lock is free."""
    found = []
    for folder in sorted(spool.iterdir()) if spool.is_dir() else []:
        lock = folder / "lock"
        if folder.is_dir() and (not lock.exists() or _is_free(lock)):
            found.append(folder)
    return found


def _is_free(lock: Path) -> bool:
    handle = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(handle)
