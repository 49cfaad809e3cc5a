"""Marks are set within the recording, in order, in bounded number, and taken away; each change is a row that says nothing of the note."""

from __future__ import annotations

import pytest

from appliance.errors import SaidError
from appliance.library import marks
from tests.appliance.furnished import Furnished


def test_marks_stand_in_order_within_the_recording(own: Furnished) -> None:
    recording = own.recording("inbound")
    with own.ledger() as ledger:
        late = marks.put(ledger, recording, 1e6, "late", "sato", own.now)
        early = marks.put(ledger, recording, 0.5, "a\n\u202eb", "sato", own.now)
        assert late.seconds == recording.facts.seconds
        assert early.note == "a b"
        assert marks.marks_of(ledger.connection, recording.facts.recording) == [early, late]
        assert marks.remove(ledger, recording, early.id, "sato", own.now)
        assert not marks.remove(ledger, recording, early.id, "sato", own.now)
        assert not marks.remove(ledger, own.recording("outbound"), late.id, "sato", own.now), "it is another recording's"
        assert marks.marks_of(ledger.connection, recording.facts.recording) == [late]
        assert "late" not in "".join(
            str(row[0]) for row in ledger.connection.execute("SELECT body FROM record WHERE kind = 'Changed'")
        )


def test_there_are_not_too_many(own: Furnished) -> None:
    recording = own.recording("inbound")
    with own.ledger() as ledger:
        rows = [(f"{place}", recording.facts.recording, 1.0, "", "x", 0) for place in range(marks.MOST)]
        ledger.connection.executemany("INSERT INTO mark (id, recording, seconds, note, who, made_at) VALUES (?,?,?,?,?,?)", rows)
        with pytest.raises(SaidError, match="take one away"):
            marks.put(ledger, recording, 1.0, "", "sato", own.now)
