"""The tables come into being once, whoever asks first and whoever dies at it, and a newer program's tables are left alone."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance import schema
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.records import RecordingLabelled
from tests.fakes import facts
from tests.fakes.processes import at_once, killed_before


def tables(path: Path) -> dict[str, str]:
    """Our own tables and indexes; what sqlite-utils notes for itself is its own business."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%sqlite_%'").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return dict(rows)


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, str]:
    """The tables of a database that was made undisturbed."""
    schema.ensure(tmp_path / "undisturbed.db")
    return tables(tmp_path / "undisturbed.db")


def test_a_new_database_has_every_table(tmp_path: Path, whole: dict[str, str]) -> None:
    assert {"record", "job", "call", "recording", "heartbeat", "account", "session", "attempt"} <= set(whole)
    assert version(tmp_path / "undisturbed.db") == schema.VERSION


def test_the_journal_survives_a_power_cut(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    schema.ensure(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_asking_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    schema.ensure(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO attempt VALUES ('me', 1, 2)")
    schema.ensure(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM attempt").fetchall() == [("me", 1, 2)]


def test_an_empty_file_becomes_a_database(tmp_path: Path, whole: dict[str, str]) -> None:
    (tmp_path / "ledger.db").touch()
    schema.ensure(tmp_path / "ledger.db")
    assert tables(tmp_path / "ledger.db") == whole


def test_the_tables_of_the_version_before_get_what_is_new_and_keep_what_they_hold(tmp_path: Path, whole: dict[str, str]) -> None:
    path = tmp_path / "ledger.db"
    with Ledger.open(path) as ledger:
        ledger.append(
            facts.ringing(call="a", caller_name="佐藤 SATO"),
            facts.ringing(call="b", caller="", caller_e164=None, caller_reason="anonymous"),
            facts.ringing(call="c", caller_raw="", called_e164=None), facts.ringing(call="d", caller_raw="", caller_reason="payphone"),
            RecordingLabelled(at=1, recording="r", label="x", labelled=True, who="me"),
            RecordingLabelled(at=2, recording="r", label="y", labelled=True, who="me"),
            RecordingLabelled(at=3, recording="r", label="x", labelled=False, who="me"),
        )  # fmt: skip
        before = readings(ledger.connection)
        for table in ("party", "recording_label", "mark", "saved_search"):
            ledger.connection.execute(f"DROP TABLE {table}")
        for index in ("caller_party", "called_party", "direction", "line", "reason", "talk"):
            ledger.connection.execute(f"DROP INDEX call_{index}")
        ledger.connection.execute("DROP INDEX recording_held")
        for side in ("caller", "called"):
            ledger.connection.execute(f"ALTER TABLE call DROP COLUMN {side}_party")
        ledger.connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'what_search_needs'")
        ledger.connection.execute("PRAGMA user_version=5")
        ledger.connection.execute("INSERT INTO attempt VALUES ('me', 1, 2)")
    schema.ensure(path)
    assert tables(path) == whole
    with Ledger.open(path) as ledger:
        assert [tuple(row) for row in ledger.connection.execute("SELECT * FROM attempt")] == [("me", 1, 2)]
        assert readings(ledger.connection) == before, "what was there is read as if it had come today"


def readings(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    calls = connection.execute(
        """SELECT call.id, caller.number, caller.digits, caller.words, called.words FROM call
           JOIN party AS caller ON caller.id = caller_party JOIN party AS called ON called.id = called_party ORDER BY call.id"""
    )
    return [*map(tuple, calls), *map(tuple, connection.execute("SELECT label, recording FROM recording_label"))]


def test_a_newer_programs_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE tomorrow (what TEXT)")
        connection.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(CouldNotError, match=rf"ledger.db: written by a newer version .*\(schema {schema.VERSION + 1}, .*; install"):
        schema.ensure(path)
    assert path.read_bytes() == before


def test_processes_that_start_at_once_make_the_tables_once(tmp_path: Path, whole: dict[str, str]) -> None:
    path = tmp_path / "ledger.db"
    at_once(6, lambda number: schema.ensure(path))
    assert tables(path) == whole
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM _sqlite_migrations").fetchone() == (schema.VERSION,)


def test_whoever_dies_while_making_the_tables_the_next_one_makes_them(tmp_path: Path, whole: dict[str, str]) -> None:
    for statement in range(200):
        path = tmp_path / f"killed{statement}.db"
        killed = killed_before(statement, lambda path=path: schema.ensure(path))  # type: ignore[misc]
        schema.ensure(path)
        assert tables(path) == whole, f"killed before statement {statement}"
        assert version(path) == schema.VERSION
        if not killed:
            assert statement > 20
            return
    pytest.fail("the migration never came to its end")


def test_a_disk_that_fills_while_making_the_tables_is_no_lasting_harm(tmp_path: Path, whole: dict[str, str]) -> None:
    failed = 0

    def on_a_small_disk(path: Path, limit: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            schema.ensure(path)
        except (sqlite3.Error, OSError) as error:
            assert not isinstance(error, OSError) or error.errno == errno.EFBIG
            os._exit(3)

    for limit in (1, 5_000, 20_000, 60_000, 120_000):
        path = tmp_path / f"full{limit}.db"
        pid = os.fork()
        if not pid:
            try:
                on_a_small_disk(path, limit)
                os._exit(0)
            finally:
                os._exit(1)
        failed += os.WEXITSTATUS(os.waitpid(pid, 0)[1]) == 3
        schema.ensure(path)
        assert tables(path) == whole
    assert failed >= 3


def test_what_a_power_cut_left_half_written_is_rolled_back(tmp_path: Path) -> None:
    """A hot journal (https://sqlite.org/lockingv3.html#hot_journals) can be rolled back by a writer only: a reader fails for ever."""
    alive, cut = tmp_path / "alive.db", tmp_path / "ledger.db"
    with closing(sqlite3.connect(alive, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size=1")
        connection.execute("CREATE TABLE page (body BLOB)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO page VALUES (zeroblob(4000))", [()] * 50)
        shutil.copy(alive, cut)
        shutil.copy(f"{alive}-journal", f"{cut}-journal")
    with closing(sqlite3.connect(f"{cut.as_uri()}?mode=ro", uri=True)) as reader, pytest.raises(sqlite3.OperationalError):
        reader.execute("PRAGMA user_version")
    schema.ensure(cut)
    with closing(sqlite3.connect(cut)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert connection.execute("SELECT count(*) FROM page").fetchone() == (0,)
