"""The label's code is made once, kept as a hash alone, and is nothing as soon as somebody has an account."""

from __future__ import annotations

import pytest

from appliance import first_code
from appliance.errors import UsageError
from appliance.ledger import Ledger


def test_the_code_opens_however_it_is_typed_and_is_kept_as_a_hash(ledger: Ledger) -> None:
    code = first_code.make(ledger, 1, "root")
    stored = first_code.stored(ledger.connection)
    assert code not in stored and stored.startswith("$argon2id$")
    assert all(first_code.fits(stored, typed) for typed in (code, code.upper(), code.replace("-", ""), f" {code} "))
    assert not any(first_code.fits(stored, typed) for typed in ("", code[:-1], "xxxx-xxxx-xxxx"))


def test_it_is_printed_once_and_another_one_ends_it(ledger: Ledger) -> None:
    first = first_code.make(ledger, 1, "root")
    with pytest.raises(UsageError, match=r"made already .* --again"):
        first_code.make(ledger, 2, "root")
    second = first_code.make(ledger, 3, "root", again=True)
    stored = first_code.stored(ledger.connection)
    assert first_code.fits(stored, second) and not first_code.fits(stored, first)


def test_a_box_with_an_account_gets_no_code(ledger: Ledger) -> None:
    ledger.connection.execute("INSERT INTO account (name, password, one_time, created_at) VALUES ('sato', '!', 0, 0)")
    with pytest.raises(UsageError, match="has accounts already"):
        first_code.make(ledger, 1, "root", again=True)


def test_where_none_was_made_nothing_fits(ledger: Ledger) -> None:
    assert not first_code.fits(first_code.stored(ledger.connection), "")


def test_the_label_names_the_address_and_the_code_and_fetches_nothing() -> None:
    page = first_code.label("https://recorder.local", "A<1>", "abcd-efgh-jkmn")
    assert "https://recorder.local" in page and "abcd-efgh-jkmn" in page and "A&lt;1&gt;" in page
    assert "src=" not in page and "url(" not in page and "href=" not in page
