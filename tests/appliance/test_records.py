"""The vocabulary: every fact comes back from the ledger as it was written, and what this program does not know is refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import records
from appliance.records import KINDS, Record, Side, UnknownRecordError, decode, encode
from tests.fakes import facts

SEEN = st.one_of(st.text(max_size=30), st.binary(max_size=30).map(lambda raw: raw.decode("utf-8", "surrogateescape")))
"""Text as it may come off the wire: bytes that are no UTF-8 are surrogates."""
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), FLOATS, SEEN),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(SEEN, inner, max_size=3)),
    max_leaves=8,
)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: SEEN,
    int: st.integers(),
    float: FLOATS,
    bool: st.booleans(),
    str | None: st.none() | SEEN,
    int | None: st.none() | st.integers(),
    tuple[str, ...]: st.lists(SEEN, max_size=4).map(tuple),
    Mapping[str, str]: st.dictionaries(SEEN, SEEN, max_size=4),
    Mapping[str, Any]: st.dictionaries(SEEN, JSON, max_size=4),
    Mapping[str, str]: st.dictionaries(SEEN, SEEN, max_size=4),
}


def fact(kind: type[Record]) -> st.SearchStrategy[Record]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: VALUES[hints[field.name]] for field in dataclasses.fields(kind)})


FACTS = st.one_of([fact(kind) for kind in KINDS.values()])
EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@given(FACTS)
def test_every_fact_comes_back_as_it_was(record: Record) -> None:
    assert decode(record.kind, record.version, encode(record)) == record


@given(FACTS)
def test_a_fact_is_one_line_of_plain_ascii(record: Record) -> None:
    text = encode(record)
    assert text.isascii()
    assert "\n" not in text


def test_every_record_class_is_in_the_vocabulary() -> None:
    found = {cls for cls in vars(records).values() if isinstance(cls, type) and issubclass(cls, Record) and cls is not Record}
    assert set(KINDS.values()) == found
    assert all(name == kind.__name__ for name, kind in KINDS.items())


@EACH
@given(data=st.data())
def test_identity_is_kind_subject_and_the_named_fields(kind: type[Record], data: st.DataObject) -> None:
    one, other = data.draw(fact(kind)), data.draw(fact(kind))
    same: dict[str, Any] = {name: getattr(one, name) for name in (kind.subject_field, *kind.identity_fields)}
    assert dataclasses.replace(other, **same).identity == one.identity
    assert one.identity[:2] == (kind.__name__, str(getattr(one, kind.subject_field)))


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (records.SegmentClosed, "segment"),
        (records.UploadDone, "store"),
        (records.UploadParked, "at"),
        (records.RecordingHeld, "at"),
        (records.Listened, "who"),
        (records.Changed, "what"),
        (records.IssueOpened, "at"),
    ],
)
@given(data=st.data())
def test_what_happens_several_times_is_several_facts(kind: type[Record], field: str, data: st.DataObject) -> None:
    one = data.draw(fact(kind))
    value = getattr(one, field)
    changes: dict[str, Any] = {field: f"{value}x" if isinstance(value, str) else value + 1}
    assert dataclasses.replace(one, **changes).identity != one.identity


@pytest.mark.parametrize("record", [facts.ringing(), facts.ended(), facts.ready(), facts.not_recorded()], ids=lambda one: one.kind)
def test_what_happens_once_is_one_fact_whenever_it_is_seen(record: Record) -> None:
    assert dataclasses.replace(record, at=record.at + 1).identity == record.identity


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.answered().at = 0  # type: ignore[misc]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownRecordError, match="CallDreamt version 1 is not known"):
        decode("CallDreamt", 1, "{}")


@EACH
def test_another_version_is_refused(kind: type[Record]) -> None:
    with pytest.raises(UnknownRecordError, match=f"{kind.__name__} version {kind.version + 1} is not known"):
        decode(kind.__name__, kind.version + 1, "{}")


@EACH
def test_a_field_too_many_or_too_few_is_refused(kind: type[Record]) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    for wrong in (names[1:], [*names, "mood"]):
        with pytest.raises(UnknownRecordError, match="do not match version"):
            decode(kind.__name__, kind.version, json.dumps(dict.fromkeys(wrong)))


def test_the_other_side_listens() -> None:
    assert (Side.CALLER.other, Side.CALLED.other) == (Side.CALLED, Side.CALLER)
