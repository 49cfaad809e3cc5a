"""The truth of the box: a fact is written once, whole or not at all, and what cannot be written is said in one sentence."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger, LedgerError, append
from appliance.records import CallAnswered, CallRinging, Changed, Heartbeat, Listened, Record, RecordingReady
from tests import needs
from tests.fakes import facts
from tests.fakes.processes import at_once, killed_before

TALK = (facts.ringing(), facts.answered(), facts.ended(), facts.ready(), facts.stored())
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)

CHANGES = st.builds(Changed, at=st.integers(-(2**63), 2**63 - 1), thing=TEXT, who=TEXT, what=TEXT, why=TEXT)


def kept(ledger: Ledger) -> list[Record]:
    return [row.record for row in ledger.since(0)]


def count(ledger: Ledger, table: str) -> int:
    return int(ledger.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def one_sentence(error: BaseException) -> bool:
    text = str(error)
    return "\n" not in text and "; " in text and "Traceback" not in text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_what_was_written_is_read_in_order(ledger: Ledger) -> None:
    rows = ledger.append(*TALK)
    assert kept(ledger) == list(TALK)
    assert rows == sorted(set(rows))
    assert [row.id for row in ledger.since(0)] == rows
    assert ledger.last_row() == rows[-1]


def test_an_empty_ledger_has_no_last_row(ledger: Ledger) -> None:
    assert (ledger.last_row(), ledger.since(0), ledger.latest(CallRinging), ledger.of("x")) == (0, [], None, [])


def test_a_replay_writes_nothing_twice(ledger: Ledger) -> None:
    ledger.append(*TALK)
    tables = [ledger.connection.execute(f"SELECT * FROM {name}").fetchall() for name in ("record", "call", "recording")]
    assert ledger.append(*TALK) == []
    assert ledger.append(*reversed(TALK)) == []
    assert [ledger.connection.execute(f"SELECT * FROM {name}").fetchall() for name in ("record", "call", "recording")] == tables


def test_a_fact_seen_again_with_other_details_stays_as_it_was_first_seen(ledger: Ledger) -> None:
    ledger.append(facts.ringing(caller_name="first"))
    assert ledger.append(facts.ringing(caller_name="second")) == []
    assert kept(ledger) == [facts.ringing(caller_name="first")]


def test_a_fact_that_comes_twice_in_one_batch_is_one(ledger: Ledger) -> None:
    assert len(ledger.append(facts.answered(), facts.answered())) == 1


def test_reading_goes_on_after_the_last_row_that_was_read(ledger: Ledger) -> None:
    first, second, *_ = ledger.append(*TALK)
    assert [row.record for row in ledger.since(second)] == list(TALK[2:])
    assert [row.id for row in ledger.since(0, limit=2)] == [first, second]
    assert ledger.since(ledger.last_row()) == []


def test_only_the_kinds_that_are_asked_for_are_read(ledger: Ledger) -> None:
    ledger.append(*TALK)
    assert [row.record for row in ledger.since(0, [CallAnswered, RecordingReady])] == [TALK[1], TALK[3]]


def test_everything_about_one_subject_is_found(ledger: Ledger) -> None:
    ledger.append(*TALK, facts.ringing(call="otheraaaaaaaaaaa"))
    assert [row.record for row in ledger.of(facts.CALL)] == list(TALK[:3])
    assert [row.record for row in ledger.of(facts.RECORDING)] == list(TALK[3:])


def test_the_newest_of_a_kind_is_the_last_that_was_written(ledger: Ledger) -> None:
    later = facts.ringing(call="otheraaaaaaaaaaa", at=1)
    ledger.append(facts.ringing(), later)
    newest, first = ledger.latest(CallRinging), ledger.latest(CallRinging, facts.CALL)
    assert newest is not None
    assert first is not None
    assert (newest.record, first.record) == (later, facts.ringing())
    assert ledger.latest(CallAnswered) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(CHANGES, max_size=5, unique_by=lambda change: change.identity))
def test_any_text_and_any_moment_is_kept(ledger: Ledger, changes: list[Changed]) -> None:
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM record")
        append(connection, changes)
    assert kept(ledger) == changes


def test_bytes_that_are_no_text_are_kept_in_the_body(ledger: Ledger) -> None:
    odd = Listened(at=1, recording=facts.RECORDING, who="m", where=b"\xff\xfe".decode("utf-8", "surrogateescape"))
    ledger.append(odd)
    assert kept(ledger) == [odd]


def test_facts_written_together_are_written_whole_or_not_at_all(ledger: Ledger) -> None:
    ledger.append(facts.ringing(), facts.ready())
    same_place_in_the_chain = facts.ready(recording="anotheraaaaaaaaa")
    with pytest.raises(LedgerError) as raised:
        ledger.append(facts.answered(), same_place_in_the_chain)
    assert one_sentence(raised.value)
    assert kept(ledger) == [facts.ringing(), facts.ready()]
    ledger.append(facts.answered())
    assert len(kept(ledger)) == 3


def test_whatever_is_raised_in_a_transaction_leaves_nothing_behind(ledger: Ledger) -> None:
    class OddError(BaseException):
        pass

    with pytest.raises(OddError), ledger.transaction() as connection:
        append(connection, TALK)
        raise OddError
    assert (kept(ledger), count(ledger, "call"), count(ledger, "recording")) == ([], 0, 0)
    assert len(ledger.append(*TALK)) == len(TALK)


def test_a_transaction_within_a_transaction_is_refused_and_leaves_nothing_behind(ledger: Ledger) -> None:
    with pytest.raises(LedgerError), ledger.transaction() as connection:
        append(connection, [facts.ringing()])
        ledger.append(facts.answered())
    assert kept(ledger) == []
    ledger.append(facts.ringing())
    assert kept(ledger) == [facts.ringing()]


def test_a_row_id_is_never_given_twice(ledger: Ledger) -> None:
    (row,) = ledger.append(facts.ringing())
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM record")
    assert ledger.append(facts.answered()) > [row]


def test_only_the_last_heartbeat_of_a_service_is_kept(ledger: Ledger) -> None:
    beat = Heartbeat(at=1, service="tap", pid=7, state="ok", detail={"calls": 3, "名": "東京"})
    ledger.beat(beat)
    ledger.beat(replace(beat, service="render"))
    ledger.beat(replace(beat, at=2, state="stopped", detail={}))
    assert ledger.heartbeats() == [replace(beat, service="render"), replace(beat, at=2, state="stopped", detail={})]
    assert kept(ledger) == []


def test_what_is_committed_is_on_the_disk(ledger: Ledger) -> None:
    assert ledger.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert ledger.connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_a_hasty_fact_is_seen_at_once_and_what_follows_is_on_the_disk_again(ledger: Ledger) -> None:
    with ledger.transaction(hasty=True) as connection:
        append(connection, [facts.ringing()])
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 1  # NORMAL
    assert kept(ledger) == [facts.ringing()]
    assert ledger.connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    with pytest.raises(LedgerError), ledger.transaction(hasty=True) as connection:
        connection.execute("nonsense")
    assert ledger.connection.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_a_process_that_dies_at_any_statement_leaves_all_or_nothing(tmp_path: Path) -> None:
    outcomes = set()
    for statement in range(60):
        path = tmp_path / str(statement) / "ledger.db"
        Ledger.open(path).close()

        def work(path: Path = path) -> None:
            with Ledger.open(path) as ledger:
                ledger.append(*TALK)

        killed = killed_before(statement, work)
        with Ledger.open(path) as ledger:
            written = len(kept(ledger))
            outcomes.add((killed, written))
            assert (count(ledger, "call"), count(ledger, "recording")) == ((1, 1) if written else (0, 0))
            assert len(ledger.append(*TALK)) == len(TALK) - written
        if not killed:
            break
    assert outcomes == {(True, 0), (False, len(TALK))}


def test_processes_that_write_the_same_facts_at_once_write_them_once(box: Box) -> None:
    seen = [facts.ringing(call=f"call{number:012}") for number in range(40)]

    def work(number: int) -> None:
        with Ledger.open(box.folders.ledger) as ledger:
            for fact in seen[number * 5 :] + seen[: number * 5]:
                ledger.append(fact)

    at_once(4, work)
    with Ledger.open(box.folders.ledger) as ledger:
        assert sorted(row.record.subject for row in ledger.since(0)) == [fact.call for fact in seen]
        assert count(ledger, "call") == len(seen)


def test_a_reader_sees_only_what_is_committed(ledger: Ledger) -> None:
    with Ledger.open(ledger.path, readonly=True) as reader:
        with ledger.transaction() as connection:
            append(connection, [facts.ringing()])
            assert kept(reader) == []
        assert kept(reader) == [facts.ringing()]


def test_a_reader_cannot_write(ledger: Ledger) -> None:
    with Ledger.open(ledger.path, readonly=True) as reader, pytest.raises(LedgerError) as raised:
        reader.append(facts.ringing())
    assert one_sentence(raised.value)
    assert kept(ledger) == []


def test_reading_a_folder_without_a_ledger_makes_none(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"there is no ledger here; nothing was recorded into this folder yet"):
        Ledger.open(tmp_path / "ledger.db", readonly=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize("content", [b"no database at all, but long enough to look at" * 99, b"SQLite format 3\0" + bytes(2000)])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes, readonly: bool) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    with pytest.raises(LedgerError) as raised:
        Ledger.open(path, readonly=readonly)
    assert one_sentence(raised.value)
    assert path.read_bytes() == content


def test_a_database_without_our_tables_is_refused_by_a_reader(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        connection.execute("CREATE TABLE other (x)")
    with pytest.raises(LedgerError):
        Ledger.open(tmp_path / "ledger.db", readonly=True)


@pytest.mark.parametrize("readonly", [False, True])
def test_a_newer_programs_ledger_is_refused(tmp_path: Path, readonly: bool) -> None:
    path = tmp_path / "ledger.db"
    Ledger.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(CouldNotError, match=r"written by a newer version .*; install that version again"):
        Ledger.open(path, readonly=readonly)


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError) as raised:
        Ledger.open(tmp_path / "file" / "var" / "ledger.db")
    assert one_sentence(raised.value)


@needs.root
def test_a_full_disk_is_one_sentence_and_loses_nothing(small_disk: Path) -> None:
    with Ledger.open(small_disk / "ledger.db") as ledger:
        ledger.append(facts.ringing())
        with (small_disk / "ballast").open("wb") as ballast:
            try:
                while True:
                    os.write(ballast.fileno(), bytes(4096))
            except OSError:
                pass
        big = [Changed(at=at, thing="x", who="m", what="y" * 2000, why="z") for at in range(200)]
        with pytest.raises(LedgerError) as raised:
            ledger.append(facts.answered(), *big)
        assert one_sentence(raised.value)
        assert kept(ledger) == [facts.ringing()]
        (small_disk / "ballast").unlink()
        assert len(ledger.append(facts.answered(), *big)) == 201


@needs.root
def test_a_disk_that_turned_read_only_is_one_sentence(small_disk: Path) -> None:
    Ledger.open(small_disk / "var" / "ledger.db").close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(LedgerError) as raised, Ledger.open(small_disk / "var" / "ledger.db") as ledger:
        ledger.append(facts.ringing())
    assert one_sentence(raised.value)
    with pytest.raises(LedgerError) as raised:
        Ledger.open(small_disk / "new" / "ledger.db")
    assert one_sentence(raised.value)
