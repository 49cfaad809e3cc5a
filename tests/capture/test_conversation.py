"""Who sent which message of a call, told by the tag of its first message."""

from __future__ import annotations

from appliance.records import Side
from capture.blocks import SipBlock
from capture.conversation import conversation
from capture.frames import Address

BOX, PHONE = Address(b"\xc0\x00\x02\x01", 5060), Address(b"\xc0\x00\x02\x02", 5060)


def block(at: int, start: str, asking: str, sequence: str) -> SipBlock:
    lines = [start, f"From: <sip:a@example>;tag={asking}", "To: <sip:b@example>;tag=x", "Call-ID: 1", f"CSeq: {sequence}"]
    return SipBlock(at=at, source=PHONE, destination=BOX, raw="\r\n".join([*lines, "", ""]).encode())


def test_requests_of_the_caller_and_answers_to_the_called_side_are_the_callers() -> None:
    said = list(
        conversation(
            [
                block(1, "INVITE sip:b@example SIP/2.0", "a", "1 INVITE"),
                block(2, "SIP/2.0 200 OK", "a", "1 INVITE"),
                block(3, "INFO sip:a@example SIP/2.0", "b", "7 INFO"),
                block(4, "SIP/2.0 200 OK", "b", "7 INFO"),
            ]
        )
    )
    assert [(found.at, found.side) for found in said] == [(1, Side.CALLER), (2, Side.CALLED), (3, Side.CALLED), (4, Side.CALLER)]
    assert said[0].transaction == said[1].transaction != said[2].transaction == said[3].transaction


def test_a_call_of_which_the_answer_came_first_still_knows_its_caller() -> None:
    (said,) = conversation([block(1, "SIP/2.0 200 OK", "a", "1 INVITE")])
    assert said.side == Side.CALLED


def test_what_is_no_message_is_passed_over() -> None:
    garbage = SipBlock(at=0, source=PHONE, destination=BOX, raw=b"\x00\xff\r\n\r\n")
    said = list(conversation([garbage, block(1, "BYE sip:b@example SIP/2.0", "a", "2 BYE")]))
    assert [(found.at, found.side) for found in said] == [(1, Side.CALLER)]
