"""Telephone numbers as they are met on Japanese lines: every spelling of one is that number, and nothing else becomes one."""

from __future__ import annotations

import unicodedata

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.numbers import EMERGENCY, SERVICE, CallerReason, Kind, Number, caller_reason, parse, pretty

TOKYO = "0312345678"
DIALLED = st.lists(
    st.sampled_from(["184", "186", "0033", "0077", "009130", "010", "+81", "+", "0", "81", "1", "110", "03", "0466", "12345678",
                     "090", "0120", "020", "-", " ", "(", ")", "#", "*", "2345678", "0570", "５", "tel:", "1650"]),
    max_size=6,
).map("".join)  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=30), DIALLED, st.from_regex(r"\+?[0-9*#]{1,20}", fullmatch=True))
AREAS = st.sampled_from(["", "03", "06", "0466", "04992"])


def meaning(number: Number) -> tuple[str, str | None, Kind]:
    return number.national, number.e164, number.kind


# Normalising (japan-facts.md, Numbers)


@pytest.mark.parametrize(
    "text",
    [
        "0312345678",
        "03-1234-5678",
        "03 1234 5678",
        "(03)1234-5678",
        "03(1234)5678",
        "[03] 1234.5678",
        "０３－１２３４－５６７８",
        "０３ー１２３４ー５６７８",
        "０３（１２３４）５６７８",
        "03‐1234‑5678",
        "03–1234—5678",
        "03−1234−5678",
        "　03・1234・5678　",
        "03/1234/5678",
        "+81312345678",
        "+81-3-1234-5678",
        "+81 (0)3 1234 5678",
        "＋８１３１２３４５６７８",
        "tel:+81-3-1234-5678",
        "TEL:0312345678",
        "010 81 3 1234 5678",
        "\t03-1234-5678\r\n",
    ],
)
def test_every_spelling_of_a_number_is_that_number(text: str) -> None:
    assert parse(text) == Number(raw=text, national=TOKYO, e164="+81312345678", kind=Kind.FIXED)


@pytest.mark.parametrize(
    ("text", "prefix", "carrier", "national"),
    [
        ("184-03-1234-5678", "184", None, TOKYO),
        ("1860312345678", "186", None, TOKYO),
        ("１８４ 090-1234-5678", "184", None, "09012345678"),
        ("184+81312345678", "184", None, TOKYO),
        ("184110", "184", None, "110"),
        ("186117", "186", None, "117"),
        ("184 010 1 650 253 0000", "184", None, "+16502530000"),
        ("0033-03-1234-5678", None, "0033", TOKYO),
        ("0077 090 1234 5678", None, "0077", "09012345678"),
        ("009130 03 1234 5678", None, "009130", TOKYO),
        ("0033 010 1 650 253 0000", None, "0033", "+16502530000"),
        ("184 0033 03 1234 5678", "184", "0033", TOKYO),
    ],
)
def test_prefixes_are_taken_off_and_kept_beside_the_number(
    text: str, prefix: str | None, carrier: str | None, national: str
) -> None:
    number = parse(text)
    assert (number.prefix, number.carrier, number.national, number.raw) == (prefix, carrier, national, text)
    assert number.is_public


def test_a_withheld_local_number_is_completed_too() -> None:
    number = parse("184-3456-5678", area_code="03")
    assert (number.prefix, number.national, number.kind) == ("184", "0334565678", Kind.FIXED)


@pytest.mark.parametrize("text", ["184", "1841", "18423", "186", "1862345"])
def test_an_extension_that_begins_like_a_prefix_stays_whole(text: str) -> None:
    assert (parse(text, area_code="03").national, parse(text).prefix) == (text, None)


@pytest.mark.parametrize(
    ("local", "area_code", "national"),
    [
        ("3456-7890", "03", "0334567890"),
        ("６３４５－６７８９", "06", "0663456789"),
        ("234-5678", "045", "0452345678"),
        ("23-4567", "0466", "0466234567"),
        ("2-3456", "04992", "0499223456"),
        ("7123-4567", "04", "0471234567"),
    ],
)
def test_local_dialling_is_completed_with_the_sites_area_code(local: str, area_code: str, national: str) -> None:
    number = parse(local, area_code=area_code)
    assert (number.national, number.e164, number.kind) == (national, f"+81{national[1:]}", Kind.FIXED)
    assert number.raw == local


@pytest.mark.parametrize("text", ["34567890", "201", "12345678", "110", "345678901", "3456789", "*3456789", "345#7890", "2*345678"])
def test_what_is_no_whole_local_number_is_not_completed(text: str) -> None:
    area_code = "" if text == "34567890" else "03"
    assert parse(text, area_code=area_code).national == text
    assert parse(text, area_code=area_code).e164 is None


# The numbering plan


@pytest.mark.parametrize(
    ("national", "kind"),
    [
        ("0312345678", Kind.FIXED),
        ("0612345678", Kind.FIXED),
        ("0451234567", Kind.FIXED),
        ("0466123456", Kind.FIXED),
        ("0499212345", Kind.FIXED),
        ("05012345678", Kind.IP),
        ("06012345678", Kind.MOBILE),
        ("07012345678", Kind.MOBILE),
        ("08012345678", Kind.MOBILE),
        ("09012345678", Kind.MOBILE),
        ("0120123456", Kind.FREEPHONE),
        ("08001234567", Kind.FREEPHONE),
        ("0570123456", Kind.NAVI),
        ("02012345678", Kind.M2M),
        ("02001234567890", Kind.M2M),
    ],
)
def test_each_form_of_the_plan_is_known_both_ways(national: str, kind: Kind) -> None:
    expected = (national, f"+81{national[1:]}", kind)
    assert meaning(parse(national)) == expected
    assert meaning(parse(f"+81{national[1:]}")) == expected
    assert meaning(parse(f"010 81 {national[1:]}")) == expected
    assert parse(national).is_public


@pytest.mark.parametrize("number", ["110", "118", "119"])
def test_emergency_numbers_are_known(number: str) -> None:
    assert meaning(parse(number, area_code="03")) == (number, None, Kind.EMERGENCY)
    assert number in EMERGENCY


@pytest.mark.parametrize("number", ["104", "115", "117", "135", "142", "144", "147", "148"])
def test_service_numbers_are_known(number: str) -> None:
    assert meaning(parse(number, area_code="03")) == (number, None, Kind.SERVICE)
    assert number in SERVICE


@pytest.mark.parametrize("number", ["#7119", "#8000", "＃９１１０"])
def test_short_numbers_with_a_hash_are_known(number: str) -> None:
    half_width = unicodedata.normalize("NFKC", number)
    assert meaning(parse(number, area_code="03")) == (half_width, None, Kind.SERVICE)


@pytest.mark.parametrize(
    "national",
    ["0906123456", "0501234567", "0801234567", "0201234567", "0101234567", "031234567", "03123456789", "0012345678", "090123456789",
     "0120-12345", "#711", "#71190", "111", "09001234567", "81312345678"],
)  # fmt: skip
def test_what_has_a_digit_too_few_or_too_many_is_no_number(national: str) -> None:
    number = parse(national)
    assert (number.kind, number.e164) == (Kind.OTHER, None)
    assert not number.is_public


@pytest.mark.parametrize("text", ["+16502530000", "010-1-650-253-0000", "+1 (650) 253-0000", "tel:+1.650.253.0000"])
def test_numbers_abroad_are_known_in_e164(text: str) -> None:
    assert meaning(parse(text, area_code="03")) == ("+16502530000", "+16502530000", Kind.INTERNATIONAL)


@pytest.mark.parametrize("text", ["+1", "+999123456789", "+1650253", "0101", "010", "+81", "+8110123456", "+0312345678"])
def test_what_no_country_has_is_no_number(text: str) -> None:
    assert (parse(text).kind, parse(text).e164) == (Kind.OTHER, None)


@pytest.mark.parametrize(
    "text", ["", "   ", "201", "reception", "山田", "anonymous", "alice@example.com", "+", "*", "03-1234-567x", "٠٣١٢٣٤٥٦٧٨"]
)
def test_an_extension_or_a_name_stays_as_it_was_seen(text: str) -> None:
    number = parse(text, area_code="03")
    assert (number.raw, number.national, number.e164, number.kind) == (text, text.strip(), None, Kind.OTHER)


def test_a_japanese_number_valid_for_the_reference_has_its_e164() -> None:
    for kind in range(11):
        if (
            found := phonenumbers.example_number_for_type("JP", kind)
        ) is None or kind == phonenumbers.PhoneNumberType.PERSONAL_NUMBER:
            continue
        e164 = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
        assert parse(f"0{found.national_number}").e164 == parse(e164).e164 == e164


@given(st.from_regex(r"0[1-9][0-9]{8,9}", fullmatch=True))
def test_what_the_reference_calls_a_fixed_line_or_mobile_phone_is_one_here(national: str) -> None:
    kinds = {phonenumbers.PhoneNumberType.FIXED_LINE: Kind.FIXED, phonenumbers.PhoneNumberType.MOBILE: Kind.MOBILE}
    try:
        found = phonenumbers.parse(national, "JP")
    except phonenumbers.NumberParseException:
        return
    kind = kinds.get(phonenumbers.number_type(found))
    if kind is None or phonenumbers.region_code_for_number(found) != "JP":
        return
    e164 = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
    assert meaning(parse(national)) == (national, e164, kind)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_country_of_the_reference_is_reached_from_japan_and_at_home(region: str) -> None:
    found = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.FIXED_LINE)
    assert found is not None
    e164 = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
    at_home = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.NATIONAL)
    assert parse(e164).e164 == parse(f"010{e164[1:]}").e164 == parse(at_home, country=region).e164 == e164
    again = parse(at_home, country=region)
    assert meaning(parse(again.national, country=region)) == meaning(again)


def test_at_a_site_abroad_its_own_rules_hold() -> None:
    assert meaning(parse("(650) 253-0000", country="US")) == ("6502530000", "+16502530000", Kind.FIXED)
    assert meaning(parse("+81 3-1234-5678", country="US")) == ("+81312345678", "+81312345678", Kind.INTERNATIONAL)
    assert meaning(parse("650-253-0000#123", country="US")) == ("6502530000", "+16502530000", Kind.FIXED)
    assert parse("0312345678", country="ZZ").kind is Kind.OTHER


# Any text


@given(ANY_TEXT, AREAS, st.sampled_from(["JP", "US", "DE", "ZZ"]))
@example("+8100330312345678", "", "JP")
@example("+81101234567", "", "JP")
@example("010819012345678", "", "JP")
@example("184184110", "03", "JP")
def test_any_text_is_a_number_or_not_and_reading_it_again_changes_nothing(text: str, area_code: str, country: str) -> None:
    number = parse(text, area_code=area_code, country=country)
    assert number.raw == text
    again = parse(number.national, area_code=area_code, country=country)
    assert meaning(again) == meaning(number)


@given(ANY_TEXT, AREAS)
def test_an_e164_form_is_always_a_plus_and_at_most_15_digits(text: str, area_code: str) -> None:
    e164 = parse(text, area_code=area_code).e164
    assert e164 is None or (e164[0] == "+" and e164[1:].isdecimal() and len(e164) <= 16)


@given(ANY_TEXT)
def test_a_number_from_e164_is_the_same_number(text: str) -> None:
    number = parse(text)
    if number.e164:
        assert meaning(parse(number.e164)) == meaning(number)


def test_a_very_long_text_is_no_number() -> None:
    assert parse("9" * 100_000, area_code="03").kind is Kind.OTHER
    assert parse("+" + "9" * 100_000).kind is Kind.OTHER
    assert parse("-" * 100_000).kind is Kind.OTHER


# As people write it


@pytest.mark.parametrize(
    ("national", "shown"),
    [
        ("0312345678", "03-1234-5678"),
        ("0466234567", "0466-23-4567"),
        ("09012345678", "090-1234-5678"),
        ("0120123456", "0120-123-456"),
        ("0210000000", "0210000000"),
        ("02001234567890", "02001234567890"),
        ("+16502530000", "+1 650-253-0000"),
        ("110", "110"),
        ("201", "201"),
        ("山田", "山田"),
    ],
)
def test_a_number_is_shown_as_people_write_it(national: str, shown: str) -> None:
    number = parse(national)
    assert pretty(number.national, number.e164) == shown


@given(ANY_TEXT)
def test_what_is_shown_is_still_that_number(text: str) -> None:
    number = parse(text)
    assert parse(pretty(number.national, number.e164)).national == number.national


@pytest.mark.parametrize("e164", ["", "+", "nonsense", "+999"])
def test_a_number_in_no_such_form_is_shown_as_it_is(e164: str) -> None:
    assert pretty("201", e164) == "201"


# Why a caller shows no number (japan-facts.md)


def reason(
    display_name: str = "", user: str = "anonymous", host: str = "anonymous.invalid", privacy: str = ""
) -> CallerReason | None:
    return caller_reason(display_name=display_name, user=user, host=host, privacy=privacy)


@pytest.mark.parametrize(
    ("display_name", "expected"),
    [
        ("Anonymous", CallerReason.ANONYMOUS),
        ("Coin line/payphone", CallerReason.PAYPHONE),
        ("Unavailable", CallerReason.UNAVAILABLE),
        ("Interaction with other service", CallerReason.INTERACTION),
    ],
)
@pytest.mark.parametrize("dress", [str, str.upper, str.lower, "{} (network)".format, "  {} ".format])
@pytest.mark.parametrize("privacy", ["", "id"])
def test_the_networks_words_are_matched_by_prefix_in_any_case(
    display_name: str, expected: CallerReason, dress: type[str], privacy: str
) -> None:
    assert reason(dress(display_name), privacy=privacy) is expected


def test_full_width_words_are_the_same_words() -> None:
    assert reason("Ａｎｏｎｙｍｏｕｓ", user="", host="ntt") is CallerReason.ANONYMOUS
    assert reason("Ｕｎａｖａｉｌａｂｌｅ") is CallerReason.UNAVAILABLE


@pytest.mark.parametrize("privacy", ["id", "ID", "id;critical", "header;id", "none, user", " id "])
def test_a_caller_who_wants_privacy_is_anonymous_even_with_a_number(privacy: str) -> None:
    assert reason("", user="0312345678", host="ntt", privacy=privacy) is CallerReason.ANONYMOUS


@pytest.mark.parametrize("privacy", ["", "none", "critical", "session", "idle"])
def test_a_caller_who_shows_a_number_has_no_reason(privacy: str) -> None:
    assert reason("", user="0312345678", host="ntt", privacy=privacy) is None


@pytest.mark.parametrize("host", ["anonymous.invalid", "Anonymous.Invalid"])
def test_the_anonymous_host_is_enough(host: str) -> None:
    assert reason("", user="anonymous", host=host) is CallerReason.ANONYMOUS
    assert reason("", user="0312345678", host=host) is CallerReason.ANONYMOUS


def test_the_anonymous_user_is_enough() -> None:
    assert reason("", user="Anonymous", host="ntt") is CallerReason.ANONYMOUS


@pytest.mark.parametrize("company", ["Unavailable Ltd", "Anonymous Hotel", "Coin line/payphone shop"])
@pytest.mark.parametrize("user", ["0312345678", "+81-3-1234-5678", "201"])
def test_a_company_that_is_called_so_but_shows_its_number_is_no_anonymous_caller(company: str, user: str) -> None:
    assert reason(company, user=user, host="pbx") is None


@pytest.mark.parametrize(("name", "user"), [("", ""), ("Yamada", "yamada"), ("山田 Anonymous", "yamada")])
def test_a_name_without_a_number_is_a_name(name: str, user: str) -> None:
    assert reason(name, user=user, host="pbx") is None


@given(st.text(max_size=30), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_any_texts_give_a_reason_or_none(display_name: str, user: str, host: str, privacy: str) -> None:
    assert reason(display_name, user, host, privacy) in {None, *CallerReason}
