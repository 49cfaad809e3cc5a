"""The tables of `ledger.db`, as migrations that are only ever added to.

`record` is the truth; `call`, `party`, `recording` and `recording_label` are readings of it, kept in the same transaction and made anew
at will; `job` is the durable queue; `upload` and `part` say what of a large object the store already has; `heartbeat` holds the newest of
each service; `account`, `session`, `attempt`, `role`, `passkey`, `challenge`, `token`, `first_code`, `saved_search` belong to the console;
`customer` and what begins so, `import_…`, `note` and `mark` hold what people entered, which is no fact and may go; `answer` is what the
office's systems said of a number, for a while; `push` are browsers to be told of calls; `place` says how far a service has read. sqlite-
utils is imported only when a migration is due, so that a service that starts on an up-to-date database starts fast.
"""

from __future__ import annotations

import fcntl
import sqlite3
from pathlib import Path

from appliance.errors import CouldNotError

VERSION = 9
"""What `PRAGMA user_version` says once every migration below has run."""


def ensure(path: Path) -> None:
    """Bring the database at `path` up to date, one process at a time. Raises CouldNotError where it is newer than we are."""
    if _version(path, "rw") == VERSION:
        return
    with Path(f"{path}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refuse_newer(path, "rw")
        if _version(path, "rw") < VERSION:
            _migrate(path)


def refuse_newer(path: Path, mode: str = "ro") -> None:
    """Raises CouldNotError where the database at `path` is newer than we are."""
    found = _version(path, mode)
    if found > VERSION:
        raise CouldNotError(
            f"{path}: written by a newer version of the program (schema {found}, this one knows {VERSION}); "
            "install that version again"
        )


def _version(path: Path, mode: str) -> int:
    """What the file says; `rw` also rolls back what a power cut left half written, which a reader may not."""
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def _migrate(path: Path) -> None:
    from sqlite_utils import Database, Migrations

    steps = Migrations("appliance")

    @steps()
    def first_tables(database: Database) -> None:
        for statement in _FIRST_TABLES:
            database.execute(statement)

    @steps()
    def legs_of_a_talk(database: Database) -> None:
        for statement in _LEGS_OF_A_TALK:
            database.execute(statement)

    @steps()
    def uploads_in_parts(database: Database) -> None:
        for statement in _UPLOADS_IN_PARTS:
            database.execute(statement)

    @steps()
    def roles_and_second_factors(database: Database) -> None:
        for statement in _ROLES:
            database.execute(statement)

    @steps()
    def customers_and_notes(database: Database) -> None:
        for statement in _CUSTOMERS:
            database.execute(statement)

    @steps()
    def what_search_needs(database: Database) -> None:
        for statement in _SEARCH:
            database.execute(statement)

    @steps()
    def the_offices_systems(database: Database) -> None:
        for statement in _OFFICE:
            database.execute(statement)

    @steps()
    def tokens_and_challenges(database: Database) -> None:
        for statement in _TOKENS:
            database.execute(statement)

    @steps()
    def first_sign_in(database: Database) -> None:
        database.execute("CREATE TABLE first_code (code TEXT NOT NULL, made_at INTEGER NOT NULL)")

    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        steps.apply(Database(connection))
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.commit()
    finally:
        connection.close()


_FIRST_TABLES = (
    """CREATE TABLE record (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, version INTEGER NOT NULL, subject TEXT NOT NULL,
        at INTEGER NOT NULL, identity BLOB NOT NULL UNIQUE, body TEXT NOT NULL)""",
    "CREATE INDEX record_subject ON record (subject, id)",
    "CREATE INDEX record_kind ON record (kind, id)",
    """CREATE TABLE heartbeat (
        service TEXT PRIMARY KEY, at INTEGER NOT NULL, pid INTEGER NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL)""",
    """CREATE TABLE job (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL,
        not_before INTEGER NOT NULL, leased_until INTEGER NOT NULL DEFAULT 0, holder TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT NOT NULL DEFAULT '', created_at INTEGER NOT NULL,
        finished_at INTEGER)""",
    "CREATE INDEX job_due ON job (kind, state, not_before)",
    """CREATE TABLE call (
        id TEXT PRIMARY KEY, started_at INTEGER NOT NULL, ringing_at INTEGER, answered_at INTEGER, ended_at INTEGER,
        end_reason TEXT, sip_status INTEGER, direction TEXT NOT NULL, caller TEXT NOT NULL, caller_raw TEXT NOT NULL,
        caller_e164 TEXT, caller_name TEXT NOT NULL, caller_reason TEXT, called TEXT NOT NULL, called_raw TEXT NOT NULL,
        called_e164 TEXT, line TEXT, via TEXT NOT NULL, start_seen INTEGER NOT NULL, end_seen INTEGER,
        recording TEXT, not_recorded TEXT, detail TEXT)""",
    "CREATE INDEX call_started ON call (started_at DESC, id)",
    "CREATE INDEX call_caller ON call (caller, started_at)",
    "CREATE INDEX call_called ON call (called, started_at)",
    "CREATE INDEX call_open ON call (started_at) WHERE ended_at IS NULL",
    """CREATE TABLE recording (
        id TEXT PRIMARY KEY, call TEXT NOT NULL, sequence INTEGER NOT NULL, started_at INTEGER NOT NULL, file TEXT NOT NULL,
        manifest TEXT NOT NULL, format TEXT NOT NULL, seconds REAL NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL,
        store TEXT, key TEXT, stored_at INTEGER, parked TEXT, expired_at INTEGER, held INTEGER NOT NULL DEFAULT 0,
        erased_at INTEGER)""",
    "CREATE UNIQUE INDEX recording_sequence ON recording (sequence)",
    "CREATE INDEX recording_call ON recording (call)",
    "CREATE INDEX recording_started ON recording (started_at)",
    """CREATE TABLE account (
        name TEXT PRIMARY KEY, password TEXT NOT NULL, one_time INTEGER NOT NULL, created_at INTEGER NOT NULL)""",
    """CREATE TABLE session (
        token BLOB PRIMARY KEY, account TEXT NOT NULL, csrf TEXT NOT NULL, created_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL, address TEXT NOT NULL)""",
    "CREATE TABLE attempt (who TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_at INTEGER NOT NULL)",
)

_LEGS_OF_A_TALK = (
    "ALTER TABLE call ADD COLUMN main TEXT",
    "ALTER TABLE call ADD COLUMN tied_by TEXT",
    "CREATE INDEX call_main ON call (main) WHERE main IS NOT NULL",
)

_UPLOADS_IN_PARTS = (
    """CREATE TABLE upload (
        key TEXT PRIMARY KEY, upload TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, part_bytes INTEGER NOT NULL,
        begun_at INTEGER NOT NULL)""",
    """CREATE TABLE part (
        key TEXT NOT NULL REFERENCES upload ON DELETE CASCADE, number INTEGER NOT NULL, tag TEXT NOT NULL, sha256 TEXT NOT NULL,
        PRIMARY KEY (key, number)) WITHOUT ROWID""",
    "CREATE INDEX job_order ON job (kind, state, created_at)",
)

_ROLES = (
    """CREATE TABLE role (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, rights TEXT NOT NULL, lines TEXT NOT NULL, line_groups TEXT NOT NULL,
        created_at INTEGER NOT NULL)""",
    "ALTER TABLE account ADD COLUMN role TEXT NOT NULL DEFAULT 'administrator'",  # who had an account had every right before
    "ALTER TABLE account ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE account ADD COLUMN totp TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE account ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE session ADD COLUMN agent TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE session ADD COLUMN pending INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX session_account ON session (account)",
    """CREATE TABLE passkey (
        id BLOB PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, public_key BLOB NOT NULL, sign_count INTEGER NOT NULL,
        created_at INTEGER NOT NULL, used_at INTEGER)""",
    "CREATE INDEX passkey_account ON passkey (account)",
)

_CUSTOMERS = (
    """CREATE TABLE customer (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, kana TEXT NOT NULL, company TEXT NOT NULL, memo TEXT NOT NULL, code TEXT NOT NULL,
        important INTEGER NOT NULL, blocked INTEGER NOT NULL, labels TEXT NOT NULL, numbers TEXT NOT NULL, updated_at INTEGER NOT NULL,
        folded TEXT NOT NULL, sort_key TEXT NOT NULL)""",
    "CREATE INDEX customer_sort ON customer (sort_key, id)",
    "CREATE INDEX customer_code ON customer (code) WHERE code != ''",
    """CREATE TABLE customer_number (
        number TEXT NOT NULL, customer TEXT NOT NULL, PRIMARY KEY (number, customer)) WITHOUT ROWID""",
    "CREATE INDEX customer_number_customer ON customer_number (customer)",
    """CREATE TABLE import_batch (
        id TEXT PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, file TEXT NOT NULL, made INTEGER NOT NULL,
        changed INTEGER NOT NULL)""",
    """CREATE TABLE import_change (
        batch TEXT NOT NULL, customer TEXT NOT NULL, before TEXT, after_at INTEGER NOT NULL,
        PRIMARY KEY (batch, customer)) WITHOUT ROWID""",
    "CREATE INDEX import_change_customer ON import_change (customer)",
    """CREATE TABLE note (
        call TEXT PRIMARY KEY, taken_by TEXT NOT NULL DEFAULT '', taken_at INTEGER, memo TEXT NOT NULL DEFAULT '',
        memo_by TEXT NOT NULL DEFAULT '', follow_up TEXT NOT NULL DEFAULT '',
        noted_by TEXT NOT NULL DEFAULT '', noted_at INTEGER) WITHOUT ROWID""",
    "CREATE INDEX note_taken ON note (taken_by, call) WHERE taken_by != ''",
    "CREATE INDEX note_follow_up ON note (follow_up, call) WHERE follow_up = 'open'",
)

_FORMS = """char(31) || {side} || char(31) || CASE WHEN coalesce({side}_e164, '') = '' THEN '' ELSE {side}_e164 || char(31) END"""
_CALLER_FORMS = _FORMS.format(side="caller")
_CALLED_FORMS = _FORMS.format(side="called")
_CALLER_WORDS = f"""{_CALLER_FORMS} || caller_raw
    || CASE WHEN caller_raw != '' AND caller_name != '' THEN char(31) ELSE '' END || caller_name
    || CASE WHEN (caller_raw != '' OR caller_name != '') AND caller_reason IS NOT NULL THEN char(31) ELSE '' END
    || coalesce(caller_reason, '') || char(31)"""
_CALLED_WORDS = f"{_CALLED_FORMS} || called_raw || char(31)"
_SEARCH = (
    """CREATE TABLE party (
        id INTEGER PRIMARY KEY, number TEXT NOT NULL, digits TEXT NOT NULL, words TEXT NOT NULL UNIQUE)""",
    "CREATE INDEX party_number ON party (number)",
    "ALTER TABLE call ADD COLUMN caller_party INTEGER",
    "ALTER TABLE call ADD COLUMN called_party INTEGER",
    f"INSERT OR IGNORE INTO party (number, digits, words) SELECT caller, lower({_CALLER_FORMS}), lower({_CALLER_WORDS}) FROM call",  # noqa: S608
    f"INSERT OR IGNORE INTO party (number, digits, words) SELECT called, lower({_CALLED_FORMS}), lower({_CALLED_WORDS}) FROM call",  # noqa: S608
    f"""UPDATE call SET caller_party = (SELECT id FROM party WHERE words = lower({_CALLER_WORDS})),
        called_party = (SELECT id FROM party WHERE words = lower({_CALLED_WORDS})) WHERE caller_reason IS NOT 'erased'""",  # noqa: S608
    "CREATE INDEX call_caller_party ON call (caller_party)",
    "CREATE INDEX call_called_party ON call (called_party)",
    "CREATE INDEX call_direction ON call (direction)",
    "CREATE INDEX call_line ON call (line)",
    "CREATE INDEX call_reason ON call (caller_reason) WHERE caller_reason IS NOT NULL",
    "CREATE INDEX call_talk ON call (ended_at - answered_at) WHERE answered_at IS NOT NULL",
    "CREATE INDEX recording_held ON recording (call) WHERE held = 1",
    """CREATE TABLE recording_label (
        label TEXT NOT NULL, recording TEXT NOT NULL, PRIMARY KEY (label, recording)) WITHOUT ROWID""",
    "CREATE INDEX recording_label_recording ON recording_label (recording)",
    """INSERT INTO recording_label SELECT label, recording FROM (
        SELECT json_extract(body, '$.label') AS label, subject AS recording, json_extract(body, '$.labelled') AS labelled, max(id)
        FROM record WHERE kind = 'RecordingLabelled' GROUP BY 1, 2) WHERE labelled""",
    """CREATE TABLE mark (
        id TEXT PRIMARY KEY, recording TEXT NOT NULL, seconds REAL NOT NULL, note TEXT NOT NULL, who TEXT NOT NULL,
        made_at INTEGER NOT NULL)""",
    "CREATE INDEX mark_recording ON mark (recording, seconds)",
    """CREATE TABLE saved_search (
        account TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, PRIMARY KEY (account, name)) WITHOUT ROWID""",
)
_OFFICE = (
    """CREATE TABLE answer (
        number TEXT NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL,
        PRIMARY KEY (number, source)) WITHOUT ROWID""",
    "CREATE INDEX answer_until ON answer (until)",
    """CREATE TABLE push (
        endpoint TEXT PRIMARY KEY, token BLOB NOT NULL, p256dh TEXT NOT NULL, auth TEXT NOT NULL, language TEXT NOT NULL,
        made_at INTEGER NOT NULL)""",
    "CREATE INDEX push_token ON push (token)",
    "CREATE TABLE place (reader TEXT PRIMARY KEY, row INTEGER NOT NULL)",
)
_TOKENS = (
    """CREATE TABLE token (
        hash BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, rights TEXT NOT NULL, lines TEXT NOT NULL, line_groups TEXT NOT NULL,
        made_by TEXT NOT NULL, made_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, used_at INTEGER,
        used_from TEXT NOT NULL DEFAULT '') WITHOUT ROWID""",
    """CREATE TABLE challenge (
        bearer BLOB NOT NULL, purpose TEXT NOT NULL, challenge BLOB NOT NULL, made_at INTEGER NOT NULL,
        PRIMARY KEY (bearer, purpose)) WITHOUT ROWID""",
)
