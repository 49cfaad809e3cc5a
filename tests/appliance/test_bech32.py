"""Keys as people copy them: what was encoded is decoded, and what was copied wrongly is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrage import x25519  # type: ignore[import-untyped]

from appliance import bech32

PREFIXES = st.sampled_from(["age", "age-secret-key-", "a"])
LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@given(PREFIXES, st.binary(max_size=60))
def test_what_is_encoded_is_decoded(prefix: str, data: bytes) -> None:
    assert bech32.decode(bech32.encode(prefix, data), prefix) == data


@given(st.binary(max_size=60))
def test_upper_case_means_the_same(data: bytes) -> None:
    assert bech32.decode(bech32.encode("age", data).upper(), "age") == data


@given(st.binary(min_size=32, max_size=32))
def test_a_recipient_reads_as_in_the_reference(public: bytes) -> None:
    text = bech32.encode("age", public)
    assert str(x25519.Recipient.from_str(text)) == text


def test_a_secret_key_of_the_reference_is_read() -> None:
    text = str(x25519.Identity.generate())
    assert bech32.encode("age-secret-key-", bech32.decode(text, "age-secret-key-")).upper() == text


@pytest.mark.parametrize(
    ("text", "prefix", "data"),
    [
        ("A12UEL5L", "a", b""),
        (
            "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
            "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio",
            b"",
        ),
        ("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "abcdef", bytes.fromhex("00443214c74254b635cf84653a56d7c675be77df")),
    ],
)
def test_the_valid_strings_of_bip_173_are_read(text: str, prefix: str, data: bytes) -> None:
    assert bech32.decode(text, prefix) == data


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("A1G7SGD8", "a"),
        ("li1dgmt3", "li"),
        ("de1lg7wt\xff", "de"),
        ("pzry9x0s0muk", ""),
        ("x1b4n0q5v", "x"),
        ("a12UEL5L", "a"),
        ("", "age"),
        ("1", "age"),
        ("age1", "age"),
    ],
)
def test_the_invalid_strings_of_bip_173_are_refused(text: str, prefix: str) -> None:
    with pytest.raises(bech32.Bech32Error):
        bech32.decode(text, prefix)


@given(st.binary(min_size=32, max_size=32), st.data())
def test_up_to_four_letters_copied_wrongly_are_noticed(key: bytes, data: st.DataObject) -> None:
    text = bech32.encode("age", key)
    places = data.draw(st.sets(st.integers(4, len(text) - 1), min_size=1, max_size=4))
    letters = list(text)
    for place in places:
        letters[place] = data.draw(st.sampled_from(LETTERS.replace(letters[place], "")))
    with pytest.raises(bech32.Bech32Error, match="checksum"):
        bech32.decode("".join(letters), "age")


@given(st.binary(min_size=32, max_size=32), st.data())
def test_a_key_copied_in_part_is_refused(key: bytes, data: st.DataObject) -> None:
    text = bech32.encode("age", key)
    with pytest.raises(bech32.Bech32Error):
        bech32.decode(text[: data.draw(st.integers(0, len(text) - 1))], "age")


def test_a_secret_key_is_no_recipient() -> None:
    with pytest.raises(bech32.Bech32Error, match="begin with age1"):
        bech32.decode(bech32.encode("age-secret-key-", bytes(32)), "age")


def test_letters_that_only_look_alike_are_refused() -> None:
    text = next(text for text in (bech32.encode("age", bytes([n]) * 32).upper() for n in range(9)) if "K" in text)
    with pytest.raises(bech32.Bech32Error):
        bech32.decode(text.replace("K", "\N{KELVIN SIGN}"), "age")


@given(st.text(max_size=100), PREFIXES)
def test_any_text_gives_data_or_the_one_error(text: str, prefix: str) -> None:
    try:
        data = bech32.decode(text, prefix)
    except bech32.Bech32Error:
        return
    assert bech32.encode(prefix, data) == text.lower()
