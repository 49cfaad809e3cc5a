"""Keys that were pressed are marks on the recording: once each, at their place, on their side; or nowhere, where the site says so."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import keys, manifest
from appliance.box import Box
from appliance.moments import MILLISECOND, SECOND
from appliance.records import Side
from appliance.sealed import open_sealed
from capture.blocks import SipBlock
from capture.digits import Events, Key, marks, of_signalling, of_skinny
from capture.frames import Address
from capture.index import index
from capture.pcapfile import Captured
from capture.pressed import KEYS
from capture.walk import STAMP
from tests import needs
from tests.bed.made import PTIME, MadeCall, datagram
from tests.bed.program import appliance
from tests.bed.recorded import all_recordings, recorded
from tests.bed.skinny import MANAGER, PHONES, SkinnyCall
from tests.bed.skinny import key as skinny_key
from tests.fakes.clock import START

HERE = Address(b"\x0a\0\0\1", 5060)


def packets(*rows: tuple[int, int, bytes]) -> Any:
    """Rows of (ms, RTP timestamp, payload)."""
    body = b""
    for place, (at, timestamp, payload) in enumerate(rows):
        packet = struct.pack(">BBHII", 0x80, 101, place, timestamp, 7) + payload
        body += STAMP.pack(START + at * MILLISECOND, len(packet)) + packet
    return index(body)


def pressed(number: int, *, end: bool = False) -> bytes:
    return struct.pack(">BBH", number, 0x8A if end else 10, 160)


def test_a_key_that_is_sent_again_and_again_is_one() -> None:
    events = Events(Side.CALLER)
    events.add(packets((0, 100, pressed(5)), (20, 100, pressed(5)), (40, 100, pressed(5, end=True))))
    events.add(packets((60, 100, pressed(5, end=True)), (300, 900, pressed(5)), (320, 1800, pressed(11))))
    assert [(key.at - START, key.key) for key in events.keys] == [
        (0, "5"), (300 * MILLISECOND, "5"), (320 * MILLISECOND, "#"),
    ]  # fmt: skip


def test_every_key_has_its_name_and_what_is_no_key_none() -> None:
    events = Events(Side.CALLED)
    events.add(
        packets(*[(20 * number, 1000 * number, pressed(number)) for number in range(20)], (500, 1, b"\1\2\3"), (520, 2, b""))
    )
    assert "".join(key.key for key in events.keys) == KEYS == "0123456789*#ABCD"
    assert {(key.side, key.how) for key in events.keys} == {(Side.CALLED, "rfc4733")}


def message(first: str, tag: str, number: int, kind: str = "", body: str = "") -> SipBlock:
    lines = [
        first, "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", f"From: <sip:1@10.0.0.1>;tag={tag}", "To: <sip:2@10.0.0.2>;tag=x",
        "Call-ID: 1", f"CSeq: {number} {first.split()[0]}", *([f"Content-Type: {kind}"] if kind else []), f"Content-Length: {len(body)}",
    ]  # fmt: skip
    return SipBlock(START + number, HERE, HERE, ("\r\n".join(lines) + "\r\n\r\n" + body).encode())


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", "Signal= *\nDuration= 160", "*"),
        ("application/dtmf-relay", "Signal=11\r\n", "#"),
        ("Application/DTMF-Relay;x=y", "signal=a", "A"),
        ("application/dtmf", "#", "#"),
        ("application/dtmf", " 10 \r\n", "*"),
        ("application/dtmf", "16", ""),
        ("application/dtmf-relay", "Signal=flash", ""),
        ("application/media_control+xml", "5", ""),
        ("application/dtmf-relay", "", ""),
    ],
)
def test_info_says_a_key(kind: str, body: str, key: str) -> None:
    found = list(
        of_signalling(
            [message("INVITE sip:2@10.0.0.2 SIP/2.0", "a", 1), message("INFO sip:2@10.0.0.2 SIP/2.0", "a", 2, kind, body)]
        )
    )
    assert [(one.key, one.side, one.how) for one in found] == ([(key, Side.CALLER, "info")] if key else [])


def test_info_of_both_sides_and_again_sent() -> None:
    info = "INFO sip:2@10.0.0.2 SIP/2.0"
    invite = message("INVITE sip:2@10.0.0.2 SIP/2.0", "a", 1)
    once, other = message(info, "a", 2, "application/dtmf", "1"), message(info, "x", 1, "application/dtmf", "2")
    found = list(of_signalling([invite, once, once, other, message("SIP/2.0 200 OK", "a", 2, "application/dtmf", "3")]))
    assert [(one.side, one.key) for one in found] == [(Side.CALLER, "1"), (Side.CALLED, "2")]


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_any_signalling_is_read(raw: list[bytes]) -> None:
    assert list(of_signalling([SipBlock(START, HERE, HERE, one) for one in raw])) == []


@given(st.lists(st.tuples(st.integers(0, 10**10), st.sampled_from(list(Side)), st.sampled_from(KEYS))))
def test_marks_are_in_order_and_inside(rows: list[tuple[int, Side, str]]) -> None:
    found = marks([Key(START + at, side, key, "info") for at, side, key in rows], START + SECOND)
    places = [float(str(mark["at"])) for mark in found]
    assert places == sorted(places)
    assert all(place >= 0 for place in places)
    assert {(mark["side"], mark["key"]) for mark in found} == {(side.value, key) for _, side, key in rows}


def test_one_key_told_in_two_ways_is_one_mark() -> None:
    twice = [Key(START, Side.CALLER, "5", "rfc4733"), Key(START + 20 * MILLISECOND, Side.CALLER, "5", "info")]
    assert marks(twice, START) == [{"at": 0.0, "side": "caller", "key": "5", "how": "rfc4733"}]
    assert len(marks([*twice, Key(START, Side.CALLED, "5", "info"), Key(START + 2 * SECOND, Side.CALLER, "5", "info")], START)) == 3


def test_a_key_pressed_twice_and_told_in_two_ways_each_time_is_two_marks() -> None:
    told = [
        Key(START + at * MILLISECOND, Side.CALLER, "5", how)
        for at, how in ((0, "rfc4733"), (150, "info"), (700, "rfc4733"), (850, "info"))
    ]
    assert [mark["at"] for mark in marks(told, START)] == [0.0, 0.7]


# Calls


def with_keys(call: MadeCall, text: str) -> list[Captured]:
    """The call's frames; its caller presses these keys, one every 200 ms from 0.4 s on, each sent five times."""
    frames, ssrc = call.frames(), call.ssrc(0)
    first = next(one.at for one in frames if one.frame[50:54] == ssrc.to_bytes(4, "big"))
    for place, key in enumerate(text):
        for again in range(5):
            stamp = 3200 + place * 1600
            header = struct.pack(">BBHII", 0x80, 101, 30_000 + place * 5 + again, stamp, ssrc)
            at = first + (400 + place * 200) * MILLISECOND + again * PTIME
            body = header + struct.pack(">BBH", KEYS.index(key), 0x8A if again > 2 else 10, 160 * (again + 1))
            frames.append(Captured(1, datagram(body, call.port(0), call.port(1), by_caller=True), at))
    swap = (b"RTP/AVP 0\r\n", b"RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n")
    described = []
    for one in sorted(frames, key=lambda captured: captured.at):
        if swap[0] in one.frame:
            head, _, body = one.frame[42:].replace(*swap).partition(b"\r\n\r\n")
            lines = [
                f"Content-Length: {len(body)}".encode() if line.startswith(b"Content-Length") else line
                for line in head.split(b"\r\n")
            ]
            frame = datagram(b"\r\n".join(lines) + b"\r\n\r\n" + body, 5060, 5060, by_caller=b"INVITE sip:" in head)
            described.append(one._replace(frame=frame))
        else:
            described.append(one)
    return described


def marks_of(box: Box) -> list[dict[str, Any]]:
    """The marks of every recording."""
    found: list[dict[str, Any]] = []
    for recording in all_recordings(box):
        sealed = (box.folders.recordings / recording.facts.manifest).read_bytes()
        found += manifest.decode(open_sealed(sealed, keys.identities_in(box.folders.keys))).facts["marks"]
    return found


def test_keys_are_marks_in_the_sealed_manifest(tmp_path: Path) -> None:
    box = recorded(tmp_path / "var", frames=with_keys(MadeCall(talk=2.0), "12#"))
    assert [(mark["at"], mark["side"], mark["key"]) for mark in marks_of(box)] == [
        (0.4, "caller", "1"), (0.6, "caller", "2"), (0.8, "caller", "#"),
    ]  # fmt: skip
    (recording,) = all_recordings(box)
    assert recording.facts.codecs == ("PCMU",)
    for row in appliance("calls", "--json", "--data", box.folders.data).lines:
        assert "rfc4733" not in json.dumps(row), "keys stand in the sealed manifest alone"


def test_a_site_may_keep_no_keys(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "appliance.toml").write_text('[capture]\ndigits = "drop"\n')
    assert marks_of(recorded(tmp_path / "var", frames=with_keys(MadeCall(talk=2.0), "12#"))) == []


@needs.shared
@needs.program("tshark")
def test_tshark_sees_the_same_keys_in_a_public_call(tmp_path: Path) -> None:
    file = needs.PCAPS / "ws-SIP_DTMF2.pcap"
    command = [
        "tshark",
        "-r",
        str(file),
        "-Y",
        "rtpevent",
        "-T",
        "fields",
        "-e",
        "rtp.ssrc",
        "-e",
        "rtp.timestamp",
        "-e",
        "rtpevent.event_id",
    ]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    expected = [line.split("\t")[2] for line in dict.fromkeys(shown.splitlines())]
    appliance("replay", file, "--data", tmp_path / "var")
    found = [str(KEYS.index(mark["key"])) for mark in marks_of(Box.at(tmp_path / "var"))]
    assert sorted(found) == sorted(expected)
    assert expected


def test_keys_of_a_skinny_phone_are_keys_once_it_is_connected() -> None:
    call = SkinnyCall(version=17)
    blocks = [
        SipBlock(at, *((PHONES[phone], MANAGER) if says else (MANAGER, PHONES[phone])), data)
        for at, phone, says, data in sorted([*call.script(), (950, 0, True, skinny_key(14, 71, 17)), (960, 1, True, skinny_key(5, 72, 17))])
    ]  # fmt: skip
    found = [(key.at, key.side, key.key, key.how) for key in of_skinny(blocks)]
    assert found == [(950, Side.CALLER, "*", "skinny"), (960, Side.CALLED, "5", "skinny")]
    assert list(of_signalling(blocks)) == []
