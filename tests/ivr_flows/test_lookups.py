"""What a look-up asked for is taken out of the answer; a hostile answer gives nothing and raises nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.lookups import LARGEST, taken


def test_values_are_taken_by_their_paths() -> None:
    body = b'{"account": {"rank": "gold", "vip": true, "n": 3}, "items": [{"id": 7}]}'
    save = {
        "rank": "account.rank",
        "vip": "account.vip",
        "n": "account.n",
        "first": "items.0.id",
        "gone": "items.5.id",
        "all": "account",
    }
    assert taken(body, save) == {"rank": "gold", "vip": "yes", "n": "3", "first": "7"}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 50_000, b'{"a": "' + b"x" * LARGEST + b'"}', b"\xff\xfe"])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert taken(body, {"a": "a"}) is None


def test_a_look_up_that_wants_nothing_is_content_with_anything() -> None:
    assert taken(b"<html>", {}) == {}


@given(st.binary(max_size=60), st.from_regex(r"\A[a0-9]{1,3}(\.[a0-9]{1,3}){0,3}\Z"))
def test_any_answer_gives_texts_or_none(body: bytes, path: str) -> None:
    found = taken(body, {"x": path})
    assert found is None or all(isinstance(value, str) for value in found.values())


def test_what_is_taken_is_bounded() -> None:
    assert len((taken(b'{"a": "' + b"x" * 9000 + b'"}', {"a": "a"}) or {})["a"]) == 500
