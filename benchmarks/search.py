"""Search over a million calls and a hundred thousand customers: what each sort of question takes, on one connection."""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance import ids
from appliance.calls import project
from appliance.config import Config
from appliance.customers.book import Book, write
from appliance.customers.entry import Customer
from appliance.ledger import Ledger
from appliance.library.search import Query, find
from appliance.moments import SECOND
from appliance.popups import desk
from appliance.records import CallEnded, CallNoted, CallTaken, RecordingLabelled
from tests.fakes import facts
from tests.fakes.clock import START

CALLS, NUMBERS, CUSTOMERS, ROUNDS = 1_000_000, 60_000, 100_000, 40
LINES = tuple(f"03-1234-{5600 + place}" for place in range(8))
WORDS = ("納期", "見積", "請求書", "折り返し", "苦情", "住所変更", "解約", "新規", "部品", "工事")


def lines() -> Iterator[str]:
    """The tables."""
    with tempfile.TemporaryDirectory() as folder, Ledger.open(Path(folder) / "ledger.db") as ledger:
        began = time.monotonic()
        with Ledger.open(Path(folder) / "ledger.db") as filling:
            _fill(filling)
        size = (Path(folder) / "ledger.db").stat().st_size / 1e6
        yield f"{CALLS:,} calls of {NUMBERS:,} numbers, {CUSTOMERS:,} customers; {size:.0f} MB, filled in {time.monotonic() - began:.0f} s."
        yield ""
        yield from asked(ledger)


def asked(ledger: Ledger) -> Iterator[str]:
    """The table of the questions, on a ledger that is filled; where others work on the machine, the processor's time is what compares."""
    yield "| question | median ms | p95 ms | worst ms | of the processor: median ms | p95 ms | load |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, ask in _questions(ledger).items():
        times, used = [], []
        for _ in range(ROUNDS):
            start, begun = time.perf_counter(), time.thread_time()
            ask()
            times.append((time.perf_counter() - start) * 1000)
            used.append((time.thread_time() - begun) * 1000)
        yield (
            f"| {name} | {statistics.median(times):.1f} | {_p95(times):.1f} | {max(times):.1f} | {statistics.median(used):.1f} | "
            f"{_p95(used):.1f} | {os.getloadavg()[0]:.0f} |"
        )


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _fill(ledger: Ledger) -> None:
    chance = random.Random(7)
    numbers = [f"0{chance.choice('36789')}0{chance.randrange(10**8):08}"[:11] for _ in range(NUMBERS)]
    ledger.connection.execute("PRAGMA synchronous=OFF")
    ledger.connection.execute("PRAGMA cache_size=-400000")  # of this connection alone: the questions come with the usual one
    with ledger.transaction() as connection:
        for place in range(CALLS):
            at = START + place * 60 * SECOND
            call, number = ids.hash_id(place), chance.choice(numbers)
            answered = at + 5 * SECOND if place % 7 else None
            ringing = facts.ringing(
                call=call, at=at, caller=number, caller_raw=number, caller_e164=f"+81{number[1:]}", line=chance.choice(LINES),
                caller_name="", caller_reason="anonymous" if place % 97 == 0 else None,
            )  # fmt: skip
            ended = CallEnded(
                at=at + chance.randrange(10, 900) * SECOND, call=call, reason="hangup_caller", sip_status=200, started_at=at,
                ringing_at=at, answered_at=answered, end_seen=True,
            )  # fmt: skip
            told: list[object] = [ringing, ended]
            if place % 3 == 0:
                told.append(CallTaken(at=at, call=call, who=f"person {place % 12}"))
            if place % 10 == 0:
                told.append(CallNoted(at=at, call=call, who="x", follow_up=""))
            if place % 2 == 0:
                told.append(facts.ready(call=call, recording=f"r{place}", sequence=place + 1, started_at=at))
            if place % 500 == 0:
                told.append(RecordingLabelled(at=at, recording=f"r{place}", label=f"label{place % 7}", labelled=True, who="x"))
            for record in told:
                for sql, values in project(record):  # type: ignore[arg-type]
                    connection.execute(sql, values)
            if place % 10 == 0:
                connection.execute("UPDATE note SET memo = ? WHERE call = ?", (f"{chance.choice(WORDS)}の件 {place}", call))
            if place % 20_000 == 0:
                connection.execute("UPDATE recording SET held = 1 WHERE id = ?", (f"r{place}",))
        for place in range(CUSTOMERS):
            number = numbers[place % NUMBERS]
            write(
                connection,
                Customer(name=f"客{place} 太郎", kana=f"キャク{place}", company=f"会社{place % 9000}", numbers=(number,)),
                START,
            )


def _questions(ledger: Ledger) -> dict[str, Callable[[], object]]:
    chance, connection = random.Random(8), ledger.connection
    config = Config()
    book = Book(ledger, lambda: START, config.number)
    end = START + CALLS * 60 * SECOND

    def ask(**what: Any) -> Callable[[], object]:
        return lambda: find(
            connection, replace(Query(), **{name: value() if callable(value) else value for name, value in what.items()})
        )

    def digits(count: int) -> Callable[[], str]:
        return lambda: "".join(chance.choice("0123456789") for _ in range(count))

    return {
        "newest": ask(),
        "last four digits": ask(number=digits(4)),
        "six digits": ask(number=digits(6)),
        "a beginning (090*)": ask(number="090*"),
        "our own number": ask(number="0398765432"),
        "a customer's name": ask(number=lambda: f"客{chance.randrange(CUSTOMERS)}"),
        "a part of many names": ask(number="太郎"),
        "a day": ask(begin=end - 9 * 86400 * SECOND, end=end - 8 * 86400 * SECOND),
        "a line and a direction": ask(line=LINES[3], direction="inbound"),
        "withheld numbers": ask(reason="anonymous"),
        "who took it": ask(who="person 3"),
        "a label": ask(label="label3"),
        "a word of a memo": ask(memo="解約"),
        "a rare memo": ask(memo=lambda: f"{chance.randrange(CALLS // 10) * 10}"),
        "long talks": ask(shortest=890),
        "held": ask(held=True),
        "four digits, a line, recorded": ask(number=digits(4), line=LINES[1], outcome="recorded"),
        "a word, a person, a month": ask(memo="苦情", who="person 0", begin=end - 30 * 86400 * SECOND),
        "customers by part of the kana": lambda: book.search(f"きゃく{chance.randrange(CUSTOMERS)}"),
        "customers by part of a number": lambda: book.search(digits(4)()),
        "behind a number (the card)": lambda: book.behind(f"090{chance.randrange(10**8):08}"),
        "last contact (the card)": lambda: desk.contacts(connection, f"090{chance.randrange(10**8):08}", end),
        "missed calls of a week": lambda: desk.to_do(connection, end - 7 * 86400 * SECOND),
    }
