"""What is kept of a call holds no key where the site keeps none, and is else the same, byte for byte."""

from __future__ import annotations

import io
import struct

from hypothesis import given
from hypothesis import strategies as st

from capture import blocks, sccp
from capture.frames import Address
from capture.redaction import Redacted
from capture.sccp_codes import KEYS
from capture.walk import STAMP
from tests.bed import skinny
from tests.fakes.clock import START

HERE = Address(b"\x0a\0\0\1", 5060)


def packet(payload_type: int, payload: bytes) -> bytes:
    whole = struct.pack(">BBHII", 0x80, payload_type, 1, 2, 3) + payload
    return STAMP.pack(START, len(whole)) + whole


def message(method: str, kind: str, body: str) -> bytes:
    lines = [
        f"{method} sip:2@10.0.0.2 SIP/2.0", "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", "From: <sip:1@10.0.0.1>;tag=a",
        "To: <sip:2@10.0.0.2>", "Call-ID: 1", f"CSeq: 1 {method}", f"Content-Type: {kind}", f"Content-Length: {len(body)}",
    ]  # fmt: skip
    return blocks.sip_message(blocks.SipBlock(START, HERE, HERE, ("\r\n".join(lines) + "\r\n\r\n" + body).encode()))


def redacted(data: bytes, events: tuple[int, ...] = (101,), step: int = -1) -> bytes:
    file = Redacted(io.BytesIO(data), len(data), events)
    return b"".join(iter(lambda: file.read(step), b""))


def bodies(data: bytes) -> list[bytes]:
    return [block.body for block in blocks.read(io.BytesIO(data))]


def test_telephone_events_are_zeros_and_speech_stays() -> None:
    speech, event, marked = packet(0, b"speech" * 20), packet(101, b"\x05\x8a\x01\x40"), packet(101 | 128, b"\x06\x0a\x00\xa0")
    data = blocks.encode(blocks.PACKETS, speech + event + marked + speech)
    found = redacted(data)
    assert len(found) == len(data)
    assert bodies(found) == [speech + event[:-4] + bytes(4) + marked[:-4] + bytes(4) + speech]


def test_the_body_of_an_info_is_zeros_and_a_description_stays() -> None:
    invite, info = message("INVITE", "application/sdp", "v=0\r\n"), message("INFO", "application/dtmf-relay", "Signal=5\r\n")
    relayed = message("MESSAGE", "application/dtmf", "7")
    found = redacted(invite + info + relayed)
    assert found.startswith(invite)
    assert len(found) == len(invite + info + relayed)
    assert b"Signal" not in found
    assert [blocks.read_sip(body).raw[-1:] for body in bodies(found)[1:]] == [b"\0", b"\0"]


def test_the_keypad_of_a_skinny_phone_says_no_key_and_its_soft_keys_stay() -> None:
    def sent(raw: bytes) -> bytes:
        return blocks.sip_message(blocks.SipBlock(START, HERE, HERE, raw))

    pressed, soft = skinny.key(7, 40), skinny.soft_key(9, 40)
    found = redacted(sent(pressed) + sent(soft))
    first, second = (blocks.read_sip(body).raw for body in bodies(found))
    told = sccp.parse(first)
    assert isinstance(told, sccp.Pressed)
    assert (told.reference, told.key in KEYS, len(first)) == (40, False, len(pressed))
    assert second == soft


def test_what_is_damaged_is_zeros_since_nobody_knows_what_it_held() -> None:
    event = blocks.encode(blocks.PACKETS, packet(101, b"\x05\x8a\x01\x40"))
    torn = event[:-1] + b"?"
    found = redacted(torn + message("INVITE", "application/sdp", "v=0\r\n") + event[:-3])
    assert len(found) == len(torn + event[:-3]) + len(message("INVITE", "application/sdp", "v=0\r\n"))
    assert b"\x05\x8a" not in found
    assert len(bodies(found)) == 1


def test_a_site_without_events_keeps_every_byte() -> None:
    data = blocks.description({"a": 1}) + blocks.encode(blocks.PACKETS, packet(0, b"x" * 160) + packet(101, b"\x05\x8a\x01\x40"))
    assert redacted(data, ()) == data


@given(data=st.binary(max_size=2000), step=st.sampled_from([-1, 1, 7, 512]))
def test_any_bytes_keep_their_length(data: bytes, step: int) -> None:
    for given_one in (data, blocks.encode(blocks.PACKETS, data), blocks.encode(blocks.SIP, data)):
        assert len(redacted(given_one, (101, 0), step)) == len(given_one)
