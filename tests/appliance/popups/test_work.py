"""The service asks who calls and tells what happened; a system that is slow, dead or hostile delays nobody but itself, and never a card.

Real parts: HTTP servers of the test's own, threads, the ledger. Nothing is asserted about how long a thing takes.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance import ids, push_key
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.jobs import Jobs
from appliance.ledger import Ledger
from appliance.popups import answers, desk, subscriptions
from appliance.popups.known import Answer, Found
from appliance.popups.work import FRESH, OLD, Popups, kind
from appliance.records import CallEnriched
from tests.appliance.furnished import session_now
from tests.appliance.popups.test_pushing import Browser
from tests.bed.crm import Asked, crm, dead_port, raw
from tests.fakes import facts
from tests.fakes.clock import START, FakeClock

CALLS = [ids.hash_id("work", place) for place in range(4)]
PATIENCE_S = 30.0
SECRETS = "[hook]\nkey = 0123456789abcdef\n"


@contextmanager
def working(data: Path, settings: str, clock: FakeClock) -> Iterator[tuple[Popups, Ledger]]:
    """The service's work on a box of its own, which has read what there is."""
    (data / "keys").mkdir(parents=True, exist_ok=True)
    (data / "keys" / "popup.secrets").write_text(SECRETS)
    (data / "keys" / "popup.secrets").chmod(0o600)
    (data / "appliance.toml").write_text(settings, "utf-8")
    box = Box.at(data)
    with Ledger.open(box.folders.ledger) as ledger, Popups(box, ledger, clock) as popups:
        popups.step()
        yield popups, ledger


def until(popups: Popups, look: Callable[[], object]) -> None:
    """Step until this is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < deadline, "in vain waited"
        popups.step()
        time.sleep(0.01)


def later(clock: FakeClock) -> bool:
    """Ten seconds more, so that what waits for its next try is due."""
    clock.forward(10)
    return True


def asking(name: str, host: str, seconds: float = 20.0) -> str:
    return f"""
[[popup.integrations]]
name = "{name}"
kind = "http"
deadline_seconds = {seconds}
options = {{ url = "http://{host}/{{national}}", hosts = ["{host}"], name = "name" }}
"""


def hook(url: str, events: str = '"ringing", "ended"') -> str:
    return f"""
[[popup.integrations]]
name = "hook"
kind = "webhook"
deadline_seconds = 20.0
options = {{ url = "{url}/hook", events = [{events}] }}
"""


def known(ledger: Ledger, clock: FakeClock) -> list[Answer]:
    return answers.of(ledger.connection, "0312345678", clock.now())


def test_who_calls_is_asked_once_and_every_page_is_woken(tmp_path: Path, clock: FakeClock) -> None:
    with (
        crm(lambda asked: (200, {"name": "高橋"})) as system,
        working(tmp_path, asking("crm", system.host), clock) as (popups, ledger),
    ):
        ledger.append(facts.ringing(call=CALLS[0]))
        until(popups, lambda: known(ledger, clock))
        assert known(ledger, clock) == [Answer("crm", Found("高橋"))]
        (row,) = [row.record for row in ledger.of(CALLS[0]) if isinstance(row.record, CallEnriched)]
        assert row.source == "crm"
        ledger.append(facts.ringing(call=CALLS[1], at=START + 1))
        until(popups, popups.idle)
        assert [asked.path for asked in system.asked] == ["/0312345678"], "what is kept is not asked for again"
        clock.forward(3601)
        ledger.append(facts.ringing(call=CALLS[2], at=clock.now()))
        until(popups, lambda: len(system.asked) == 2)


def test_a_slow_and_a_dead_system_hold_up_no_other(tmp_path: Path, clock: FakeClock) -> None:
    answer = threading.Event()

    def slow(asked: Asked) -> tuple[int, Any]:
        answer.wait(PATIENCE_S)
        return 200, {"name": "slow"}

    with crm(slow) as late, crm(lambda asked: (200, {"name": "fast"})) as system, raw(b"", b"") as silent:
        settings = (
            asking("slow", late.host) + asking("dead", f"127.0.0.1:{dead_port()}") + asking("fast", system.host)
            + asking("silent", silent.host, 0.2)
        )  # fmt: skip
        with working(tmp_path, settings, clock) as (popups, ledger):
            ledger.append(facts.ringing(call=CALLS[0]))
            until(popups, lambda: known(ledger, clock))
            assert known(ledger, clock) == [Answer("fast", Found("fast"))], "the slow one has not answered yet"
            answer.set()
            until(popups, lambda: len(known(ledger, clock)) == 2)
            until(popups, popups.idle)


def test_a_hostile_answer_is_only_text(tmp_path: Path, clock: FakeClock) -> None:
    said = {"name": "<script>\x00alert(1)\n</script>" + "x" * 1000, "link": "javascript:alert(1)"}
    with crm(lambda asked: (200, said)) as system:
        settings = asking("crm", system.host).replace('name = "name" }', 'name = "name", link = "link" }')
        with working(tmp_path, settings, clock) as (popups, ledger):
            ledger.append(facts.ringing(call=CALLS[0]))
            until(popups, lambda: known(ledger, clock))
            (answer,) = known(ledger, clock)
            assert len(answer.found.name) <= 300 and "\n" not in answer.found.name and answer.found.link == ""


def test_a_call_that_rang_before_the_service_is_not_asked_about_but_told_of(tmp_path: Path, clock: FakeClock) -> None:
    with crm(lambda asked: (200, {"name": "x"})) as system, crm(lambda asked: (200, b"")) as other:
        with working(tmp_path, asking("crm", system.host) + hook(other.url), clock) as (popups, ledger):
            ledger.append(facts.ringing(call=CALLS[0], at=clock.now() - FRESH))
            until(popups, lambda: other.asked)
            until(popups, popups.idle)
        assert system.asked == []


def test_a_webhook_is_told_until_it_takes_it_and_a_restart_loses_nothing(tmp_path: Path, clock: FakeClock) -> None:
    status = [503, 503, 200, 200]
    with crm(lambda asked: (status.pop(0), b"")) as system:
        with working(tmp_path, hook(system.url), clock) as (popups, ledger):
            ledger.append(facts.ringing(call=CALLS[0]))
            until(popups, lambda: len(system.asked) == 1 and popups.idle())
            ledger.append(facts.answered(call=CALLS[0]), facts.ended(call=CALLS[0]))
        with working(tmp_path, hook(system.url), clock) as (popups, ledger):
            until(popups, lambda: later(clock) and not status)
            until(popups, popups.idle)
            assert Jobs(ledger, "").counts(kind("hook")) == {}, "what was taken is no longer kept"
    told = [(asked.tree["event"], asked.headers["x-appliance-delivery"]) for asked in system.asked]
    assert {event for event, _ in told} == {"ringing", "ended"} and len(set(told)) == 2, "told again under the same id"


def test_what_nobody_takes_for_a_day_is_kept_for_a_person(tmp_path: Path, clock: FakeClock) -> None:
    with working(tmp_path, hook(f"http://127.0.0.1:{dead_port()}"), clock) as (popups, ledger):
        ledger.append(facts.ringing(call=CALLS[0]))
        until(popups, lambda: Jobs(ledger, "").counts(kind("hook")) == {"ready": 1} and popups.idle())
        clock.forward(OLD / 1e9 + 1000)
        until(popups, lambda: Jobs(ledger, "").counts(kind("hook")) == {"parked": 1})


def test_a_memo_is_told_after_it_was_written(tmp_path: Path, clock: FakeClock) -> None:
    with (
        crm(lambda asked: (200, b"")) as system,
        working(tmp_path, hook(system.url, '"noted", "taken"'), clock) as (popups, ledger),
    ):
        ledger.append(facts.ringing(call=CALLS[0]))
        desk.take(ledger, CALLS[0], "sato", START)
        desk.write(ledger, CALLS[0], "sato", "折り返し", "open", START)
        until(popups, lambda: len(system.asked) == 2)
    assert {(asked.tree["event"], asked.tree["memo"]) for asked in system.asked} == {("taken", "折り返し"), ("noted", "折り返し")}


@pytest.mark.parametrize("caller", ["", "alice"])
def test_nobody_is_asked_about_a_withheld_number(tmp_path: Path, clock: FakeClock, caller: str) -> None:
    with (
        crm(lambda asked: (200, {"name": "x"})) as system,
        working(tmp_path, asking("crm", system.host), clock) as (popups, ledger),
    ):
        ledger.append(facts.ringing(call=CALLS[0], caller=caller, caller_e164=None))
        popups.step()
        assert popups.idle() and system.asked == []


def test_a_browser_is_told_of_a_ringing_call_and_forgotten_when_it_is_gone(tmp_path: Path) -> None:
    mine, clock = Browser(), FakeClock(SystemClock().now())
    status = [201, 410]
    with crm(lambda asked: (status.pop(0), b"")) as service:
        settings = f'[popup]\npush_contact = "mailto:box@example.jp"\npush_hosts = ["{service.url}"]\n'
        push_key.make(tmp_path / "keys")
        with working(tmp_path, settings, clock) as (popups, ledger):
            token = session_now(Box.at(tmp_path), "sato", "operator")
            subscriptions.add(ledger, token, mine.subscription(f"{service.url}/wpush/1"), clock.now())
            ledger.append(facts.ringing(call=CALLS[0], at=clock.now()))
            until(popups, lambda: len(service.asked) == 1)
            assert json.loads(mine.opened(service.asked[0].body)) == {
                "call": CALLS[0],
                "title": "03-1234-5678",
                "body": "呼出中 03-9876-5432",
            }
            assert b"5678" not in service.asked[0].body and "5678" not in repr(service.asked[0].headers)
            ledger.append(facts.ringing(call=CALLS[1], at=clock.now() + 1))
            until(popups, lambda: not ledger.connection.execute("SELECT 1 FROM push").fetchone())
