"""A person's calls are found by number, packed without others' names, kept sealed, and fetched once."""

from __future__ import annotations

import pytest

from appliance import keys
from appliance.errors import CouldNotError, SaidError, UsageError
from appliance.library import disclosure
from appliance.library.packing import Packing
from appliance.records import Changed
from tests.appliance.furnished import Furnished

NUMBER = "090-1234-5678"


def asked(own: Furnished) -> str:
    with own.ledger() as ledger:
        return disclosure.ask(ledger, disclosure.choices(own.box, ledger, NUMBER), "boss", "request 12", own.now)


def test_only_calls_of_this_number_are_found_each_with_why_its_sound_cannot_be_packed(own: Furnished) -> None:
    with own.ledger() as ledger:
        found = disclosure.choices(own.box, ledger, NUMBER)
        assert found and all("09012345678" in (choice.call.caller, choice.call.called) for choice in found)
        assert {choice.call.id: choice.why_not for choice in found}[own.calls["inbound"]] == ""
        own.sealed("inbound").rename(own.sealed("inbound").with_suffix(".away"))
        found = disclosure.choices(own.box, ledger, NUMBER)
        assert {choice.call.id: choice.why_not for choice in found}[own.calls["inbound"]] == "afar"
        with pytest.raises(SaidError, match="no telephone number"):
            disclosure.choices(own.box, ledger, "")
        with pytest.raises(UsageError, match="no call of this number"):
            disclosure.named(own.box, ledger, found, [own.calls["internal"]])


def test_what_is_asked_for_is_entered_without_the_number(own: Furnished) -> None:
    package = asked(own)
    with own.ledger() as ledger:
        (row,) = [row.record for row in ledger.of(f"disclosure {package}") if isinstance(row.record, Changed)]
        assert (row.who, row.why) == ("boss", "request 12")
        body = ledger.connection.execute("SELECT body FROM job WHERE subject = ?", (package,)).fetchone()[0]
        assert "1234" not in body and "1234" not in str(row)
        assert [one.state for one in disclosure.packages(own.box, ledger.connection, 0)] == ["made"]
        with pytest.raises(SaidError, match="at least one"):
            disclosure.ask(ledger, [], "boss", "x", own.now)


def test_it_is_fetched_once_and_then_gone(own: Furnished) -> None:
    package = asked(own)
    identities = [keys.playback_identity(own.box.folders.keys, own.now)]
    with own.ledger() as ledger:
        Packing(own.box, ledger, own.clock()).step()
        assert [one.state for one in disclosure.packages(own.box, ledger.connection, 0)] == ["ready"]
        with disclosure.fetched(own.box, ledger, package, identities, "boss", own.now) as pieces:
            assert next(pieces).startswith(b"PK")
            with (
                pytest.raises(CouldNotError, match="fetched already"),
                disclosure.fetched(own.box, ledger, package, identities, "two", own.now),
            ):
                pass
        assert list(own.box.folders.disclosures.iterdir()) == []
        assert [one.state for one in disclosure.packages(own.box, ledger.connection, 0)] == ["fetched"]
        fetched = [row.record for row in ledger.of(f"disclosure {package}") if isinstance(row.record, Changed)]
        assert [(one.who, one.what) for one in fetched][-1] == ("boss", "fetched")
