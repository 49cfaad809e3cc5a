"""The wing's page in the console: a call under way as WAV, every listening a fact, and a sentence where there is nothing to hear."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from appliance import tap_control
from appliance.box import Box
from appliance.ids import CallId, recording_id
from appliance.ledger import Ledger
from appliance.pages import NotHereError, Stream, Visit
from appliance.records import Listened
from capture import pages
from tests.fakes import facts
from tests.fakes.clock import START


def visit(box: Box, ledger: Ledger, call: str = facts.CALL) -> Visit:
    return Visit(box=box, ledger=ledger, now=START, account="admin", language="ja", values={"call": call})


@pytest.fixture
def under_way(box: Box, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A call under way, with what the tap says of it."""
    state: dict[str, Any] = {"recorded": True, "paused": False, "detail": ""}
    ledger.append(facts.ringing(), facts.answered())
    monkeypatch.setattr(tap_control, "look", lambda run, call: state)

    def connect(run: Path, call: str) -> tuple[int, pages.Sound]:
        theirs, ours = socket.socketpair()
        theirs.sendall(b"abcd")
        theirs.close()
        return 16000, pages.Sound(ours)

    monkeypatch.setattr(pages, "connect", connect)
    return state


def test_a_call_is_heard_as_a_wav_without_an_end(box: Box, ledger: Ledger, under_way: dict[str, Any]) -> None:
    (page,) = pages.pages()
    assert page.rights == ("live",)
    given = page.answer(visit(box, ledger))
    assert isinstance(given, Stream)
    head, rest = list(given.pieces)
    assert (given.media_type, rest, len(head)) == ("audio/wav", b"abcd", 44)
    assert struct.unpack("<4sI4s4sIHHIIHH4sI", head)[5:11] == (1, 2, 16000, 64000, 4, 16)
    listened = [row.record for row in ledger.of(recording_id(CallId(facts.CALL))) if isinstance(row.record, Listened)]
    assert [(record.who, record.where) for record in listened] == [("admin", "live")]


def test_an_excluded_call_is_not_heard_and_nothing_is_noted(box: Box, ledger: Ledger, under_way: dict[str, Any]) -> None:
    under_way |= {"recorded": False, "detail": "rule counselling"}
    with pytest.raises(NotHereError, match=r"is not recorded \(rule counselling\), and so it cannot be heard"):
        pages.listen(visit(box, ledger))
    assert ledger.latest(Listened) is None


@pytest.mark.parametrize("call", ["b" * 16, "../x", ""])
def test_an_unknown_call_is_not_here(box: Box, ledger: Ledger, call: str) -> None:
    with pytest.raises(NotHereError, match="no such call"):
        pages.listen(visit(box, ledger, call))


def test_a_call_that_is_over_is_not_here(box: Box, ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.answered(), facts.ended())
    with pytest.raises(NotHereError, match="is over"):
        pages.listen(visit(box, ledger))
