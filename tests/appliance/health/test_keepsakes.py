"""After a total loss, what people entered comes back from the backup; what was erased since stays erased, and what cannot is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import erasure, keys
from appliance.clock import SystemClock
from appliance.customers.book import Book
from appliance.customers.entry import Customer
from appliance.health.rebuild import Rebuilt, rebuild
from appliance.janitor.unlinking import Unlinking
from appliance.keys import Identity
from appliance.lookup import get_call, labels
from appliance.popups import desk
from appliance.records import Listened, RecordingLabelled
from appliance.web.accounts import Accounts
from appliance.web.rights import Right
from appliance.web.roles import Roles
from provisioning import backup
from tests.appliance.furnished import Furnished, replace_settings


@pytest.fixture
def kept(own: Furnished) -> tuple[Furnished, Identity]:
    """A box on which people entered things, with last night's backup sealed to its customer."""
    customer = Identity.new("customer")
    own = replace_settings(own, f'\n[[recipients]]\nname = "customer"\nkey = "{customer.recipient}"\n')
    name = own.recording("inbound").facts.recording
    with own.ledger() as ledger:
        Book(ledger, lambda: own.now, own.box.config.number).save(Customer(name="高橋", numbers=("090-1234-5678",)), "x")
        Roles(ledger, lambda: own.now).add("夜勤", [Right.POPUP], "x")
        desk.take(ledger, own.calls["inbound"], "sato", own.now)
        desk.write(ledger, own.calls["inbound"], "sato", "折り返し", "open", own.now)
        desk.write(ledger, own.calls["internal"], "sato", "内線の件", "", own.now)
        ledger.append(RecordingLabelled(at=own.now, recording=name, label="苦情", labelled=True, who="sato"))
        ledger.append(Listened(at=own.now, recording=name, who="sato", where="console"))
        ledger.connection.execute("INSERT INTO mark VALUES ('m1', ?, 1.5, 'ここ', 'sato', 1)", (name,))
    backup.make_and_queue(own.box, own.now)
    return own, customer


def lose(own: Furnished) -> None:
    for path in own.box.folders.data.glob("ledger.db*"):
        path.unlink()


def bring_back(own: Furnished, *identities: Identity, file: Path | None = None) -> Rebuilt:
    return rebuild(own.box, [*keys.identities_in(own.box.folders.keys), *identities], SystemClock(), "", file)


def test_all_that_people_entered_is_there_again(kept: tuple[Furnished, Identity]) -> None:
    own, customer = kept
    lose(own)
    done = bring_back(own, customer)
    assert done.problems == []
    with own.ledger() as ledger:
        assert [one.name for one in Book(ledger, lambda: 1, own.box.config.number).behind("09012345678")] == ["高橋"]
        assert "夜勤" in [role.name for role in Roles(ledger, lambda: 1).all().values()]
        note = desk.note_of(ledger.connection, own.calls["inbound"])
        assert (note.taken_by, note.memo, note.memo_by, note.follow_up) == ("sato", "折り返し", "sato", "open")
        name = own.recording("inbound").facts.recording
        assert labels(ledger.connection)[name] == {"苦情"}
        assert [row["note"] for row in ledger.connection.execute("SELECT note FROM mark")] == ["ここ"]
        assert any(isinstance(row.record, Listened) for row in ledger.of(name)), "the register"
        assert get_call(ledger.connection, own.calls["missed"]) is not None, "a call without a recording"
        assert Accounts(ledger, lambda: 1, 12).has_lasting_password("admin")
        assert ledger.connection.execute("SELECT count(*) FROM session").fetchone()[0] == 0, "everybody signs in again"
    assert done.kept["customer"] == 1 and any("are those of the backup of" in line for line in done.lacks)


def test_what_was_erased_since_the_backup_stays_erased(kept: tuple[Furnished, Identity]) -> None:
    own, customer = kept
    call = own.calls["inbound"]
    with own.ledger() as ledger:
        order = erasure.Order(own.call("inbound"), own.recording("inbound"))
        erasure.ask(ledger, [order], "boss", "case 7", own.now)
        ledger.connection.execute("UPDATE job SET kind = ? WHERE kind = ?", (erasure.UNLINK, erasure.ERASE))
        Unlinking(own.box, ledger, own.clock()).step()
        proof = next(row.record for row in ledger.since(0) if row.record.kind == "RecordingErased")
    lose(own)
    with own.ledger() as ledger:  # what the store's proof of the erasure tells a box that lost everything
        ledger.append(*erasure.retell(proof.proof.encode()))  # type: ignore[attr-defined]
    own.box.folders.ledger.rename(own.box.folders.data / "told.db")
    (own.box.folders.data / "told.db").rename(own.box.folders.ledger)
    done = bring_back(own, customer, file=next((own.box.folders.data / "backups").glob("*.tar.age")))
    with own.ledger() as ledger:
        found = get_call(ledger.connection, call)
        assert found is not None and (found.caller, found.caller_reason) == ("", "erased")
        assert desk.note_of(ledger.connection, call).memo == ""
        assert desk.note_of(ledger.connection, own.calls["internal"]).memo == "内線の件"
        assert ledger.connection.execute("SELECT count(*) FROM mark").fetchone()[0] == 0
        assert "09012345678" not in "".join(
            row["body"] for row in ledger.connection.execute("SELECT body FROM record WHERE subject = ?", (call,))
        )
    assert done.from_backup > 0


def test_without_a_backup_that_opens_it_says_what_is_lost(kept: tuple[Furnished, Identity]) -> None:
    own, _ = kept
    lose(own)
    done = bring_back(own)
    assert done.recordings > 0 and done.kept == {}
    assert any("customers, memos, marks, roles, accounts" in line and "--backup" in line for line in done.lacks)


def test_a_ledger_that_is_whole_is_left_as_it_is(kept: tuple[Furnished, Identity]) -> None:
    own, customer = kept
    with own.ledger() as ledger:
        ledger.connection.execute("DELETE FROM customer")
    done = bring_back(own, customer)
    assert (done.kept, done.from_backup, done.lacks) == ({}, 0, [])


def test_tables_of_a_damaged_ledger_are_younger_than_the_backup(kept: tuple[Furnished, Identity]) -> None:
    own, customer = kept
    with own.ledger() as ledger:
        Book(ledger, lambda: own.now, own.box.config.number).erase_number("09012345678", "x")
        ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = ledger.connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'record_kind'").fetchone()[0]
        size = ledger.connection.execute("PRAGMA page_size").fetchone()[0]
    with own.box.folders.ledger.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    done = bring_back(own, customer)
    assert done.aside and done.salvaged > 0
    with own.ledger() as ledger:
        assert ledger.connection.execute("SELECT count(*) FROM customer").fetchone()[0] == 0, "it went on purpose"
        assert desk.note_of(ledger.connection, own.calls["inbound"]).memo == "折り返し"
