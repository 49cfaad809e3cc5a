"""Queues, boxes, rooms and parking: each ends with an outcome, and a place in the queue outlives the call."""

from __future__ import annotations

from provisioning.asterisk import extensions
from tests.bed.boxes import context, wiring

TEXT = extensions.render(wiring())


def test_every_end_of_a_queue_has_its_outcome() -> None:
    ended = context(TEXT, "queue-ended")
    assert ended["FULL"] == ["Goto(went,full,1)"]
    assert ended["TIMEOUT"] == ["Goto(went,timeout,1)"]
    assert ended["JOINEMPTY"] == ended["LEAVEEMPTY"] == ["Goto(went,empty,1)"]
    assert ended["CONTINUE"] == ["Goto(went,answered,1)"]


def test_only_a_queue_with_callback_offers_the_key() -> None:
    assert "1" in context(TEXT, "keys-support")
    assert context(TEXT, "keys-all") == {}
    assert "Set(QUEUE_PRIO=10)" in context(TEXT, "waits-support")["_[0-9]."]


def test_a_box_takes_a_message_and_is_done() -> None:
    assert context(TEXT, "go-voicemail")["201"][-2:] == ["VoiceMail(201@default,u)", "Goto(went,done,1)"]


def test_a_call_that_nobody_fetched_from_parking_rings_again() -> None:
    assert context(TEXT, "parked-back")["s"] == ["Goto(go-last,s,1)"]
