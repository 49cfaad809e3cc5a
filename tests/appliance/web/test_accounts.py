"""Nobody signs in by guessing, with a spent password or with somebody else's session; only hashes are kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import argon2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import Changed
from appliance.web.accounts import (
    FREE_TRIES,
    LONGEST_WAIT_S,
    MIN_LENGTH,
    Accounts,
    Session,
    ThrottledError,
    WeakPasswordError,
    WrongPasswordError,
    csrf_holds,
)
from tests.appliance.furnished import CHEAP
from tests.fakes.clock import FakeClock

HOME = "192.168.0.20"
AWAY = "192.168.0.66"
HOURS = 12
LASTING = "a lasting password"


@pytest.fixture
def accounts(ledger: Ledger, clock: FakeClock) -> Accounts:
    return Accounts(ledger, clock.now, HOURS)


@pytest.fixture
def quick(accounts: Accounts, ledger: Ledger) -> Iterator[Accounts]:
    """With an account `sato` whose password is LASTING, in a hash that is cheap to check."""
    cheap = CHEAP.hash(LASTING)
    ledger.connection.execute("INSERT INTO account (name, password, one_time, created_at) VALUES ('sato', ?, 0, 0)", (cheap,))
    yield accounts


def signed_in(accounts: Accounts, token: str) -> Session:
    session = accounts.session(token)
    assert session is not None
    return session


def fail(accounts: Accounts, times: int, name: str = "sato", address: str = HOME) -> None:
    for _ in range(times):
        with pytest.raises(WrongPasswordError):
            accounts.sign_in(name, "wrong", address)


def wait_of(accounts: Accounts, name: str = "sato", address: str = HOME) -> int:
    """The seconds that the throttle asks for now."""
    with pytest.raises(ThrottledError) as caught:
        accounts.sign_in(name, LASTING, address)
    return caught.value.seconds


def test_a_one_time_password_works_once_and_never_again(accounts: Accounts) -> None:
    password = accounts.one_time_password("admin")
    assert signed_in(accounts, accounts.sign_in("admin", password, HOME)).must_choose
    with pytest.raises(WrongPasswordError):
        accounts.sign_in("admin", password, AWAY)


def test_a_one_time_password_opens_one_session_however_many_use_it_at_once(accounts: Accounts, box: Box, clock: FakeClock) -> None:
    password = accounts.one_time_password("admin")
    together = threading.Barrier(4)

    def attempt(place: int) -> bool:
        with Ledger.open(box.folders.ledger) as mine:
            together.wait()
            try:
                Accounts(mine, clock.now, HOURS).sign_in("admin", password, f"10.0.0.{place}")
            except WrongPasswordError:
                return False
            return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(attempt, range(4))) == [False, False, False, True]


def test_a_spent_password_cannot_be_signed_in_with_by_its_mark(accounts: Accounts) -> None:
    accounts.sign_in("admin", accounts.one_time_password("admin"), HOME)
    with pytest.raises(WrongPasswordError):
        accounts.sign_in("admin", "!", HOME)


def test_a_new_one_time_password_ends_the_old_password_and_every_session(accounts: Accounts) -> None:
    first = accounts.one_time_password("admin")
    token = accounts.sign_in("admin", first, HOME)
    accounts.choose_password(signed_in(accounts, token), token, "", LASTING)
    second = accounts.one_time_password("admin")
    assert accounts.session(token) is None
    assert not accounts.has_lasting_password("admin")
    with pytest.raises(WrongPasswordError):
        accounts.sign_in("admin", LASTING, HOME)
    assert signed_in(accounts, accounts.sign_in("admin", second, HOME)).must_choose


def test_one_time_passwords_are_not_alike(accounts: Accounts) -> None:
    first, second = accounts.one_time_password("a"), accounts.one_time_password("a")
    assert first != second
    assert len(first.replace("-", "")) == 12
    assert not set("01il0o") & set(first + second), "letters that are misread over the telephone"


def test_passwords_are_argon2id_and_tokens_are_hashed(accounts: Accounts, ledger: Ledger) -> None:
    password = accounts.one_time_password("admin")
    stored = ledger.connection.execute("SELECT password FROM account").fetchone()[0]
    assert stored.startswith("$argon2id$")
    assert argon2.PasswordHasher().verify(stored, password)
    token = accounts.sign_in("admin", password, HOME)
    kept = ledger.connection.execute("SELECT * FROM session").fetchone()
    assert kept["token"] == hashlib.sha256(token.encode()).digest()
    everything = "\n".join(ledger.connection.iterdump())
    assert token not in everything and password not in everything and token.encode().hex() not in everything.lower()


def test_every_sign_in_gets_a_token_and_a_form_secret_of_its_own(quick: Accounts) -> None:
    tokens = {quick.sign_in("sato", LASTING, HOME) for _ in range(5)}
    secrets = {signed_in(quick, token).csrf for token in tokens}
    assert len(tokens) == len(secrets) == 5
    assert all(len(token) >= 43 for token in tokens), "256 bits"


@pytest.mark.parametrize("name", ["", "SATO", "sato\0", "' OR 1=1 --", "佐藤" * 2000])
def test_a_wrong_name_is_refused_as_a_wrong_password_is(quick: Accounts, ledger: Ledger, name: str) -> None:
    with pytest.raises(WrongPasswordError) as unknown:
        quick.sign_in(name, LASTING, HOME)
    with pytest.raises(WrongPasswordError) as known:
        quick.sign_in("sato", "wrong", AWAY)
    assert str(unknown.value) == str(known.value)
    rows = ledger.connection.execute("SELECT failures FROM attempt ORDER BY who").fetchall()
    assert [row[0] for row in rows] == [1, 1, 1, 1], "both are counted by name with address and by address"


def test_an_unknown_name_is_throttled_as_a_known_one_is(quick: Accounts) -> None:
    fail(quick, FREE_TRIES, name="sato", address=HOME)
    fail(quick, FREE_TRIES, name="nobody", address=AWAY)
    assert wait_of(quick, "sato", HOME) == wait_of(quick, "nobody", AWAY) == 2


def test_the_first_failures_are_free_then_the_wait_doubles_up_to_its_cap(quick: Accounts, clock: FakeClock) -> None:
    fail(quick, FREE_TRIES)
    waits = []
    for _ in range(12):
        waits.append(wait_of(quick))
        clock.forward(waits[-1] - 0.5)
        assert wait_of(quick) == 1, "half a second is still to be waited, and asking costs nothing"
        clock.forward(0.5)
        fail(quick, 1)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, *[LONGEST_WAIT_S] * 3]


def test_while_throttled_even_the_right_password_is_not_looked_at(quick: Accounts, clock: FakeClock) -> None:
    fail(quick, FREE_TRIES)
    assert wait_of(quick) == 2
    clock.forward(2)
    assert quick.sign_in("sato", LASTING, HOME)


def test_many_names_from_one_address_are_throttled_by_the_address(quick: Accounts) -> None:
    for place in range(FREE_TRIES):
        fail(quick, 1, name=f"guess{place}")
    assert wait_of(quick, "sato", HOME) == 2


def test_failures_elsewhere_do_not_lock_the_owner_out(quick: Accounts) -> None:
    fail(quick, FREE_TRIES, address=AWAY)
    assert quick.sign_in("sato", LASTING, HOME)
    assert wait_of(quick, "sato", AWAY) == 2


def test_success_forgets_the_failures(quick: Accounts) -> None:
    fail(quick, FREE_TRIES - 1)
    quick.sign_in("sato", LASTING, HOME)
    fail(quick, FREE_TRIES - 1)
    quick.sign_in("sato", LASTING, HOME)


def test_a_day_without_a_failure_forgets_them_too(quick: Accounts, ledger: Ledger, clock: FakeClock) -> None:
    fail(quick, FREE_TRIES)
    clock.forward(24 * 3600 + 1)
    fail(quick, 1, address=AWAY)
    assert ledger.connection.execute("SELECT count(*) FROM attempt").fetchone()[0] == 2, "only the new ones are left"


def test_a_clock_that_is_set_back_locks_nobody_out_for_longer_than_the_cap(quick: Accounts, clock: FakeClock) -> None:
    clock.step(365 * 24 * 3600)
    fail(quick, FREE_TRIES)
    clock.step(-365 * 24 * 3600)
    assert quick.sign_in("sato", LASTING, HOME)


def test_a_session_ends_when_it_was_unused_for_its_hours(quick: Accounts, clock: FakeClock) -> None:
    token = quick.sign_in("sato", LASTING, HOME)
    clock.forward(HOURS * 3600)
    assert quick.session(token) is not None, "this use renews it"
    clock.forward(HOURS * 3600)
    assert quick.session(token) is not None
    clock.forward(HOURS * 3600 + 1)
    assert quick.session(token) is None
    assert quick.session(token) is None, "asking does not wake it"


def test_sessions_that_have_ended_are_swept_at_the_next_sign_in(quick: Accounts, ledger: Ledger, clock: FakeClock) -> None:
    quick.sign_in("sato", LASTING, HOME)
    clock.forward(HOURS * 3600 + 1)
    quick.sign_in("sato", LASTING, HOME)
    assert ledger.connection.execute("SELECT count(*) FROM session").fetchone()[0] == 1


def test_signing_out_ends_this_session_alone(quick: Accounts) -> None:
    here, there = quick.sign_in("sato", LASTING, HOME), quick.sign_in("sato", LASTING, AWAY)
    quick.sign_out(here)
    assert quick.session(here) is None
    assert quick.session(there) is not None


def test_choosing_a_password_ends_every_other_session_of_the_account_and_no_one_elses(quick: Accounts, ledger: Ledger) -> None:
    other = quick.sign_in("aoki", quick.one_time_password("aoki"), HOME)
    here, there = quick.sign_in("sato", LASTING, HOME), quick.sign_in("sato", LASTING, AWAY)
    quick.choose_password(signed_in(quick, here), here, LASTING, "another password")
    assert quick.session(here) is not None
    assert quick.session(there) is None
    assert quick.session(other) is not None
    with pytest.raises(WrongPasswordError):
        quick.sign_in("sato", LASTING, HOME)
    quick.sign_in("sato", "another password", HOME)
    entry = ledger.latest(Changed, "account sato")
    assert entry is not None and isinstance(entry.record, Changed)
    assert (entry.record.who, entry.record.what) == ("sato", "password")


def test_a_lasting_password_is_changed_only_with_the_present_one(quick: Accounts) -> None:
    token = quick.sign_in("sato", LASTING, HOME)
    for old in ("", "wrong", LASTING.upper()):
        with pytest.raises(WrongPasswordError):
            quick.choose_password(signed_in(quick, token), token, old, "another password")
    assert quick.sign_in("sato", LASTING, HOME)


@pytest.mark.parametrize("new", ["", "short", "x" * (MIN_LENGTH - 1)])
def test_a_short_password_is_refused(quick: Accounts, new: str) -> None:
    token = quick.sign_in("sato", LASTING, HOME)
    with pytest.raises(WeakPasswordError):
        quick.choose_password(signed_in(quick, token), token, LASTING, new)
    assert quick.sign_in("sato", LASTING, HOME)


def test_ones_own_name_is_no_password(accounts: Accounts) -> None:
    name = "reception-desk"
    token = accounts.sign_in(name, accounts.one_time_password(name), HOME)
    with pytest.raises(WeakPasswordError):
        accounts.choose_password(signed_in(accounts, token), token, "", "Reception-Desk")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text(st.characters(), max_size=200))
def test_no_made_up_token_is_a_session(quick: Accounts, token: str) -> None:
    assert quick.session(token) is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_only_the_form_that_we_gave_is_ours(csrf: str, given_back: str) -> None:
    session = Session("sato", csrf, must_choose=False)
    assert csrf_holds(session, csrf)
    assert csrf_holds(session, given_back) == (given_back == csrf)
