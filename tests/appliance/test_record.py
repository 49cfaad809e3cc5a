"""What every record shares: its name, its subject, and what makes it the same fact as another."""

from __future__ import annotations

from appliance.record import encode, with_tuples
from appliance.records import Listened, RecordingErased


def test_a_record_is_known_by_kind_subject_and_identity() -> None:
    heard = Listened(at=7, recording="r1", who="佐藤", where="console")
    assert (heard.kind, heard.subject, heard.identity) == ("Listened", "r1", ("Listened", "r1", "7", "佐藤"))


def test_the_same_fact_told_again_at_another_time_is_still_one() -> None:
    first, again = (RecordingErased(at=at, recording="r1", who="a", why="b", objects=1, proof="c") for at in (1, 2))
    assert first.identity == again.identity


def test_a_line_of_a_record_is_sorted_ascii_json() -> None:
    assert encode(Listened(at=7, recording="r1", who="é", where="x")) == '{"at":7,"recording":"r1","where":"x","who":"\\u00e9"}'


def test_lists_of_json_are_tuples_again() -> None:
    assert with_tuples({"codecs": ["PCMU"], "at": 1}) == {"codecs": ("PCMU",), "at": 1}
