"""One connection carries many questions, a broken one none; a large body leaves only when the server wants it."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from uploader.source import Source
from uploader.stores._s3_sign import Keys
from uploader.stores._s3_wire import SEND_BUFFER, Ask, Patience, Place, UnreachedError, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
Talk = Callable[[socket.socket], None]


@contextmanager
def serving(*talks: Talk) -> Iterator[Wire]:
    """A server that has one talk on each connection, in this order."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for talk in talks:
                with listener.accept()[0] as line:
                    line.settimeout(30)
                    talk(line)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        wire = Wire(Place(False, "127.0.0.1", listener.getsockname()[1], "/bucket"), Keys("A", "B", "here"), Patience(5, 5), None)
        yield wire
        wire.close()
        thread.join(30)
        assert not thread.is_alive()


def heard(line: socket.socket, end: bytes = b"\r\n\r\n") -> bytes:
    """What comes up to these bytes."""
    found = b""
    while not found.endswith(end):
        piece = line.recv(1 << 16)
        assert piece, "the line ended"
        found += piece
    return found


@pytest.fixture
def large(tmp_path: Path) -> Source:
    path = tmp_path / "large"
    path.write_bytes(bytes(SEND_BUFFER + 1) + b"END")
    return Source(path, hashlib.sha256(path.read_bytes()).hexdigest())


def test_questions_follow_one_another_on_one_connection() -> None:
    def talk(line: socket.socket) -> None:
        for _ in range(3):
            heard(line)
            line.sendall(OK)

    with serving(talk) as wire:
        assert [wire.ask(Ask("GET", "key")).body for _ in range(3)] == [b"ok"] * 3


def test_a_connection_that_the_server_ended_is_not_asked_again() -> None:
    ended = threading.Event()

    def once(line: socket.socket) -> None:
        heard(line)
        line.sendall(OK)
        line.shutdown(socket.SHUT_RDWR)
        ended.set()

    with serving(once, once) as wire:
        assert wire.ask(Ask("GET", "key")).body == b"ok"
        assert ended.wait(30)
        assert wire.ask(Ask("GET", "key")).body == b"ok"


def test_an_answer_that_was_not_read_to_its_end_ends_its_connection() -> None:
    def long(line: socket.socket) -> None:
        heard(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")

    def short(line: socket.socket) -> None:
        heard(line)
        line.sendall(OK)

    with serving(long, short) as wire:
        with wire.asked(Ask("GET", "key")) as answer:
            assert answer.read(2) == b"ha"
        assert wire.ask(Ask("GET", "key")).body == b"ok"


@pytest.mark.parametrize("cut", [b"", b"HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_an_answer_that_is_cut_anywhere_is_none(cut: bytes) -> None:
    def talk(line: socket.socket) -> None:
        heard(line)
        line.sendall(cut)

    with serving(talk) as wire, pytest.raises(UnreachedError):
        wire.ask(Ask("GET", "key"))


def test_a_large_body_leaves_when_the_server_wants_it(large: Source) -> None:
    def talk(line: socket.socket) -> None:
        assert b"expect: 100-continue" in heard(line)
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert len(heard(line, b"END")) == SEND_BUFFER + 4
        line.sendall(OK)

    left: list[int] = []
    with serving(talk) as wire, large.metered(left.append).open() as body:
        assert wire.ask(Ask("PUT", "key", body=body)).status == 200
    assert sum(left) == SEND_BUFFER + 4


def test_a_large_body_that_the_server_does_not_want_stays_here(large: Source) -> None:
    def talk(line: socket.socket) -> None:
        heard(line)
        line.sendall(NO)
        assert line.recv(1) == b"", "nothing more came on this connection"

    left: list[int] = []
    with serving(talk) as wire, large.metered(left.append).open() as body:
        assert wire.ask(Ask("PUT", "key", body=body)).status == 403
    assert left == []


def test_a_server_that_never_says_that_it_wants_the_body_gets_it_all_the_same(large: Source) -> None:
    def talk(line: socket.socket) -> None:
        heard(line, b"END")
        line.sendall(OK)

    with serving(talk) as wire, large.open() as body:
        assert wire.ask(Ask("PUT", "key", body=body)).status == 200


def test_what_a_server_says_before_it_had_the_whole_body_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(bytes(SEND_BUFFER))

    def talk(line: socket.socket) -> None:
        line.recv(100)
        line.sendall(NO)

    with serving(talk) as wire, Source(path).open() as body:
        try:
            assert wire.ask(Ask("PUT", "key", body=body)).status == 403
        except UnreachedError:
            return  # the connection was reset before the answer could be read; the question is asked again


def test_an_empty_body_is_said_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()

    def talk(line: socket.socket) -> None:
        assert b"content-length: 0" in heard(line)
        line.sendall(OK)

    with serving(talk) as wire, Source(path).open() as body:
        assert wire.ask(Ask("PUT", "key", body=body)).status == 200
