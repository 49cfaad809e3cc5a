"""SRTP is opened with the keys of the signalling, and with nothing else: what does not open never becomes sound."""

from __future__ import annotations

import base64
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.lookup import get_call
from capture import pcapfile, rtp, sdp
from capture.frames import Datagram, Dissector
from capture.media import STAMP
from capture.sdp import SrtpKey
from capture.srtp import SUITES, Opener
from tests import needs
from tests.bed.made import MadeCall, datagram, protector
from tests.bed.recorded import all_recordings, recorded

SUITE = "AES_CM_128_HMAC_SHA1_80"
KEYS = {suite: bytes(range(octets)) for suite, (_, octets, _) in SUITES.items()}


def key(suite: str = SUITE, octets: bytes | None = None, mki: int = 0) -> SrtpKey:
    return SrtpKey(suite, base64.b64encode(KEYS[suite] if octets is None else octets).decode(), mki)


def packet(number: int, ssrc: int = 7) -> bytes:
    return struct.pack(">BBHII", 0x80, 0, number & 0xFFFF, number * 160, ssrc) + bytes([number & 255]) * 160


def body(packets: list[bytes]) -> bytes:
    return b"".join(STAMP.pack(place, len(one)) + one for place, one in enumerate(packets))


def packets_of(found: bytes) -> list[bytes]:
    out, place = [], 0
    while place < len(found):
        _, length = STAMP.unpack_from(found, place)
        out.append(found[place + STAMP.size : place + STAMP.size + length])
        place += STAMP.size + length
    return out


CLEAR = [packet(number) for number in range(100)]


@pytest.mark.parametrize("suite", SUITES)
def test_what_was_protected_is_opened(suite: str) -> None:
    protect = protector(suite, KEYS[suite])
    opener = Opener([key(suite)], secure=True)
    assert packets_of(opener.open(body([protect(one) for one in CLEAR]))) == CLEAR
    assert opener.refused == 0


def test_the_right_one_of_many_keys_is_found_and_a_new_one_when_it_changes() -> None:
    old, new = protector(SUITE, b"o" * 30), protector(SUITE, b"n" * 30)
    coded = [old(one) for one in CLEAR[:50]] + [new(one) for one in CLEAR[50:]]
    keys = [key(octets=bytes([letter]) * 30) for letter in b"abcdefon"] + [key("AEAD_AES_256_GCM")]
    assert packets_of(Opener(keys, secure=True).open(body(coded))) == CLEAR


def test_packets_out_of_order_and_twice_are_opened_once() -> None:
    protect = protector(SUITE, KEYS[SUITE])
    coded = [protect(one) for one in CLEAR]
    shuffled = coded[:1] + random.Random(3).sample(coded[1:], 99)
    opener = Opener([key()], secure=True)
    found = packets_of(opener.open(body([one for one in shuffled for _ in range(2)])))
    assert sorted(found) == sorted(CLEAR)
    assert opener.refused == 0, "a mirror of both directions is no attack"


def test_sequence_numbers_may_wrap() -> None:
    protect = protector(SUITE, KEYS[SUITE])
    clear = [packet(number) for number in range(65500, 65700)]
    assert packets_of(Opener([key()], secure=True).open(body([protect(one) for one in clear]))) == clear


@pytest.mark.parametrize("suite", SUITES)
def test_a_master_key_identifier_is_left_out(suite: str) -> None:
    protect, tag = protector(suite, KEYS[suite]), SUITES[suite][2]
    coded = [one[: len(one) - tag] + b"\0\0\0\1" + one[len(one) - tag :] for one in map(protect, CLEAR)]
    assert packets_of(Opener([key(suite, mki=4)], secure=True).open(body(coded))) == CLEAR


@pytest.mark.parametrize("keys", [[], [key(octets=b"x" * 30)], [SrtpKey("F8_128_HMAC_SHA1_80", "AAAA")], [SrtpKey(SUITE, "AAAA")]])
def test_without_the_right_key_nothing_comes_out(keys: list[SrtpKey]) -> None:
    protect = protector(SUITE, KEYS[SUITE])
    opener = Opener(keys, secure=True)
    assert opener.open(body([protect(one) for one in CLEAR])) == b""
    assert opener.refused == len(CLEAR)


def test_where_plain_speech_was_allowed_it_passes_until_something_was_opened() -> None:
    opener = Opener([key()], secure=False)
    assert packets_of(opener.open(body(CLEAR[:10]))) == CLEAR[:10]
    protect = protector(SUITE, KEYS[SUITE])
    assert packets_of(opener.open(body([protect(one) for one in CLEAR[10:]]))) == CLEAR[10:]
    assert opener.open(body([packet(200)])) == b""


@given(st.lists(st.binary(max_size=60), max_size=5), st.booleans())
def test_any_bytes_are_opened_passed_or_refused(packets: list[bytes], secure: bool) -> None:
    opener = Opener([key(), key("AEAD_AES_128_GCM"), key(mki=4, octets=b"z" * 30)], secure=secure)
    found = packets_of(opener.open(body(packets)))
    assert found == ([] if secure else [one for one in packets if one])
    assert opener.refused == (len(packets) if secure else 0)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"1 {SUITE} inline:QUJD", [SrtpKey(SUITE, "QUJD")]),
        (f"1 {SUITE} inline:QUJD|2^20|1:4", [SrtpKey(SUITE, "QUJD", 4)]),
        (f"1 {SUITE} inline:QUJD|1:4", [SrtpKey(SUITE, "QUJD", 4)]),
        (f"1 {SUITE} inline:QUJD|2^20;inline:REVG|2^20", [SrtpKey(SUITE, "QUJD")]),
        (f"1 {SUITE} inline:QUJD UNENCRYPTED_SRTP", []),
        (f"1 {SUITE} inline:QUJD UNAUTHENTICATED_SRTP", []),
        (f"1 {SUITE} other:QUJD", []),
        ("", []),
    ],
)
def test_keys_are_read_from_the_description(line: str, expected: list[SrtpKey]) -> None:
    text = f"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:{line}\r\n"
    (media,) = sdp.parse(text.encode())
    assert list(media.keys) == expected


# Calls


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("profile", ["RTP/SAVP", "RTP/AVP"])
def test_a_call_with_keys_in_its_signalling_is_recorded(suite: str, profile: str, tmp_path: Path) -> None:
    plain = recorded(tmp_path / "plain", MadeCall(talk=0.6))
    box = recorded(tmp_path / "var", MadeCall(talk=0.6, suite=suite, profile=profile))
    (recording,) = all_recordings(box)
    assert recording.facts.quality["unopened"] == 0
    assert recording.facts.plain_sha256 == all_recordings(plain)[0].facts.plain_sha256, "the same samples, the same file"


@pytest.mark.parametrize("profile", ["RTP/SAVP", "RTP/AVP"])
def test_a_call_that_its_keys_do_not_open_is_no_noise_and_is_kept(profile: str, tmp_path: Path) -> None:
    call = MadeCall(talk=0.6, suite=SUITE, profile=profile, announced=False)
    box = recorded(tmp_path / "var", call)
    assert all_recordings(box) == []
    with Ledger.open(box.folders.ledger) as ledger:
        (row,) = ledger.connection.execute("SELECT id FROM call").fetchall()
        found = get_call(ledger.connection, row["id"])
    assert found is not None
    assert found.not_recorded == "encrypted"
    assert (
        found.detail
        == f"PCMU ({2 * call.packets} packets), which no key of the signalling opens; kept in quarantine/{found.id}.tar.age"
    )
    assert (box.folders.quarantine / f"{found.id}.tar.age").exists()


def test_one_side_that_does_not_open_leaves_the_other(tmp_path: Path) -> None:
    true, false = MadeCall(talk=0.6, suite=SUITE), MadeCall(talk=0.6, suite=SUITE, announced=False)
    frames = [
        mine._replace(frame=mine.frame.replace(base64.b64encode(true.key(1)), base64.b64encode(false.key(3))))
        for mine in true.frames()
    ]
    box: Box = recorded(tmp_path / "var", frames=frames)
    (recording,) = all_recordings(box)
    assert recording.facts.one_sided
    assert recording.facts.quality["unopened"] == true.packets
    assert recording.facts.quality["quarantine"]


def test_a_plain_section_beside_an_encrypted_one_is_heard(tmp_path: Path) -> None:
    """Offered are both; the answer takes the plain one, and what was offered for the other closes no ear."""
    call = MadeCall(talk=0.6)
    offered = b"m=audio 29999 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + base64.b64encode(KEYS[SUITE]) + b"\r\n"
    plain = [one for one in call.frames() if b"INVITE sip:" not in one.frame]
    (invite,) = [one for one in call.frames() if b"INVITE sip:" in one.frame]
    head, _, sdp_body = invite.frame[42:].partition(b"\r\n\r\n")
    length = f"Content-Length: {len(sdp_body) + len(offered)}".encode()
    message = b"\r\n".join(length if line.startswith(b"Content-Length") else line for line in head.split(b"\r\n"))
    frame = datagram(message + b"\r\n\r\n" + sdp_body + offered, 5060, 5060, by_caller=True)
    (recording,) = all_recordings(recorded(tmp_path / "var", frames=[invite._replace(frame=frame), *plain]))
    assert (recording.facts.packets, recording.facts.one_sided) == (2 * call.packets, False)


@needs.shared
def test_a_public_stream_opens_with_its_published_key() -> None:
    """Wireshark's sample of SRTP, whose key was published with it."""
    dissector, found, at = Dissector(), [], 0
    for link, frame, at in pcapfile.frames(needs.PCAPS / "marseillaise-srtp.pcap"):
        one = dissector.dissect(link, frame, at)
        if isinstance(one, Datagram):
            found.append(one.payload)
    opener = Opener([SrtpKey(SUITE, "aSBrbm93IGFsbCB5b3VyIGxpdHRsZSBzZWNyZXRz")], secure=True)
    clear = packets_of(opener.open(body(found)))
    assert (len(clear), opener.refused) == (len(found), 0)
    assert {len(rtp.parse(one).payload) for one in clear} == {160}
