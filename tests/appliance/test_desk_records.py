"""What people at the telephone say is a fact with its moment and its person, and holds nothing that they wrote."""

from __future__ import annotations

from dataclasses import fields

from appliance.desk_records import CallEnriched, CallLinked, CallNoted, CallTaken
from appliance.record import encode
from appliance.records import decode


def test_they_are_read_as_they_were_written() -> None:
    for record in (
        CallTaken(at=1, call="c", who="sato"), CallNoted(at=1, call="c", who="sato", follow_up="open"),
        CallLinked(at=1, call="c", customer="x", who="sato"), CallEnriched(at=1, call="c", source="crm"),
    ):  # fmt: skip
        assert decode(record.kind, record.version, encode(record)) == record


def test_no_field_is_for_free_text() -> None:
    assert {field.name for field in fields(CallNoted)} == {"at", "call", "who", "follow_up"}
