"""What is known of a store is written and read like every other record."""

from __future__ import annotations

import pytest

from appliance.record import Record, encode
from appliance.records import decode
from appliance.storage import DrillDone, HeaderChanged, StoreProbed, StoreSampled

RECORDS = [
    StoreProbed(at=1, store="s3", capabilities={"write": True, "read": False, "parts": None}, problems=("no; do",)),
    StoreSampled(at=1, recording="r", store="s3", problem=""),
    DrillDone(at=1, store="s3", depth="opened", recordings=3, problems=()),
    HeaderChanged(at=1, recording="r", what="rotated", recipients=("age1a", "age1b"), objects=2),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.kind)
def test_what_is_written_is_read_back(record: Record) -> None:
    assert decode(record.kind, record.version, encode(record)) == record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.kind)
def test_the_same_happening_again_at_another_time_is_another_fact(record: Record) -> None:
    assert "1" in str(record.identity)
