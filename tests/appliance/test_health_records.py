"""What services say of themselves is part of the vocabulary, and only the newest heartbeat of each is the same fact."""

from __future__ import annotations

from appliance import health_records
from appliance.health_records import Heartbeat, IssueOpened
from appliance.record import Record
from appliance.records import KINDS, decode, encode


def test_each_of_them_is_in_the_vocabulary() -> None:
    own = {cls for cls in vars(health_records).values() if isinstance(cls, type) and issubclass(cls, Record) and cls is not Record}
    assert own <= set(KINDS.values())
    assert Heartbeat in own


def test_an_issue_comes_back_as_it_was_and_is_told_apart_by_its_moment() -> None:
    first, again = (IssueOpened(at=at, check="disk", severity="error", what="full", mend="free some") for at in (1, 2))
    assert decode(first.kind, first.version, encode(first)) == first
    assert first.identity != again.identity
