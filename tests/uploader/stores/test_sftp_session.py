"""A server that dies, falls silent, talks nonsense or is not there: later or a person, and another session. Faults F13, F30."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from uploader import filexfer
from uploader.filexfer import Kind
from uploader.store import MissingObjectError, StoreAgainError, StoreRefusedError
from uploader.stores._sftp_session import Session, StatusError, missing

HELLO = "sys.stdout.buffer.write(bytes([0,0,0,5,2,0,0,0,3])); sys.stdout.flush(); sys.stdin.buffer.read(9); "


def server(script: str) -> list[str]:
    """A command that speaks as this script says."""
    return [sys.executable, "-c", f"import sys, time; {script}"]


@pytest.fixture
def sessions() -> Iterator[list[Session]]:
    opened: list[Session] = []
    yield opened
    for session in opened:
        session.close()


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        ("", StoreAgainError, "the connection broke"),
        ("time.sleep(60)", StoreAgainError, "fell silent"),
        ("print('Welcome to the NAS'); time.sleep(60)", StoreAgainError, "is that an SFTP server"),
        ("sys.stderr.write('Host key verification failed.')", StoreRefusedError, "Host key verification failed"),
        ("sys.stderr.write('box@nas: Permission denied (publickey).')", StoreRefusedError, "Permission denied"),
        ("sys.stderr.write('ssh: Could not resolve hostname nas')", StoreAgainError, "Could not resolve"),
        ("sys.stderr.write('connect to host nas port 22: Connection refused')", StoreAgainError, "Connection refused"),
        (HELLO + "sys.stdin.buffer.read(10)", StoreAgainError, "the connection broke"),
        (HELLO + "time.sleep(60)", StoreAgainError, "fell silent"),
    ],
)
def test_f13_f30_what_is_wrong_with_the_line_is_told_apart(
    sessions: list[Session], script: str, error: type[Exception], words: str
) -> None:
    session = Session(server(script), "box@nas", 1.0)
    sessions.append(session)
    with pytest.raises(error, match=words):
        session.ask(Kind.STAT, filexfer.text(b"/"))
    with pytest.raises(error, match=words):  # a new session, the same trouble
        session.ask(Kind.STAT, filexfer.text(b"/"))


def test_a_program_that_is_not_there_needs_a_person() -> None:
    with pytest.raises(StoreRefusedError, match="install openssh-client"):
        Session(["/nowhere/ssh"], "box@nas", 1.0).ask(Kind.STAT, filexfer.text(b"/"))


def test_a_status_is_told_with_the_servers_words(sessions: list[Session]) -> None:
    status = filexfer.packet(Kind.STATUS, filexfer.number(1), filexfer.number(4), filexfer.text(b"disk quota"), filexfer.text(b""))
    session = Session(server(HELLO + f"sys.stdout.buffer.write({status!r}); sys.stdout.flush(); time.sleep(60)"), "nas", 10.0)
    sessions.append(session)
    with pytest.raises(StatusError, match="disk quota") as raised:
        session.ask(Kind.STAT, filexfer.text(b"/"))
    assert raised.value.status == 4


def test_an_answer_that_nobody_waits_for_is_let_go(sessions: list[Session]) -> None:
    answers = b"".join(
        filexfer.packet(Kind.HANDLE, filexfer.number(number), filexfer.text(str(number).encode())) for number in (1, 2)
    )
    session = Session(server(HELLO + f"sys.stdout.buffer.write({answers!r}); sys.stdout.flush(); time.sleep(60)"), "nas", 10.0)
    sessions.append(session)
    first, second = session.send(Kind.OPENDIR), session.send(Kind.OPENDIR)
    session.forget(first)
    assert session.answer(second)[1].text() == b"2"


def test_a_missing_object_names_its_place() -> None:
    assert isinstance(missing("box@nas", "v1/key"), MissingObjectError)
    assert "v1/key" in str(missing("box@nas", "v1/key"))
