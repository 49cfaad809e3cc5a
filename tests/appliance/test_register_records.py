"""A request and its decision are facts of the recording, one of each."""

from __future__ import annotations

from appliance.record import encode
from appliance.records import decode
from appliance.register_records import AccessAsked, AccessDecided


def test_they_are_read_as_they_were_written_and_a_request_is_decided_once() -> None:
    asked = AccessAsked(at=1, recording="r", request="q", who="sato", what="listen", why="case 1")
    decided = AccessDecided(at=2, recording="r", request="q", who="boss", granted=True, until=9)
    for record in (asked, decided):
        assert decode(record.kind, record.version, encode(record)) == record
        assert record.subject == "r"
    assert decided.identity == AccessDecided(at=7, recording="r", request="q", who="ito", granted=False, until=9).identity
