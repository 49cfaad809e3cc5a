"""The tap's control socket answers its own services in one sentence, and never keeps the tap waiting."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.moments import SECOND
from capture import control as module
from capture.control import MAX_CLIENTS, Control, allowed
from tests.bed.made import MadeCall
from tests.capture.test_recorder import Desk
from tests.fakes.clock import FakeClock

MADE = MadeCall(talk=0.4)


class Table:
    """A control socket with a call under way."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder)
        self.desk.take([captured for captured in MADE.frames() if captured.at < MADE.begin + SECOND * 6 // 10])
        (self.call,) = self.desk.engine.tracker.dialogs
        self.clock = FakeClock(MADE.begin + SECOND)
        self.run = folder / "run"
        self.control = Control(self.run, "eth1", self.desk.recorder, self.clock.now, self.clock.monotonic)

    def connect(self) -> socket.socket:
        """A client."""
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.connect(str(self.run / "eth1.control"))
        client.settimeout(1)
        return client

    def ask(self, request: object) -> Any:
        """What is answered once the disk has the mark."""
        with self.connect() as client:
            client.send(request if isinstance(request, bytes) else json.dumps(request).encode())
            self.control.round()
            self.desk.work()
            for entry in self.desk.pen.entries:
                while entry.synced:
                    entry.synced.pop(0)()
            return json.loads(client.recv(4096))


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    """It."""
    made = Table(tmp_path)
    yield made
    made.control.close()


def test_a_call_is_paused_looked_at_and_resumed(table: Table) -> None:
    who = {"who": "admin", "why": "card"}
    now = table.clock.now()
    assert table.ask({"do": "look", "call": table.call}) == {"recorded": True, "paused": False, "detail": ""}
    assert table.ask({"do": "pause", "call": table.call, **who}) == {"at": now, "until": now + 600 * SECOND}
    assert table.ask({"do": "look", "call": table.call})["paused"] is True
    assert table.ask({"do": "pause", "call": table.call, **who}) == {"error": f"call {table.call}: is paused already", "kind": ""}
    table.clock.forward(1)
    assert "at" in table.ask({"do": "resume", "call": table.call, **who})
    assert table.ask({"do": "look", "call": table.call})["paused"] is False


def test_a_call_that_nobody_knows_is_said_to_be_so(table: Table) -> None:
    for do in ("pause", "look"):
        answer = table.ask({"do": do, "call": "a" * 16})
        assert (answer["kind"], "is not under way here" in answer["error"]) == ("unknown", True)


@pytest.mark.parametrize(
    "request_", [b"", b"{", b"[]", {"do": "stop", "call": "a" * 16}, {"do": "pause", "call": "../x"}, {"do": "pause", "call": 5},
                 {"do": "pause", "call": "a" * 16, "why": "x" * 5000}, {"do": ["pause"], "call": "a" * 16}, b"[" * 4000],
    ids=str,
)  # fmt: skip
def test_what_is_no_request_is_refused(table: Table, request_: object) -> None:
    if request_ == b"":
        return
    assert table.ask(request_) == {"error": "is no request; see appliance/tap_control.py"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(data=st.binary(min_size=1, max_size=300))
def test_any_bytes_get_one_sentence(table: Table, data: bytes) -> None:
    assert set(table.ask(data)) >= {"error"}


def test_others_are_refused(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "allowed", lambda client: False)
    assert table.ask({"do": "pause", "call": table.call}) == {"error": "that is for root and the box's own services"}


@pytest.mark.parametrize(
    ("user", "group", "may"), [(0, 5, True), (1000, 1000, True), (1001, 1000, True), (1001, 1001, False), (1001, 0, False)]
)
def test_root_our_account_and_our_group_may_ask(monkeypatch: pytest.MonkeyPatch, user: int, group: int, may: bool) -> None:
    class Peer:
        def getsockopt(self, level: int, option: int, size: int) -> bytes:
            assert option == socket.SO_PEERCRED
            return b"".join(number.to_bytes(4, "little") for number in (1, user, group))

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getegid", lambda: 1000)
    assert allowed(Peer()) is may  # type: ignore[arg-type]


def test_the_socket_is_for_the_group_alone(table: Table) -> None:
    assert stat.S_IMODE((table.run / "eth1.control").stat().st_mode) == 0o660


def test_clients_that_say_nothing_cost_nothing(table: Table) -> None:
    silent = [table.connect() for _ in range(MAX_CLIENTS)]
    table.control.round()
    table.clock.forward(6)
    table.control.round()
    assert table.ask({"do": "look", "call": table.call})["recorded"] is True
    for client in silent:
        assert client.recv(10) == b""
        client.close()


def test_where_no_socket_can_be_hung_recording_goes_on(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    desk = Desk(tmp_path)
    control = Control(tmp_path / "run", "eth1", desk.recorder, FakeClock().now, FakeClock().monotonic)
    control.round()
    control.close()
