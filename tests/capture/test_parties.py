"""Who calls whom: the headers are trusted in the order that Japanese networks deserve, and what a caller withheld stays withheld."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import Config
from appliance.numbers import CallerReason
from appliance.records import Direction
from capture import parties, sip
from capture.frames import Address
from capture.parties import MAX_KEPT, MAX_KEPT_LENGTH, Parties, tidy
from capture.policy import decide
from tests.capture.playbook import CALLED, CALLER, START, Call, config

OFFICE = config(lines=[{"number": "03-1234-5678", "name": "代表"}, {"number": "201"}, {"number": "202"}])
NTT: dict[str, Any] = {
    "caller": "<sip:09012345678@ntt-east.ne.jp>",
    "called": "<sip:0399999999@ntt-east.ne.jp>",
    "target": "sip:5f3a@192.0.2.10",
}


def read(told: Config | None = None, *, source: Address = CALLER, destination: Address = CALLED, **names: Any) -> Parties:
    message = sip.parse(Call(**names).invite())
    return parties.read(message, source, destination, told or Config())


def test_the_called_party_id_says_what_was_dialled() -> None:
    found = read(**NTT, extra=("P-Called-Party-ID: <sip:0312345678@ntt-east.ne.jp>",))
    assert (found.called.national, found.called.e164) == ("0312345678", "+81312345678")
    assert (found.caller.national, found.caller.raw, found.direction) == ("09012345678", "09012345678", Direction.INBOUND)


def test_the_request_uri_comes_before_to() -> None:
    assert read(target="sip:0661234567@192.0.2.10", called="<sip:0399999999@h>").called.national == "0661234567"


def test_to_is_believed_where_the_request_uri_is_only_a_contact() -> None:
    assert read(**NTT).called.national == "0399999999"
    assert read(target="sip:192.0.2.10", called="<tel:+81-3-9999-9999>").called.national == "0399999999"


@pytest.mark.parametrize("header", ["P-Called-Party-ID: <sip:201@h>", "X-Nothing: 1"])
def test_a_configured_line_is_found_in_whatever_header_it_stands(header: str) -> None:
    found = read(
        OFFICE, target="sip:0661234567@h" if "201" in header else "sip:201@h", called="<sip:0399999999@h>", extra=(header,)
    )
    assert (found.called.national, found.line) == ("201", "201")


def test_a_call_without_any_number_names_the_host_it_goes_to() -> None:
    found = read(target="sip:door.example", called="<sip:door.example>", caller="<sip:intercom.example>")
    assert (found.called.raw, found.caller.raw) == ("door.example", "intercom.example")


@pytest.mark.parametrize(
    ("display", "reason"),
    [
        ("Anonymous", CallerReason.ANONYMOUS),
        ('"ANONYMOUS"', CallerReason.ANONYMOUS),
        ("Coin line/payphone", CallerReason.PAYPHONE),
        ('"Coin Line/Payphone"', CallerReason.PAYPHONE),
        ("Unavailable", CallerReason.UNAVAILABLE),
        ("Interaction with other service", CallerReason.INTERACTION),
    ],
)
def test_a_caller_without_number_has_the_networks_reason(display: str, reason: CallerReason) -> None:
    found = read(OFFICE, **{**NTT, "caller": f"{display} <sip:anonymous@anonymous.invalid>"})
    assert (found.caller_reason, found.caller.national, found.caller_name) == (reason, "", "")
    assert found.direction is Direction.INBOUND


@pytest.mark.parametrize("privacy", ["id", "user;id", "header, session", "ID;critical"])
def test_privacy_is_respected_though_the_network_tells_the_number(privacy: str) -> None:
    asserted = ("P-Asserted-Identity: <tel:+819012345678>", "P-Preferred-Identity: <sip:09012345678@h>", f"Privacy: {privacy}")
    for caller in ("<sip:anonymous@anonymous.invalid>", '"Takahashi" <sip:09012345678@h>'):
        found = read(caller=caller, extra=asserted)
        assert found.caller_reason is CallerReason.ANONYMOUS
        assert (found.caller.raw, found.caller.national, found.caller.e164, found.caller_name) == ("", "", None, "")


def test_privacy_none_hides_nothing() -> None:
    found = read(extra=("Privacy: none",))
    assert (found.caller.national, found.caller_name, found.caller_reason) == ("09012345678", "Takahashi", None)


def test_a_company_may_be_called_unavailable() -> None:
    found = read(caller='"Unavailable Ltd" <sip:0312345678@h>')
    assert (found.caller_reason, found.caller_name, found.caller.national) == (None, "Unavailable Ltd", "0312345678")


@pytest.mark.parametrize(
    "header",
    [
        "P-Asserted-Identity: <tel:+819012345678>",
        'P-Asserted-Identity: "x, y" <sip:trunk@h>, <sip:+819012345678@h;user=phone>',
        "P-Preferred-Identity: <sip:09012345678@h>",
        "Remote-Party-ID: <sip:09012345678@h>;party=calling;privacy=off",
    ],
)
def test_the_asserted_number_stands_in_where_from_has_none(header: str) -> None:
    assert read(caller="<sip:trunk-user@h>", extra=(header,)).caller.national == "09012345678"


def test_the_number_in_from_wins_over_an_asserted_one() -> None:
    assert read(extra=("P-Asserted-Identity: <tel:+81312345678>",)).caller.national == "09012345678"
    assert read(caller="<sip:201@h>", extra=("P-Asserted-Identity: <sip:trunk@h>",)).caller.national == "201"


INSIDE = config(capture={"inside": ["192.0.2.0/24", "2001:db8::/32"]})
OUT, IN = CALLER, CALLED
OUT6, IN6 = Address(ip_address("2a00::1").packed, 5060), Address(ip_address("2001:db8::1").packed, 5060)


@pytest.mark.parametrize(
    ("source", "destination", "direction"),
    [
        (OUT, IN, Direction.INBOUND), (IN, OUT, Direction.OUTBOUND), (IN, IN, Direction.INTERNAL),
        (OUT6, IN6, Direction.INBOUND), (IN6, OUT6, Direction.OUTBOUND), (IN6, IN, Direction.INTERNAL),
    ],
)  # fmt: skip
def test_inside_networks_tell_the_direction(source: Address, destination: Address, direction: Direction) -> None:
    found = read(INSIDE, source=source, destination=destination, caller="<sip:0311111111@h>", called="<sip:0322222222@h>")
    assert found.direction is direction


def test_a_call_between_strangers_falls_back_to_the_numbers() -> None:
    found = read(INSIDE, source=OUT, destination=OUT, caller="<sip:0311111111@h>", target="sip:201@h", called="<sip:201@h>")
    assert found.direction is Direction.INBOUND


@pytest.mark.parametrize(
    ("caller", "called", "direction"),
    [
        ("0661234567", "0312345678", Direction.INBOUND),
        ("+81312345678", "0661234567", Direction.OUTBOUND),
        ("0312345678", "110", Direction.OUTBOUND),
        ("201", "202", Direction.INTERNAL),
        ("201", "0312345678", Direction.INTERNAL),
        ("999", "201", Direction.INBOUND),
    ],
)
def test_configured_lines_tell_the_direction(caller: str, called: str, direction: Direction) -> None:
    found = read(OFFICE, caller=f"<sip:{caller}@h>", called=f"<sip:{called}@h>", target=f"sip:{called}@h")
    assert found.direction is direction


@pytest.mark.parametrize(
    ("caller", "called", "direction"),
    [
        ("301", "302", Direction.INTERNAL),
        ("301", "0661234567", Direction.OUTBOUND),
        ("301", "119", Direction.OUTBOUND),
        ("0661234567", "117", Direction.OUTBOUND),
        ("0661234567", "301", Direction.INBOUND),
        ("0661234567", "0612345678", Direction.UNKNOWN),
    ],
)
def test_without_configuration_the_numbers_tell_what_they_can(caller: str, called: str, direction: Direction) -> None:
    found = read(caller=f"<sip:{caller}@h>", called=f"<sip:{called}@h>", target=f"sip:{called}@h")
    assert found.direction is direction


def test_a_message_that_travels_back_has_its_addresses_swapped() -> None:
    answer = sip.parse(Call(caller="<sip:0311111111@h>", called="<sip:0322222222@h>").response(200))
    forth = parties.read(answer, CALLED, CALLER, INSIDE, reverse=True)
    assert (forth.direction, forth.caller.national, forth.called.national) == (Direction.INBOUND, "0311111111", "0322222222")


def test_the_line_of_the_office_is_the_one_named_on_either_side() -> None:
    numbers: dict[str, Any] = {"target": "sip:0661234567@h", "called": "<sip:0661234567@h>"}
    assert read(OFFICE, caller="<sip:+81312345678@h>", **numbers).line == "03-1234-5678"
    assert read(OFFICE, caller="<sip:0399999999@h>", **numbers).line is None
    both = read(OFFICE, caller="<sip:201@h>", called="<sip:202@h>", target="sip:202@h")
    assert (both.line, both.direction) == ("202", Direction.INTERNAL)


@pytest.mark.parametrize(
    ("caller", "called"),
    [
        ("0661234567", "0312345679"), ("+81661234567", "+81312345679"), ("0312345679", "0661234567"), ("0312345678", "0312345679"),
        ("0312345679", "0312345678"), ("0661234567", "03-1234-5679"), ("0661234567", "1840312345679"),
    ],
)  # fmt: skip
def test_a_line_that_is_never_recorded_is_never_recorded_on_either_side(caller: str, called: str) -> None:
    told = config(lines=[{"number": "0312345678"}, {"number": "0312345679", "record": False}])
    found = read(told, caller=f"<sip:{caller}@h>", called=f"<sip:{called}@h>", target=f"sip:{called}@h")
    assert not decide(found.facts, told, START).record
    found = read(told, caller=f"<sip:{caller}@h>", called=f"<sip:{called}@h>", target="sip:5f3a@192.0.2.10")
    assert not decide(found.facts, told, START).record


def test_other_lines_are_recorded() -> None:
    told = config(lines=[{"number": "0312345678"}, {"number": "0312345679", "record": False}])
    assert decide(read(told).facts, told, START).record
    assert decide(read(told, called="<sip:0661234567@h>", target="sip:0661234567@h").facts, told, START).record


def test_a_local_number_is_completed_with_the_sites_area_code() -> None:
    told = config(site={"area_code": "03"}, lines=[{"number": "5234-5678"}])
    found = read(told, target="sip:52345678@h", called="<sip:52345678@h>", caller="<sip:99998888@h>")
    assert (found.called.national, found.called.raw, found.line) == ("0352345678", "52345678", "5234-5678")
    assert found.caller.national == "0399998888"


def test_the_headers_that_were_read_are_kept_as_seen() -> None:
    found = read(extra=("P-Called-Party-ID:   <sip:0312345678@ntt>", "User-Agent: HGW", "Authorization: Digest response=secret"))
    assert found.headers == (
        "sip:0312345678@192.0.2.10",
        'from: "Takahashi" <sip:09012345678@ntt.example>;tag=caller',
        "to: <sip:0312345678@ntt.example>",
        "call-id: a84b4c76e66710@pbx",
        "p-called-party-id: <sip:0312345678@ntt>",
        "user-agent: HGW",
    )


def test_kept_headers_have_a_bound() -> None:
    found = read(extra=(f"History-Info: <sip:{'x' * 5000}@h>",) * 100)
    assert len(found.headers) == MAX_KEPT
    assert max(map(len, found.headers)) == MAX_KEPT_LENGTH


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("高橋\u3000太郎", "高橋\u3000太郎"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("a\x00b\x1b[31mc\r\nd\u2066e\ufeff", "ab[31mcde"),
        ("  spaces  ", "spaces"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_display_name_is_safe_to_show(name: str, shown: str) -> None:
    assert tidy(name) == shown


@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"), max_size=30), min_size=6, max_size=6)
)
def test_any_headers_give_parties(texts: list[str]) -> None:
    caller, called, target, dialled, asserted, privacy = texts
    extra = (f"P-Called-Party-ID: {dialled}", f"P-Asserted-Identity: {asserted}", f"Privacy: {privacy}")
    found = read(OFFICE, caller=caller, called=called, target="sip:" + (target.strip() or "x"), extra=extra)
    assert found.caller_name == tidy(found.caller_name)
    assert found.caller_reason is None or found.caller.raw == ""
    assert found.line in (None, "03-1234-5678", "201", "202")


def test_in_doubt_whose_line_it_is_there_is_no_recording() -> None:
    told = config(lines=[{"number": "0312345678"}, {"number": "0312345679", "record": False}])
    found = read(told, called="<sip:0312345679@h>", target="sip:0312345678@h")
    assert (found.line, decide(found.facts, told, START).record) == ("0312345678", False)


def test_what_a_phones_display_names_is_read_without_headers() -> None:
    told = config(lines=[{"number": "0312345678"}])
    people = parties.between("09012345678", "高橋\x07", "0312345678", (), told, hidden=False, kept=("phone: 10.0.0.1",))
    assert (people.caller.national, people.caller_name, people.called.national) == ("09012345678", "高橋", "0312345678")
    assert (people.direction, people.line, people.headers) == (Direction.INBOUND, "0312345678", ("phone: 10.0.0.1",))
    out = parties.between("0312345678", "", "09012345678", (), told, hidden=False, kept=())
    assert (out.direction, out.line) == (Direction.OUTBOUND, "0312345678")
    assert parties.between("", "", "", (), told, hidden=False, kept=()).direction is Direction.UNKNOWN
    hidden = parties.between("09012345678", "x", "0312345678", (), told, hidden=True, kept=())
    assert (hidden.caller.raw, hidden.caller_name, hidden.caller_reason) == ("", "", CallerReason.ANONYMOUS)
    never = config(lines=[{"number": "3", "record": False}])
    assert not decide(parties.between("1", "", "2", ("3",), never, hidden=False, kept=()).facts, never, START).record
