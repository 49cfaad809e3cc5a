"""A passkey opens what is its owner's, for the browser that was asked, once, in time, and under the box's own name; nothing else does."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.errors import SaidError
from appliance.ledger import Ledger
from appliance.web.accounts import Accounts
from appliance.web.passkeys import GOOD_S, MOST, MOST_CHALLENGES, NoPasskeyError, Passkeys, Relying, as_answer, relying
from tests.fakes.authenticator import Authenticator, text
from tests.fakes.clock import FakeClock

BOX = Relying("recorder.local", "https://recorder.local:8443", "さくら商事")


@pytest.fixture
def passkeys(ledger: Ledger, clock: FakeClock) -> Passkeys:
    Accounts(ledger, clock.now, 12).one_time_password("sato")
    Accounts(ledger, clock.now, 12).one_time_password("ito")
    return Passkeys(ledger, clock.now)


def device(passkeys: Passkeys, account: str = "sato", name: str = "phone") -> Authenticator:
    made = Authenticator(BOX.origin, BOX.id)
    passkeys.add(account, "session", BOX, made.make(passkeys.offer(account, "session", BOX)), name)
    return made


def test_a_passkey_signs_its_owner_in_and_is_listed_with_its_use(passkeys: Passkeys, clock: FakeClock) -> None:
    phone, other = device(passkeys), device(passkeys, "ito")
    clock.forward(5)
    for _ in range(2):
        assert passkeys.owner("browser", BOX, phone.sign(passkeys.ask("browser", BOX))) == "sato"
    assert passkeys.owner("browser", BOX, other.sign(passkeys.ask("browser", BOX))) == "ito"
    (listed,) = passkeys.of("sato")
    assert (listed.name, listed.used_at) == ("phone", clock.now())


def test_a_challenge_is_good_once_in_time_and_for_the_browser_that_was_asked(passkeys: Passkeys, clock: FakeClock) -> None:
    phone = device(passkeys)
    answer = phone.sign(passkeys.ask("browser", BOX))
    for bearer in ("another", ""):
        with pytest.raises(NoPasskeyError, match="nothing was asked"):
            passkeys.owner(bearer, BOX, answer)
    assert passkeys.owner("browser", BOX, answer) == "sato"
    with pytest.raises(NoPasskeyError, match="nothing was asked"):
        passkeys.owner("browser", BOX, answer)
    late = phone.sign(passkeys.ask("browser", BOX))
    clock.forward(GOOD_S + 1)
    with pytest.raises(NoPasskeyError, match="nothing was asked"):
        passkeys.owner("browser", BOX, late)
    old = phone.sign(passkeys.ask("browser", BOX))
    passkeys.ask("browser", BOX)
    with pytest.raises(NoPasskeyError, match="challenge"):
        passkeys.owner("browser", BOX, old)
    with pytest.raises(NoPasskeyError, match="nothing was asked"):
        passkeys.add("sato", "browser", BOX, Authenticator(BOX.origin, BOX.id).make(passkeys.offer("sato", "session", BOX)), "x")


Change = Callable[[Authenticator], None]
WRONG: dict[str, Change] = {
    "another origin": lambda one: setattr(one, "origin", "https://recorder.local.evil.example"),
    "another port": lambda one: setattr(one, "origin", "https://recorder.local"),
    "no TLS": lambda one: setattr(one, "origin", "http://recorder.local:8443"),
    "another box": lambda one: setattr(one, "box", "evil.example"),
    "nobody verified": lambda one: setattr(one, "verifies", False),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_answer_for_another_place_or_without_its_owner_is_none(passkeys: Passkeys, wrong: str) -> None:
    phone, fresh = device(passkeys), Authenticator(BOX.origin, BOX.id)
    WRONG[wrong](phone)
    WRONG[wrong](fresh)
    with pytest.raises(NoPasskeyError):
        passkeys.owner("browser", BOX, phone.sign(passkeys.ask("browser", BOX)))
    with pytest.raises(NoPasskeyError):
        passkeys.add("ito", "session", BOX, fresh.make(passkeys.offer("ito", "session", BOX)), "x")
    assert passkeys.of("ito") == []


def test_a_strange_key_a_copy_and_a_stolen_name_open_nothing(passkeys: Passkeys) -> None:
    phone, stranger = device(passkeys), Authenticator(BOX.origin, BOX.id)
    with pytest.raises(NoPasskeyError):
        passkeys.owner("browser", BOX, stranger.sign(passkeys.ask("browser", BOX)))
    stranger.id = phone.id
    with pytest.raises(NoPasskeyError):
        passkeys.owner("browser", BOX, stranger.sign(passkeys.ask("browser", BOX)))
    assert passkeys.owner("browser", BOX, phone.sign(passkeys.ask("browser", BOX))) == "sato"
    phone.count = 0
    with pytest.raises(NoPasskeyError, match="count"):
        passkeys.owner("browser", BOX, phone.sign(passkeys.ask("browser", BOX)))
    phone.count, phone.handle = 50, b"ito"
    with pytest.raises(NoPasskeyError, match="no open account"):
        passkeys.owner("browser", BOX, phone.sign(passkeys.ask("browser", BOX)))
    with pytest.raises(NoPasskeyError, match="known"):
        passkeys.add("ito", "session", BOX, phone.make(passkeys.offer("ito", "session", BOX)), "x")


def test_a_closed_account_and_a_removed_passkey_open_nothing(passkeys: Passkeys, ledger: Ledger, clock: FakeClock) -> None:
    phone = device(passkeys)
    clock.forward(1)
    tablet = device(passkeys, name="tablet")
    ledger.connection.execute("UPDATE account SET disabled = 1 WHERE name = 'sato'")
    with pytest.raises(NoPasskeyError):
        passkeys.owner("browser", BOX, phone.sign(passkeys.ask("browser", BOX)))
    ledger.connection.execute("UPDATE account SET disabled = 0 WHERE name = 'sato'")
    named = {one.name: one.id for one in passkeys.of("sato")}
    assert passkeys.remove("ito", named["phone"], "ito") == 0, "it is not theirs"
    clock.forward(1)
    assert passkeys.remove("sato", named["phone"], "sato") == 1
    with pytest.raises(NoPasskeyError):
        passkeys.owner("browser", BOX, phone.sign(passkeys.ask("browser", BOX)))
    assert passkeys.owner("browser", BOX, tablet.sign(passkeys.ask("browser", BOX))) == "sato"
    clock.forward(1)
    assert passkeys.remove("sato", "", "admin") == 1
    told = [row[0] for row in ledger.connection.execute("SELECT body FROM record WHERE kind = 'Changed' AND body LIKE '%passkey%'")]
    assert [json.loads(body)["what"] for body in told] == ["passkey added", "passkey added", "passkey removed", "passkey removed"]


def test_there_are_not_too_many_and_questions_do_not_pile_up(passkeys: Passkeys, ledger: Ledger) -> None:
    for _ in range(MOST):
        device(passkeys)
    with pytest.raises(SaidError, match="remove one first"):
        device(passkeys)
    rows = [(number.to_bytes(4, "big"), "sign in", b"", passkeys._now()) for number in range(MOST_CHALLENGES + 100)]
    ledger.connection.executemany("INSERT INTO challenge VALUES (?,?,?,?)", rows)
    passkeys.ask("browser", BOX)
    assert ledger.connection.execute("SELECT count(*) FROM challenge").fetchone()[0] <= MOST_CHALLENGES + 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_whatever_a_browser_answers_is_a_passkey_or_the_one_error(passkeys: Passkeys, data: st.DataObject) -> None:
    phone = Authenticator(BOX.origin, BOX.id)
    good = data.draw(st.booleans())
    answer = json.loads(phone.make(passkeys.offer("ito", "session", BOX)) if good else phone.sign(passkeys.ask("session", BOX)))
    place = data.draw(st.sampled_from([answer, answer["response"]]))
    junk = st.none() | st.integers() | st.text(max_size=20) | st.binary(max_size=60).map(text) | st.lists(st.integers(), max_size=2)
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(junk)
    with pytest.raises(NoPasskeyError):
        if good:
            passkeys.add("ito", "session", BOX, json.dumps(answer), "x")
            raise NoPasskeyError("a value that is not looked at was changed")
        passkeys.owner("session", BOX, json.dumps(answer))


@pytest.mark.parametrize("sent", ["", "x", "[]", "null", "1", "[" * 100_000, '{"a":', "\ud800"])
def test_what_is_no_object_is_no_answer(sent: str) -> None:
    with pytest.raises(NoPasskeyError):
        as_answer(sent)


NAMES = {"recorder.local", "localhost"}


@pytest.mark.parametrize(
    ("scheme", "host", "found"),
    [
        ("https", "recorder.local", ("recorder.local", "https://recorder.local")),
        ("https", "Recorder.Local:8443", ("recorder.local", "https://recorder.local:8443")),
        ("http", "localhost:8080", ("localhost", "http://localhost:8080")),
        ("http", "recorder.local", None),
        ("https", "evil.example", None),
        ("https", "recorder.local.evil.example", None),
        ("https", "192.168.1.9", None),
        ("https", "x@recorder.local", ("recorder.local", "https://x@recorder.local")),
        ("https", "[::1", None),
        ("https", "", None),
    ],
)
def test_passkeys_are_bound_to_a_name_of_the_boxs_own(scheme: str, host: str, found: tuple[str, str] | None) -> None:
    made = relying(scheme, host, NAMES, "")
    assert (made and (made.id, made.origin)) == found
