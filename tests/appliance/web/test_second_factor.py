"""A code is good for its half minute and once; without it a password opens nothing."""

from __future__ import annotations

import pytest

from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.web.accounts import FREE_TRIES, Accounts, ThrottledError, WrongPasswordError
from appliance.web.second_factor import NoCodeError, address_of, check_code, new_secret
from tests.fakes.clock import FakeClock

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""`12345678901234567890`, the secret of the examples in RFC 6238, appendix B."""


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")]
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, the last six digits."""
    assert check_code(SECRET, code, seconds * SECOND, 0) == seconds // 30
    assert check_code(SECRET, f"{code[:3]} {code[3:]}", seconds * SECOND, 0) == seconds // 30


def test_a_code_is_good_once_and_a_telephones_clock_may_be_a_step_off() -> None:
    step = 1234567890 // 30
    assert check_code(SECRET, "005924", 1234567890 * SECOND, step) is None
    assert check_code(SECRET, "005924", (1234567890 + 30) * SECOND, 0) == step
    assert check_code(SECRET, "005924", (1234567890 + 90) * SECOND, 0) is None


@pytest.mark.parametrize("code", ["", "1", "12345", "1234567", "abcdef", "００５９２４", "-05924", "0.5924"])
def test_what_is_no_code(code: str) -> None:
    assert check_code(SECRET, code, 1234567890 * SECOND, 0) is None


def test_an_app_takes_the_address() -> None:
    assert address_of(SECRET, "sato", "さくら").startswith("otpauth://totp/")
    assert len(new_secret()) == 32


@pytest.fixture
def guarded(ledger: Ledger, clock: FakeClock) -> tuple[Accounts, str]:
    """An account with a second factor, and its password."""
    accounts = Accounts(ledger, clock.now, 12)
    token = accounts.sign_in("admin", accounts.one_time_password("admin"), "-")
    session = accounts.session(token)
    assert session is not None
    accounts.choose_password(session, token, "", "a lasting password")
    accounts.set_totp("admin", SECRET, code_at(clock), "admin")
    clock.forward(60)
    return accounts, "a lasting password"


def code_at(clock: FakeClock) -> str:
    import pyotp

    return pyotp.TOTP(SECRET).at(clock.now() // SECOND)


def test_a_wrong_code_does_not_switch_it_on(ledger: Ledger, clock: FakeClock) -> None:
    accounts = Accounts(ledger, clock.now, 12)
    accounts.one_time_password("admin")
    with pytest.raises(NoCodeError):
        accounts.set_totp("admin", SECRET, "000000", "admin")
    assert not accounts.has_totp("admin")


def test_a_password_alone_opens_nothing(guarded: tuple[Accounts, str], clock: FakeClock) -> None:
    accounts, password = guarded
    token = accounts.sign_in("admin", password, "-")
    assert accounts.session(token) is None
    assert accounts.pending(token) == "admin"
    opened = accounts.confirm(token, code_at(clock), "-")
    assert opened != token, "a session that was known before the code is none after it"
    assert accounts.session(token) is None
    assert accounts.session(opened) is not None
    assert accounts.pending(opened) == ""


def test_a_code_opens_one_session_only(guarded: tuple[Accounts, str], clock: FakeClock) -> None:
    accounts, password = guarded
    accounts.confirm(accounts.sign_in("admin", password, "-"), code_at(clock), "-")
    with pytest.raises(WrongPasswordError):
        accounts.confirm(accounts.sign_in("admin", password, "-"), code_at(clock), "-")


def test_guessing_codes_is_throttled(guarded: tuple[Accounts, str], clock: FakeClock) -> None:
    accounts, password = guarded
    token = accounts.sign_in("admin", password, "-")
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongPasswordError):
            accounts.confirm(token, "000000", "-")
    with pytest.raises(ThrottledError):
        accounts.confirm(token, code_at(clock), "-")


def test_a_pending_session_does_not_wait_for_ever(guarded: tuple[Accounts, str], clock: FakeClock) -> None:
    accounts, password = guarded
    token = accounts.sign_in("admin", password, "-")
    clock.forward(601)
    assert accounts.pending(token) == ""
    with pytest.raises(WrongPasswordError):
        accounts.confirm(token, code_at(clock), "-")
