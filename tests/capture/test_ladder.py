"""A call becomes a ladder: participants in the order in which they speak, arrows with their times, hostile names harmless."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as some

from capture import ladder
from capture.ladder import MOST_PARTIES, MOST_STEPS, Message, Seen, Stream
from tests.fakes.clock import START

A, B, C = "10.0.0.1:5060", "10.0.0.2:5060", "10.0.0.3:5060"
INVITE = Message(
    at=START, source=A, destination=B, method="INVITE", call_id="x", caller="090", called="03", media=("10.0.0.1:4000",)
)
BUSY = Message(at=START + 250_000_000, source=B, destination=A, method="INVITE", status=486, reason="Busy Here", call_id="x")
OTHER = Message(at=START + 300_000_000, source=C, destination=A, method="INVITE", call_id="y")
STREAM = Stream(
    source="10.0.0.2:4002", destination="10.0.0.1:4000", ssrc="1", codecs="g711U", packets=990, lost=10, gap=60, spacing=20,
    jitter=3, jitter_most=9,
)  # fmt: skip
SEEN = Seen((INVITE, BUSY, OTHER), (STREAM, replace(STREAM, destination="10.0.0.9:1")))
HOSTILE = '"><script>alert(1)</script>&\x00\x1b[2J\u202e'


def test_the_whole_capture_and_one_call_of_it() -> None:
    found = ladder.report(SEEN)
    assert found.parties == ("10.0.0.1", "10.0.0.2", "10.0.0.3")
    assert [(step.source, step.destination, step.label, step.kind, step.after) for step in found.steps] == [
        (0, 1, "INVITE + SDP", "request", 0.0), (1, 0, "486 Busy Here", "bad", 0.25), (2, 0, "INVITE", "request", 0.3),
    ]  # fmt: skip
    assert [(call.call_id, call.caller, call.messages, call.status) for call in found.calls] == [
        ("x", "090", 2, 486),
        ("y", "", 1, 0),
    ]
    of_one = ladder.report(SEEN, "x")
    assert (len(of_one.steps), of_one.streams) == (2, (STREAM,)), "a stream belongs to the call that announced its address"
    assert len(of_one.calls) == 2, "the others can still be chosen"


def test_in_text_every_arrow_points_from_its_sender_to_its_receiver() -> None:
    head, invite, busy, other, *streams = ladder.text(ladder.report(SEEN))
    assert head.split() == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert (invite.startswith("    0.000") and invite.endswith("->|                             |")) or "->|" in invite
    assert "|<" in busy and "486 Busy Here" in busy and "->|" not in busy
    assert "|<" in other
    assert streams[0].startswith("warn  10.0.0.2:4002 → 10.0.0.1:4000: g711U, 990 packets, 10 lost (1.0 %)")


def test_parties_on_one_host_are_told_apart_by_their_ports() -> None:
    seen = Seen((replace(INVITE, destination="10.0.0.1:5070"),), ())
    assert ladder.report(seen).parties == (A, "10.0.0.1:5070")


def test_a_message_to_oneself_and_one_sent_again_are_drawn() -> None:
    found = ladder.report(Seen((replace(INVITE, destination=A, again=True),), ()))
    drawn = ladder.svg(found)
    assert "<path" in drawn and 'class="request again"' in drawn
    assert "> INVITE + SDP (again)" in list(ladder.text(found))[1]


def test_what_is_too_much_is_counted() -> None:
    many = Seen(tuple(replace(INVITE, at=START + place) for place in range(MOST_STEPS + 7)), (), beyond=1)
    assert (len(ladder.report(many).steps), ladder.report(many).beyond) == (MOST_STEPS, 8)
    crowd = Seen(tuple(replace(INVITE, source=f"10.1.0.{place}:1") for place in range(MOST_PARTIES + 3)), ())
    assert len(ladder.report(crowd).parties) == MOST_PARTIES
    assert ladder.report(crowd).beyond


@pytest.mark.parametrize(
    ("lost", "jitter", "gap", "verdict"),
    [
        (0, 0, 20, "good"),
        (10, 0, 20, "warn"),
        (40, 0, 20, "bad"),
        (0, 25, 20, "warn"),
        (0, 60, 20, "bad"),
        (0, 0, 1500, "bad"),
        (-3, 0, 20, "good"),
    ],
)
def test_a_stream_is_judged(lost: int, jitter: float, gap: float, verdict: str) -> None:
    assert replace(STREAM, lost=lost, jitter=jitter, gap=gap).verdict == verdict


def drawn_texts(drawing: str) -> list[str]:
    """The texts of an SVG that is well-formed and holds nothing but shapes, one style and text."""
    root = ElementTree.fromstring(drawing)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "style", "text", "line", "rect", "path"}
    assert not [key for element in root.iter() for key in element.attrib if key.startswith("on") or "href" in key]
    return ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("text")]


def test_hostile_names_are_text_and_nothing_else() -> None:
    message = replace(INVITE, source=f"{HOSTILE}:1", method=HOSTILE, caller=HOSTILE, call_id=HOSTILE)
    found = ladder.report(Seen((message, replace(BUSY, reason=HOSTILE * 5)), (replace(STREAM, codecs=HOSTILE),)))
    drawing = ladder.svg(found)
    assert "<script" not in drawing
    assert any("<script>" in text for text in drawn_texts(drawing))
    lines = "\n".join(ladder.text(found))
    assert "\x1b" not in lines and "\u202e" not in lines and "\x00" not in lines
    assert "\u202e" not in ladder.as_json(found)["streams"][0]["codecs"]
    json.dumps(ladder.as_json(found))


NAMES = some.text(max_size=100)


@given(some.lists(some.builds(
    Message, at=some.integers(0, 2**62), source=NAMES, destination=NAMES, method=NAMES, status=some.integers(0, 999), reason=NAMES,
    call_id=NAMES, caller=NAMES, called=NAMES, again=some.booleans(), media=some.just(()),
), max_size=6))  # fmt: skip
def test_whatever_is_in_a_capture_the_drawing_is_well_formed(messages: list[Message]) -> None:
    found = ladder.report(Seen(tuple(messages), ()))
    drawn_texts(ladder.svg(found))
    assert all(line.isprintable() for line in ladder.text(found))
