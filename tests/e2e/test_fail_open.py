"""The phone system fails open: whatever befalls the service, at whatever node its callers are, within 5 s each of them speaks with the
office or goes on in the flow; nobody stays in silence, and nobody who speaks is cut off.

Callers wait in every node that waits for something. The office answers every call. "The fallback" is where the dialplan goes by itself.
"""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import needs
from tests.bed.asterisk import UnavailableError
from tests.bed.exchange import PROGRAM, Exchange
from tests.bed.house import wait_for
from tests.bed.passage import Passage

pytestmark = [needs.root, needs.namespaces(), needs.program("mmdebstrap", "sipp")]

WITHIN_S = 10.0
"""5 s are promised; the rest is for a machine that runs many tests at once."""
SILENCE_S = 6.0
"""Longer than a lease: who is still where he was has not been forgotten."""
HEAD = "flow: {name}\nlanguage: ja\nstart: first\nfallback: group:front\nhosts: [127.0.0.1]\nnodes:\n  first: {node}\n"
BYE = "  bye: {type: hangup}\n"
NODES = {
    "menu": '{type: menu, say: "1を押してください。", keys: {"1": {go: bye}}, timeout: 60s, no_input: {tries: 2, then: bye}, '
    "wrong_key: {tries: 2, then: bye}}",
    "play": '{type: play, say: "長いお話です。", next: bye}',
    "collect": '{type: collect, say: "番号を押してください。", into: number, min: 4, max: 4, timeout: 60s, '
    "no_input: {tries: 2, then: bye}, wrong_key: {tries: 2, then: bye}, next: bye}",
    "http": '{type: http, url: "http://127.0.0.1:9009/", timeout: 30s, next: bye, error: bye}',
    "record": "{type: record, as: note, max: 60s, silence: 0s, next: bye, error: bye}",
    "talk": "{type: ring_group, group: front, ring: 20s, no_answer: bye, busy: bye}",
    "away": "{type: ring_group, group: nobody, ring: 60s, no_answer: bye, busy: bye}",
}
INSIDE = ("menu", "play", "collect", "http", "record")


def flows() -> list[str]:
    return [HEAD.format(name=f"at_{name}", node=node) + BYE for name, node in NODES.items()]


@contextmanager
def exchange_of(folder: Path, program: tuple[str, ...] = PROGRAM) -> Iterator[Exchange]:
    try:
        exchange = Exchange(folder, flows(), program=program, seconds=40.0)
    except UnavailableError as error:
        pytest.skip(str(error))
    with exchange.running():
        yield exchange


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with exchange_of(tmp_path_factory.mktemp("open"), (*PROGRAM, "--ari-port", "8089")) as exchange:
        yield exchange


@pytest.fixture
def exchange(running: Exchange) -> Iterator[Exchange]:
    with Passage(running.lan.names["pbx"], 8089, 8088) as passage:
        running.passage = passage
        running.start()
        yield running
        running.kill()
        running.expected.append("Stasis app 'appliance' not active")
        running.settled()


def everywhere(exchange: Exchange) -> list[str]:
    """A caller at every node; returns the far ends of those who are in the application, and whom it is up to."""
    exchange.listen(9009)
    before = len(exchange.nodes())
    for name in NODES:
        exchange.call(f"at_{name}")
    wait_for("callers everywhere", lambda: len(exchange.nodes()) >= before + len(NODES))
    wait_for("a conversation", lambda: len(exchange.talking()) == 1)
    wait_for("the callers inside", lambda: len(exchange.inside()) == len(INSIDE))
    time.sleep(1.0)
    return exchange.talking()


def everyone_is_served(exchange: Exchange, talked: list[str], count: int = len(INSIDE) + 1) -> None:
    """Those who were inside speak with the office in time, and who spoke before speaks still."""
    try:
        wait_for(f"{count} conversations", lambda: len(exchange.talking()) == count or None, WITHIN_S)
    except AssertionError as error:
        raise AssertionError(f"{error}: {exchange.talking()} {exchange.places()}\n{exchange.said()}") from None
    assert set(talked) <= set(exchange.talking()), "a conversation was cut"
    time.sleep(2.0)
    assert len(exchange.talking()) == count, "and so it stays"
    assert len([place for place in exchange.places() if "/Dial" not in place and "/AppDial" not in place]) == 1, exchange.places()


def new_callers_are_served(exchange: Exchange, flow: str = "at_menu") -> None:
    """Who calls now speaks with the office at once."""
    before = len(exchange.talking())
    exchange.call(flow)
    wait_for("the fallback", lambda: len(exchange.talking()) == before + 1, WITHIN_S)


def test_killed(exchange: Exchange) -> None:
    talked = everywhere(exchange)
    exchange.kill()
    everyone_is_served(exchange, talked)
    new_callers_are_served(exchange)


def test_killed_and_begun_anew(exchange: Exchange) -> None:
    talked = everywhere(exchange)
    exchange.kill()
    exchange.start()
    everyone_is_served(exchange, talked)
    exchange.call("at_menu")
    wait_for("the flow", lambda: len(exchange.inside()) == 1)


def test_stopped_as_systemd_does(exchange: Exchange) -> None:
    talked = everywhere(exchange)
    exchange.stop()
    everyone_is_served(exchange, talked)
    new_callers_are_served(exchange)


def test_hung(exchange: Exchange) -> None:
    talked = everywhere(exchange)
    exchange.signal(signal.SIGSTOP)
    everyone_is_served(exchange, talked)
    new_callers_are_served(exchange)
    exchange.signal(signal.SIGCONT)


def test_websocket_cut_for_good(exchange: Exchange) -> None:
    talked = everywhere(exchange)
    exchange.passage.cut()
    everyone_is_served(exchange, talked)
    new_callers_are_served(exchange)


def test_websocket_that_swallows_everything(exchange: Exchange) -> None:
    talked = everywhere(exchange)
    exchange.passage.swallows = True
    everyone_is_served(exchange, talked)
    new_callers_are_served(exchange)
    exchange.passage.swallows = False


def test_websocket_cut_for_a_moment(exchange: Exchange) -> None:
    talked = everywhere(exchange)
    exchange.passage.cut()
    time.sleep(1.0)
    exchange.passage.mend()
    wait_for("the service", lambda: exchange.beat() >= time.time() - 1.5)
    time.sleep(SILENCE_S)
    assert exchange.talking() == talked
    assert len(exchange.inside()) == len(INSIDE), "every caller goes on where he was"


def test_database_locked(exchange: Exchange) -> None:
    talked = everywhere(exchange)
    lock = sqlite3.connect(exchange.box.folders.ledger, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        goes_on(exchange, talked)
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    wait_for("what happened meanwhile", lambda: exchange.nodes().count("first") >= 2 * len(NODES) + 1)


def goes_on(exchange: Exchange, talked: list[str]) -> None:
    """Nothing changes for anybody, and new callers come into the flow."""
    time.sleep(SILENCE_S)
    assert exchange.talking() == talked
    assert len(exchange.inside()) == len(INSIDE)
    for name in NODES:
        exchange.call(f"at_{name}")
    wait_for("new callers inside", lambda: len(exchange.inside()) == 2 * len(INSIDE), WITHIN_S)
    wait_for("a second conversation", lambda: len(exchange.talking()) == 2, WITHIN_S)
