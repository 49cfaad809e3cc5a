"""Search finds exactly the calls that fit, newest first; its pages together are the whole, once."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance import ids
from appliance.calls import Call
from appliance.ledger import Ledger, append
from appliance.library import search
from appliance.library.search import OUTCOMES, Query, find
from appliance.numbers import clean
from tests.fakes import facts

NUMBERS = st.sampled_from(["", "0312345678", "09012345678", "201", "+16502530000", "#9110"])
NAMES = st.sampled_from(["", "佐藤", "Sato", "SATO 商店", "100%", "a_b", "back\\slash", "O'Brien"]) | st.text(
    "aA%_\\'é", max_size=5
)
REASONS = st.sampled_from([None, None, "anonymous", "payphone"])
TYPED = (
    st.sampled_from(["%", "_", "\\", "%%", "1%", "_b", "\\%"])
    | st.sampled_from(
        ["", " ", "０３", "090-1234", "+81", "+8190", "ｓａｔｏ", "sato", "佐", "'", "anon", "-", "ー", "#9110", "\0", "\ud800"]
    )
    | NUMBERS
    | NAMES
    | st.text(max_size=6)
)
WHEN = st.integers(0, 3)
FOLDED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

made_calls = st.lists(
    st.fixed_dictionaries({
        "at": WHEN, "direction": st.sampled_from(["inbound", "outbound", "internal", "unknown"]), "caller": NUMBERS, "called": NUMBERS,
        "caller_raw": NUMBERS, "called_raw": NUMBERS, "caller_name": NAMES, "caller_reason": REASONS,
        "fate": st.sampled_from(["open", "ended", "recorded", "not_recorded"]),
    }),
    max_size=12,
)  # fmt: skip
queries = st.builds(
    Query, number=TYPED, begin=st.none() | WHEN, end=st.none() | WHEN, direction=st.sampled_from(["", "inbound", "unknown"]),
    outcome=st.sampled_from(["", *OUTCOMES, "nonsense"]), reason=st.sampled_from(["", "anonymous"]),
    before=st.none() | st.tuples(WHEN, st.sampled_from(["a" * 16, "m" * 16, "7" * 16])), limit=st.integers(1, 20),
)  # fmt: skip


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with Ledger.open(Path(tmp_path_factory.mktemp("search")) / "ledger.db") as ledger:
        yield ledger


def put(ledger: Ledger, made: list[dict[str, object]]) -> None:
    """Write these calls, inside the transaction that is open."""
    for place, values in enumerate(made):
        fields = dict(values)
        fate, call = fields.pop("fate"), ids.hash_id("call", place)
        e164 = {
            f"{side}_e164": f"+81{str(fields[side])[1:]}" if str(fields[side]).startswith("0") else None
            for side in ("caller", "called")
        }
        append(ledger.connection, [facts.ringing(call=call, **fields, **e164)])
        if fate != "open":
            append(ledger.connection, [facts.ended(call=call)])
        if fate == "recorded":
            append(ledger.connection, [facts.ready(call=call, recording=ids.recording_id(ids.CallId(call)), sequence=place + 1)])
        elif fate == "not_recorded":
            append(ledger.connection, [facts.not_recorded(call=call)])


def every(ledger: Ledger) -> list[Call]:
    return find(ledger.connection, Query(limit=10_000)).calls


def fits(call: Call, query: Query) -> bool:
    """The same search in plain Python."""
    outcome = {
        "": True,
        "recorded": call.recording is not None,
        "not_recorded": call.recording is None and call.not_recorded is not None,
        "open": call.ended_at is None,
    }.get(query.outcome, False)
    return (
        outcome
        and (query.begin is None or call.started_at >= query.begin)
        and (query.end is None or call.started_at < query.end)
        and query.direction in ("", call.direction)
        and query.reason in ("", call.caller_reason)
        and (query.before is None or (call.started_at, call.id) < query.before)
        and has(call, query.number)
    )


def has(call: Call, typed: str) -> bool:
    if not typed.strip():
        return True
    fields = [call.caller, call.called, call.caller_e164, call.called_e164]
    text = clean(typed)
    if not text.lstrip("+").isdigit():
        fields += [call.caller_name, call.caller_raw, call.called_raw, call.caller_reason]
        text = typed.strip()
    return any(text.translate(FOLDED) in (field or "").translate(FOLDED) for field in fields)


@settings(max_examples=300)
@given(made=made_calls, query=queries)
def test_the_database_finds_what_a_plain_filter_finds(opened: Ledger, made: list[dict[str, object]], query: Query) -> None:
    opened.connection.execute("BEGIN")
    try:
        put(opened, made)
        wanted = sorted(
            (call for call in every(opened) if fits(call, query)), key=lambda call: (call.started_at, call.id), reverse=True
        )
        page = find(opened.connection, query)
    finally:
        opened.connection.execute("ROLLBACK")
    assert page.calls == wanted[: query.limit]
    assert (page.next is not None) == (len(wanted) > query.limit)


@settings(max_examples=200)
@given(made=made_calls, typed=TYPED, few=st.sampled_from([search.FEW, 1, 0]))
def test_typing_alone_finds_what_a_plain_filter_finds(opened: Ledger, made: list[dict[str, object]], typed: str, few: int) -> None:
    """Whichever way it is looked for: what few fit is listed first, what many fit is asked of each call."""
    opened.connection.execute("BEGIN")
    try:
        put(opened, made)
        wanted = [call for call in every(opened) if has(call, typed)]
        with patch.object(search, "FEW", few):
            found = find(opened.connection, Query(number=typed)).calls
    finally:
        opened.connection.execute("ROLLBACK")
    assert found == sorted(wanted, key=lambda call: (call.started_at, call.id), reverse=True)


@given(made=made_calls, query=queries)
def test_the_pages_together_are_the_whole(opened: Ledger, made: list[dict[str, object]], query: Query) -> None:
    opened.connection.execute("BEGIN")
    try:
        put(opened, made)
        whole = find(opened.connection, replace(query, limit=10_000)).calls
        paged, place = [], query.before
        for _ in range(len(whole) + 1):
            page = find(opened.connection, replace(query, before=place))
            paged += page.calls
            place = page.next
            if place is None:
                break
    finally:
        opened.connection.execute("ROLLBACK")
    assert place is None
    assert paged == whole


@pytest.mark.parametrize("moment", [2**63, -(2**63) - 1, 10**30, -(10**30)])
def test_moments_beyond_all_time_are_as_far_away_as_can_be(opened: Ledger, moment: int) -> None:
    opened.connection.execute("BEGIN")
    try:
        append(opened.connection, [facts.ringing()])
        found = [find(opened.connection, query).calls for query in (
            Query(begin=moment), Query(end=moment), Query(before=(moment, "a" * 16)), Query(limit=abs(moment))
        )]  # fmt: skip
    finally:
        opened.connection.execute("ROLLBACK")
    assert [len(calls) for calls in found] == [int(moment < 0), int(moment > 0), int(moment > 0), 1]


@pytest.mark.parametrize("typed", ["' OR 1=1 --", '"; DROP TABLE call; --', "*", "?", "%s", "x' ESCAPE 'x", "[a-z]"])
def test_what_is_typed_is_never_read_as_a_statement(opened: Ledger, typed: str) -> None:
    opened.connection.execute("BEGIN")
    try:
        append(opened.connection, [facts.ringing()])
        assert find(opened.connection, Query(number=typed, direction=typed, outcome=typed, reason=typed)).calls == []
        assert find(opened.connection, Query(number=typed)).calls == []
        assert len(every(opened)) == 1
    finally:
        opened.connection.execute("ROLLBACK")
