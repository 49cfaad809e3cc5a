"""A folder on another machine, through SFTP: what an office's NAS or a data centre without object storage offers.

An object is written beside its final name, flushed, and renamed without overwriting. What an earlier try left is read back, and the
sending goes on at the first byte that differs. The key is `sftp.key` in the keys folder (mode 0600, no passphrase), the server's own
key must stand in `sftp.known_hosts` beside it: a server that shows another is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath

from pydantic import Field

from appliance import config
from appliance.folders import Folders
from uploader import filexfer
from uploader.filexfer import Attributes, FileTransferError, Kind, Status
from uploader.source import Slice, Source
from uploader.store import StoreAgainError, Stored, StoreRefusedError
from uploader.stores._sftp_session import Session, StatusError, missing

Names = list[tuple[str, Attributes]]
KEY_FILE, KNOWN_HOSTS = "sftp.key", "sftp.known_hosts"
_BLOCK = 1 << 15
_WINDOW = 16
"""Questions on the way at once, so that a distant server does not make every block wait for the last."""
_FSYNC = b"fsync@openssh.com"
PART = ".part"


class Options(config.Options):
    """Settings of `kind = "sftp"`."""

    host: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]*$", title="Host", description="Name or address of the server.")
    port: int = Field(default=22, ge=1, le=65535, title="Port", description="Its TCP port.")
    user: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", title="User", description="The account there.")
    path: str = Field(min_length=1, title="Path", description="The folder there; it must exist.")
    connect_seconds: int = Field(default=20, ge=1, title="Connect time-out", description="Seconds to wait for a connection.")
    read_seconds: int = Field(default=60, ge=1, title="Read time-out", description="Seconds without any progress before giving up.")


class SftpStore:
    """Objects as files below one folder of a server."""

    def __init__(self, session: Session, root: str, name: str) -> None:
        self._session, self._root, self._name = session, root.rstrip("/") or "/", name

    def put(self, key: str, source: Source) -> None:
        """Write the bytes durably under their key; what is there already stays. Raises StoreError."""
        target = self._path(key)
        part = target.rpartition("/")[0] + f"/.{target.rpartition('/')[2]}{PART}"
        try:
            with source.open() as body:
                self._write(part, body, key)
        except OSError as error:
            raise StoreAgainError(f"{source.path}: cannot be read ({error.strerror})") from error
        with self._told(key):
            try:
                self._session.ask(Kind.RENAME, _name(part), _name(target))
            except StatusError as error:
                if error.status != Status.FAILURE or self.look(key) is None:
                    raise
                self._session.ask(Kind.REMOVE, _name(part))  # it is there already; the delivery compares it

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The object's bytes [start, end) in pieces. Raises MissingObjectError or StoreError."""
        with self._told(key):
            handle = self._open(self._path(key), filexfer.READ)
            try:
                yield from self._blocks(handle, start, end)
            finally:
                self._close(handle)

    def look(self, key: str) -> Stored | None:
        """The object's size. Raises StoreError."""
        with self._told(key):
            found = self._stat(self._path(key))
            return None if found is None else Stored(key, found.size)

    def list(self, prefix: str) -> Iterator[Stored]:
        """Objects by key. Raises StoreError."""
        base = prefix.rpartition("/")[0]
        with self._told(prefix):
            if self._stat(self._root) is None:
                raise StoreRefusedError(
                    f"{self._name}: the folder {self._root} is not there; make it, or correct store.options.path"
                )
            found = [item for item in self._walk(base) if item.key.startswith(prefix)]
        yield from sorted(found)

    def remove(self, key: str) -> int:
        """Erase the object and what an unfinished try left of it; returns how many there were. Raises StoreError."""
        target, gone = self._path(key), 0
        with self._told(key):
            for path in (target, target.rpartition("/")[0] + f"/.{target.rpartition('/')[2]}{PART}"):
                if self._stat(path) is not None:
                    self._session.ask(Kind.REMOVE, _name(path))
                    gone += 1
        return gone

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _write(self, part: str, body: Slice, key: str) -> None:
        with self._told(key):
            present = self._stat(part)
            if present is not None and present.size > body.size:
                self._session.ask(Kind.REMOVE, _name(part))
                present = None
            handle = self._create(part)
            try:
                if present is not None:
                    body.seek(self._equal(handle, body, present.size))
                self._send(handle, body)
                if _FSYNC in self._session.extensions:
                    self._session.ask(Kind.EXTENDED, filexfer.text(_FSYNC), filexfer.text(handle))
            finally:
                self._close(handle)

    def _create(self, part: str) -> bytes:
        try:
            return self._open(part, filexfer.READ | filexfer.WRITE | filexfer.CREATE)
        except StatusError as error:
            if error.status != Status.NO_SUCH_FILE:
                raise
        if self._stat(self._root) is None:
            raise StoreRefusedError(f"{self._name}: the folder {self._root} is not there; make it, or correct store.options.path")
        folder = PurePosixPath(part).parent
        for path in reversed([folder, *folder.parents]):
            if len(str(path)) > len(self._root):
                with suppress(StatusError):  # it may be there; the open says what is wrong otherwise
                    self._session.ask(Kind.MKDIR, _name(str(path)), filexfer.NO_ATTRIBUTES)
        return self._open(part, filexfer.READ | filexfer.WRITE | filexfer.CREATE)

    def _equal(self, handle: bytes, body: Slice, size: int) -> int:
        """How many bytes of an earlier try are the ones we mean."""
        equal = 0
        body.hush(True)
        for piece in self._blocks(handle, 0, size):
            mine = body.read(len(piece))
            if mine != piece:
                break
            equal += len(piece)
        body.hush(False)
        return equal

    def _send(self, handle: bytes, body: Slice) -> None:
        waiting: deque[int] = deque()
        at = body.tell()
        while piece := body.read(_BLOCK):
            waiting.append(self._session.send(Kind.WRITE, filexfer.text(handle), filexfer.large(at), filexfer.text(piece)))
            at += len(piece)
            if len(waiting) >= _WINDOW:
                self._session.answer(waiting.popleft())
        for question in waiting:
            self._session.answer(question)

    def _blocks(self, handle: bytes, start: int, end: int | None) -> Iterator[bytes]:
        """Bytes [start, end) of an open file; several questions are on the way at once."""
        waiting: deque[tuple[int, int, int]] = deque()
        try:
            yield from self._asked(handle, start, end, waiting)
        finally:
            for question, _, _ in waiting:
                self._session.forget(question)

    def _asked(self, handle: bytes, at: int, end: int | None, waiting: deque[tuple[int, int, int]]) -> Iterator[bytes]:
        over = False
        while True:
            while not over and len(waiting) < _WINDOW and (end is None or at < end):
                count = _BLOCK if end is None else min(_BLOCK, end - at)
                waiting.append((self._ask_read(handle, at, count), at, count))
                at += count
            if not waiting:
                return
            question, place, count = waiting.popleft()
            try:
                piece = self._session.answer(question)[1].text()
            except StatusError as error:
                if error.status != Status.EOF:
                    raise
                over = True
                continue
            yield piece
            if len(piece) < count:  # a short answer: the rest is asked for again, first
                place, count = place + len(piece), count - len(piece)
                waiting.appendleft((self._ask_read(handle, place, count), place, count))

    def _ask_read(self, handle: bytes, at: int, count: int) -> int:
        return self._session.send(Kind.READ, filexfer.text(handle), filexfer.large(at), filexfer.number(count))

    def _walk(self, below: str) -> Iterator[Stored]:
        try:
            handle = self._session.ask(Kind.OPENDIR, _name(self._path(below) if below else self._root))[1].text()
        except StatusError as error:
            if error.status == Status.NO_SUCH_FILE:
                return
            raise
        found: Names = []
        try:
            with suppress(_EndError):
                while True:
                    found += self._names(handle)
        finally:
            self._close(handle)
        for name, about in found:
            key = f"{below}/{name}" if below else name
            if about.folder:
                yield from self._walk(key)
            else:
                yield Stored(key, about.size)

    def _names(self, handle: bytes) -> Names:
        try:
            reader = self._session.ask(Kind.READDIR, filexfer.text(handle))[1]
        except StatusError as error:
            if error.status == Status.EOF:
                raise _EndError from error
            raise
        found = []
        for _ in range(reader.number()):
            name = reader.text().decode("utf-8", "surrogateescape")
            reader.text()
            about = reader.attributes()
            if not name.startswith("."):
                found.append((name, about))
        return found

    def _open(self, path: str, flags: int) -> bytes:
        return self._session.ask(Kind.OPEN, _name(path), filexfer.number(flags), filexfer.NO_ATTRIBUTES)[1].text()

    def _close(self, handle: bytes) -> None:
        if self._session.alive:
            with suppress(StatusError, StoreAgainError):
                self._session.ask(Kind.CLOSE, filexfer.text(handle))

    def _stat(self, path: str) -> Attributes | None:
        try:
            return self._session.ask(Kind.STAT, _name(path))[1].attributes()
        except StatusError as error:
            if error.status == Status.NO_SUCH_FILE:
                return None
            raise

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """A server's status as one of our errors."""
        try:
            yield
        except StatusError as error:
            if error.status == Status.NO_SUCH_FILE:
                raise missing(self._name, key) from error
            if error.status == Status.PERMISSION_DENIED:
                raise StoreRefusedError(
                    f"{key}: {self._name} refuses ({error}); give the account the right to write there"
                ) from error
            raise StoreAgainError(f"{key}: {self._name} could not do it ({error}); is its disk full?") from error
        except FileTransferError as error:
            self._session.close()
            raise StoreAgainError(f"{key}: {self._name} answers with something else than SFTP ({error})") from error

    def _path(self, key: str) -> str:
        parts = PurePosixPath(key).parts
        if not parts or ".." in parts or key.startswith("/") or "\0" in key:
            raise StoreRefusedError(f"{key}: is no key of ours")
        return f"{self._root}/{key}" if self._root != "/" else f"/{key}"


class _EndError(Exception):
    """A folder has no more names."""


def open_store(options: Options, folders: Folders) -> SftpStore:
    """The store of these options. Raises StoreRefusedError where the key or the server's key is missing."""
    key, known = folders.keys / KEY_FILE, folders.keys / KNOWN_HOSTS
    for path, mend in ((key, "make one: ssh-keygen -t ed25519 -N '' -f"), (known, "write the server's key there: ssh-keyscan >")):
        if not path.exists():
            raise StoreRefusedError(f"{path}: is missing; {mend} {path}")
    command = [
        "ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", f'UserKnownHostsFile="{known.absolute()}"',
        "-o", "GlobalKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", f'IdentityFile="{key.absolute()}"',
        "-o", f"ConnectTimeout={options.connect_seconds}", "-o", f"ServerAliveInterval={max(1, options.read_seconds // 3)}",
        "-o", "ServerAliveCountMax=3", "-o", "ClearAllForwardings=yes", "-o", "LogLevel=ERROR",
        "-p", str(options.port), "-l", options.user, "-s", options.host, "sftp",
    ]  # fmt: skip
    name = f"{options.user}@{options.host}"
    return SftpStore(Session(command, name, options.read_seconds), options.path, name)


def _name(path: str) -> bytes:
    return filexfer.text(path.encode("utf-8", "surrogateescape"))
