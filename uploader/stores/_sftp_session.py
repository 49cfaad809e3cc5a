"""One SFTP session over OpenSSH's `ssh`, a process of its own: it does the keys and the encryption, we speak SFTP through its pipes.

Why no library: paramiko is LGPL, asyncssh EPL, both bring a second implementation of SSH to keep mended; `ssh` is BSD-licensed, on every
box already, and mended by Debian. Its own `sftp` program would have to be talked to in words meant for people, and cannot go on at an
offset that we have checked. A question that makes no progress for `quiet_s` seconds ends the session; the next one begins another.
"""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import IO

from uploader import filexfer
from uploader.filexfer import FileTransferError, Kind, Reader, Status
from uploader.store import MissingObjectError, StoreAgainError, StoreError, StoreRefusedError

_REFUSALS = (
    "Permission denied", "Host key verification failed", "host key has just been changed", "Load key", "no such identity",
    "subsystem request failed", "Bad configuration", "no matching", "unprotected private key", "No such file or directory",
)  # fmt: skip
_WAIT_AT_END_S = 5.0


class StatusError(Exception):
    """The server answered with this status."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words or f"status {status}")
        self.status = status


class Session:
    """Questions and answers. A session belongs to one thread."""

    def __init__(self, command: Sequence[str], name: str, quiet_s: float) -> None:
        self._command, self._name, self._quiet_s = list(command), name, quiet_s
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._answers: dict[int, tuple[int, bytes]] = {}
        self._splitter = filexfer.Splitter()
        self._last = 0
        self._forgotten: set[int] = set()
        self.extensions: dict[bytes, bytes] = {}

    def send(self, kind: Kind, *fields: bytes) -> int:
        """Ask without waiting; returns the question's number. Raises StoreError."""
        self._connect()
        self._last = self._last % 0xFFFFFFFF + 1
        self._write(filexfer.packet(kind, filexfer.number(self._last), *fields))
        return self._last

    def answer(self, question: int) -> tuple[int, Reader]:
        """Wait for the answer. Raises StatusError for a status that is not OK, StoreError when the line breaks."""
        while question not in self._answers:
            self._receive()
        kind, body = self._answers.pop(question)
        reader = Reader(body)
        if kind == Kind.STATUS:
            status = reader.number()
            if status != Status.OK:
                words = reader.text().decode("utf-8", "replace") if reader.left >= 4 else ""
                raise StatusError(status, words)
        return kind, reader

    def ask(self, kind: Kind, *fields: bytes) -> tuple[int, Reader]:
        """Ask and wait."""
        return self.answer(self.send(kind, *fields))

    @property
    def alive(self) -> bool:
        """Whether what was opened in it is still open."""
        return self._process is not None

    def forget(self, question: int) -> None:
        """Nobody waits for this answer any more."""
        if self._answers.pop(question, None) is None:
            self._forgotten.add(question)

    def close(self) -> None:
        """End the session."""
        process, self._process = self._process, None
        self._answers.clear()
        self._forgotten.clear()
        self._splitter = filexfer.Splitter()
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(_WAIT_AT_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._errors is not None:
            self._errors.close()

    def _connect(self) -> None:
        if self._process is not None:
            return
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own words, checked by Options
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0
            )
        except OSError as error:
            self._errors.close()
            raise StoreRefusedError(f"{self._command[0]}: cannot be started ({error.strerror}); install openssh-client") from error
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._write(filexfer.packet(Kind.INIT, filexfer.number(filexfer.VERSION)))
        self._answers.clear()
        while -1 not in self._answers:
            self._receive()
        reader = Reader(self._answers.pop(-1)[1])
        try:
            reader.number()
            while reader.left:
                name = reader.text()
                self.extensions[name] = reader.text()
        except FileTransferError as error:
            raise self._broken(str(error)) from error

    def _write(self, data: bytes) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        rest, handle = memoryview(data), process.stdin.fileno()
        while rest:
            if not select.select([], [handle], [], self._quiet_s)[1]:
                raise self._broken("the line stands still")
            try:
                rest = rest[os.write(handle, rest[: 1 << 16]) :]
            except BlockingIOError:
                time.sleep(0.01)
            except OSError as error:
                raise self._broken("the connection broke") from error

    def _receive(self) -> None:
        process = self._process
        if process is None:
            raise StoreAgainError(f"{self._name}: the session is over")
        assert process.stdout is not None
        handle = process.stdout.fileno()
        if not select.select([handle], [], [], self._quiet_s)[0]:
            raise self._broken("the server fell silent")
        data = os.read(handle, 1 << 18)
        if not data:
            raise self._broken("the connection broke")
        try:
            for kind, body in self._splitter.feed(data):
                if kind == Kind.VERSION:
                    self._answers[-1] = (kind, body)
                elif (question := int.from_bytes(body[:4], "big")) in self._forgotten:
                    self._forgotten.remove(question)
                else:
                    self._answers[question] = (kind, body[4:])
        except FileTransferError as error:
            raise self._broken(str(error)) from error

    def _broken(self, what: str) -> StoreError:
        """The error for a line that broke, by what ssh has to say of it; the session is over."""
        process, words = self._process, ""
        if process is not None:
            process.kill()
            process.wait()
            if self._errors is not None:
                self._errors.seek(0)
                lines = self._errors.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
                words = " ".join(line.strip() for line in lines if not line.startswith(("@", "Warning: Permanently")))[:400]
        self.close()
        if any(sign in words for sign in _REFUSALS):
            return StoreRefusedError(f"{self._name}: refuses ({words}); check sftp.key, sftp.known_hosts and the account")
        return StoreAgainError(f"{self._name}: not reached ({words or what}); check the network and store.options.host")


def missing(name: str, key: str) -> MissingObjectError:
    """There is no such object."""
    return MissingObjectError(f"{key}: there is no such object on {name}")
