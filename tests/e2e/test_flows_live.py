"""Callers in flows, on the real Asterisk with the real service: the nodes they reach, the telephones that ring, what is left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import needs
from tests.bed.asterisk import UnavailableError
from tests.bed.exchange import Exchange
from tests.bed.house import wait_for

pytestmark = [needs.namespaces(), needs.program("mmdebstrap", "sipp")]

MAIN = """
flow: main
language: ja
start: menu
fallback: group:front
nodes:
  menu:
    type: menu
    say: "営業は1を押してください。"
    keys: {"1": {go: sales}}
    no_input: {tries: 2, then: bye}
    wrong_key: {tries: 2, then: bye}
    timeout: 2s
  sales: {type: ring_group, group: front, ring: 20s, no_answer: bye, busy: bye}
  bye: {type: hangup, say: "ありがとうございました。"}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    try:
        exchange = Exchange(tmp_path_factory.mktemp("flows"), [MAIN])
    except UnavailableError as error:
        pytest.skip(str(error))
    with exchange.running():
        exchange.start()
        yield exchange
        exchange.stop()


@pytest.fixture
def exchange(running: Exchange) -> Iterator[Exchange]:
    yield running
    running.settled()


def test_a_caller_who_does_nothing_hears_the_menu_twice_and_goodbye(exchange: Exchange) -> None:
    exchange.call("main")
    wait_for("the end", lambda: "bye" in exchange.nodes())
    assert exchange.nodes() == ["menu", "bye"]
    wait_for("silence", lambda: not exchange.places())
