"""The records of proving and erasing are part of the vocabulary, and hold nothing personal of a call."""

from __future__ import annotations

from dataclasses import fields

import pytest

from appliance import proof_records, records
from appliance.record import Record

KINDS = [
    kind for kind in vars(proof_records).values() if isinstance(kind, type) and issubclass(kind, Record) and kind is not Record
]
PERSONAL = {"caller", "called", "number", "name", "headers", "line"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_is_in_the_vocabulary(kind: type[Record]) -> None:
    assert records.KINDS[kind.__name__] is kind
    assert getattr(records, kind.__name__) is kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_none_has_a_field_for_something_personal(kind: type[Record]) -> None:
    assert not PERSONAL & {field.name for field in fields(kind)}
