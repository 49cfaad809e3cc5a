"""A database that is locked, or not there yet, holds nobody up and loses nothing."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import Heartbeat, NodeEntered
from ivr_flows import teller as module
from ivr_flows.teller import Teller
from tests.bed.house import wait_for


def entered(number: int) -> NodeEntered:
    return NodeEntered(at=number, call="c" * 32, flow="main", revision="0001-abcdefgh", node=f"n{number}")


@pytest.fixture
def teller(box: Box, monkeypatch: pytest.MonkeyPatch) -> Iterator[Teller]:
    monkeypatch.setattr(module, "AGAIN_S", 0.05)
    monkeypatch.setattr("appliance.ledger.BUSY_TIMEOUT_S", 0.05)
    teller = Teller(box.folders)
    teller.start()
    yield teller
    teller.close()


def nodes(box: Box) -> list[str]:
    with Ledger.open(box.folders.ledger) as ledger:
        return [row.record.node for row in ledger.since(0, [NodeEntered], 100_000) if isinstance(row.record, NodeEntered)]


def test_facts_come_into_the_ledger_in_order(box: Box, teller: Teller) -> None:
    for number in range(500):
        teller.tell(entered(number))
    wait_for("the facts", lambda: len(nodes(box)) == 500)
    assert nodes(box) == [f"n{number}" for number in range(500)]


def test_while_the_database_is_locked_telling_returns_at_once_and_nothing_is_lost(box: Box, teller: Teller) -> None:
    Ledger.open(box.folders.ledger).close()
    lock = sqlite3.connect(box.folders.ledger, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    for number in range(10):
        teller.tell(entered(number))
    time.sleep(0.3)
    assert teller.waiting == 10
    lock.execute("ROLLBACK")
    lock.close()
    wait_for("the facts", lambda: len(nodes(box)) == 10)
    assert teller.lost == 0


def test_more_than_memory_should_hold_loses_the_oldest_and_counts_them(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 5)
    teller = Teller(box.folders)  # not begun: nothing is written
    teller.tell(*(entered(number) for number in range(8)))
    assert (teller.waiting, teller.lost) == (5, 3)


def test_the_heartbeat_is_the_newest(box: Box, teller: Teller) -> None:
    for state in ("failing: x", "ok"):
        teller.beat(Heartbeat(at=1, service="ivr", pid=os.getpid(), state=state, detail={}))

    def said() -> list[str]:
        with Ledger.open(box.folders.ledger) as ledger:
            return [beat.state for beat in ledger.heartbeats()]

    wait_for("the heartbeat", lambda: said() == ["ok"])


def test_what_waits_at_the_end_is_written(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    teller = Teller(box.folders)
    teller.start()
    teller.tell(entered(1))
    teller.close()
    assert nodes(box) == ["n1"]
