"""Ids are hashes of what was seen: the same facts give the same id for ever, other facts another one."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from appliance import ids

SEEN = st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
PARTS = st.lists(st.one_of(SEEN, st.text(st.characters(exclude_categories=["Cs"]), max_size=20)), max_size=5)


def by_hand(*parts: bytes) -> str:
    digest = hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def test_ids_are_the_same_as_on_every_box_before() -> None:
    assert ids.call_id("a84b4c76e66710@pc33", "1928301774", 1_790_000_000_000_000_000) == by_hand(
        b"call", b"a84b4c76e66710@pc33", b"1928301774", b"1790000000000000000"
    )
    call = ids.CallId("callaaaaaaaaaaaa")
    assert ids.recording_id(call) == by_hand(b"recording", b"callaaaaaaaaaaaa")
    assert ids.segment_id(call, "caller", "10.0.0.1:4000", "10.0.0.2:5000", 7) == by_hand(
        b"segment", b"callaaaaaaaaaaaa", b"caller", b"10.0.0.1:4000", b"10.0.0.2:5000", b"7"
    )


def test_one_id_is_known_by_heart() -> None:
    assert ids.hash_id("call", "x") == "pb53djo2rpw2abz4"


@given(PARTS)
def test_every_id_has_the_form_of_an_id(parts: list[str]) -> None:
    assert ids.is_id(ids.hash_id(*parts))


@given(PARTS, PARTS)
def test_other_facts_give_another_id(one: list[str], other: list[str]) -> None:
    assume(one != other)
    assert ids.hash_id(*one) != ids.hash_id(*other)


@given(st.text("ab", min_size=1, max_size=6), st.data())
def test_the_same_letters_cut_elsewhere_are_other_facts(letters: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(letters)), min_size=2, max_size=2, unique=True))
    one, other = ((letters[:cut], letters[cut:]) for cut in cuts)
    assert ids.hash_id(*one) != ids.hash_id(*other)


def test_the_moment_tells_calls_apart_that_use_a_call_id_again() -> None:
    assert ids.call_id("same", "tag", 1) != ids.call_id("same", "tag", 2)


@pytest.mark.parametrize(
    "text",
    ["", "short", "a" * 15, "a" * 17, "A" * 16, "a" * 15 + "1", "a" * 16 + "\n", "../../../../../..", "a" * 15 + "/", "ａ" * 16],
)
def test_what_could_do_harm_in_a_path_is_no_id(text: str) -> None:
    assert not ids.is_id(text)
