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
from appliance.moments import SECOND
from capture import pcapfile, rtp, sdp
from capture.dark import DTLS_SRTP
from capture.frames import LINK_ETHERNET, Datagram, Dissector
from capture.media import Mode
from capture.pcapfile import Captured
from capture.sdp import SrtpKey
from capture.srtp import SEARCHES, SUITES, Opener
from capture.walk import STAMP
from tests import needs
from tests.bed.made import MadeCall, datagram, protector
from tests.bed.recorded import all_recordings, recorded
from tests.capture.test_dark import dtls

SUITE = "AES_CM_128_HMAC_SHA1_80"
SECURE, EITHER, PLAIN = ([(0, mode)] for mode in (Mode.SECURE, Mode.EITHER, Mode.PLAIN))
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
    opener = Opener([key(suite)], SECURE)
    assert packets_of(opener.open(body([protect(one) for one in CLEAR]))) == CLEAR
    assert opener.refused == 0


def test_the_right_one_of_many_keys_is_found_and_a_new_one_when_it_changes() -> None:
    old, new = protector(SUITE, b"o" * 30), protector(SUITE, b"n" * 30)
    coded = [old(one) for one in CLEAR[:50]] + [new(one) for one in CLEAR[50:]]
    keys = [key(octets=bytes([letter]) * 30) for letter in b"abcdefon"] + [key("AEAD_AES_256_GCM")]
    assert packets_of(Opener(keys, SECURE).open(body(coded))) == CLEAR


def test_packets_out_of_order_and_twice_are_opened_once() -> None:
    protect = protector(SUITE, KEYS[SUITE])
    coded = [protect(one) for one in CLEAR]
    shuffled = coded[:1] + random.Random(3).sample(coded[1:], 99)
    opener = Opener([key()], SECURE)
    found = packets_of(opener.open(body([one for one in shuffled for _ in range(2)])))
    assert sorted(found) == sorted(CLEAR)
    assert opener.refused == 0, "a mirror of both directions is no attack"


def test_sequence_numbers_may_wrap() -> None:
    protect = protector(SUITE, KEYS[SUITE])
    clear = [packet(number) for number in range(65500, 65700)]
    assert packets_of(Opener([key()], SECURE).open(body([protect(one) for one in clear]))) == clear


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("first", [(1 << 16) + 5, (3 << 16) + 16384, (3 << 16) + 32768, (7 << 16) + 65500, 199 << 16])
def test_a_stream_that_was_joined_after_its_numbers_had_wrapped_is_opened(suite: str, first: int) -> None:
    """The rollover counter is on no wire: the tag tells the right one."""
    protect = protector(suite, KEYS[suite], first)
    clear = [packet(first + number) for number in range(100)]
    opener = Opener([key(octets=b"x" * 30), key("AEAD_AES_256_GCM", b"y" * 44), key(suite)], SECURE)
    assert packets_of(opener.open(body([protect(one) for one in clear]))) == clear
    assert (opener.refused, opener.searches) == (0, 1)


def test_packets_that_come_late_or_twice_behind_a_found_counter_are_opened_once() -> None:
    first = (3 << 16) - 20
    protect = protector(SUITE, KEYS[SUITE], first)
    clear = [packet(first + number) for number in range(100)]
    coded = [protect(one) for one in clear]
    opener = Opener([key()], SECURE)
    found = packets_of(opener.open(body([one for one in coded[20:] + coded[:20] for _ in range(2)])))
    assert (found, opener.refused) == (clear[20:] + clear[:20], 0), "the last ones are of the round before"


@pytest.mark.parametrize("missed", [40_000, 70_000, 1_000_000])
def test_a_stream_goes_on_opening_after_so_much_was_missed_that_its_numbers_wrapped(missed: int) -> None:
    protect, again = protector(SUITE, KEYS[SUITE]), protector(SUITE, KEYS[SUITE], missed)
    late = [packet(missed + number) for number in range(100)]
    opener = Opener([key()], SECURE)
    assert packets_of(opener.open(body([*map(protect, CLEAR), *map(again, late)]))) == [*CLEAR, *late]


def test_packets_of_a_stranger_before_it_do_not_hide_a_stream_for_long() -> None:
    stranger, protect = protector(SUITE, b"s" * 30), protector(SUITE, KEYS[SUITE], 3 << 16)
    opener = Opener([key()], SECURE)
    assert opener.open(body([stranger(packet(number)) for number in range(10)])) == b""
    found = packets_of(opener.open(body([protect(one) for one in CLEAR])))
    assert found == CLEAR[5:], "the search after the 10 of the stranger is at the 16th in a row"


@pytest.mark.parametrize("encrypted", [True, False])
def test_the_search_for_counters_is_bounded_where_no_key_fits(encrypted: bool) -> None:
    protect = protector(SUITE, b"s" * 30, 3 << 16) if encrypted else bytes
    opener = Opener([key()], SECURE)
    assert opener.open(body([protect(packet(number)) for number in range(5000)])) == b""
    assert (opener.refused, opener.searches) == (5000, 7)


def test_a_sender_that_provokes_searches_gets_no_more_than_a_few() -> None:
    protect = protector(SUITE, KEYS[SUITE])
    opener = Opener([key()], SECURE)
    found = packets_of(opener.open(body([one for clear in CLEAR for one in (protect(clear), clear)])))
    assert (found, opener.searches) == (CLEAR, SEARCHES)


def test_plain_speech_is_searched_for_no_counter() -> None:
    opener = Opener([key()], PLAIN)
    assert packets_of(opener.open(body(CLEAR))) == CLEAR
    assert opener.searches == 0


@pytest.mark.parametrize("suite", SUITES)
def test_a_master_key_identifier_is_left_out(suite: str) -> None:
    protect, tag = protector(suite, KEYS[suite]), SUITES[suite][2]
    coded = [one[: len(one) - tag] + b"\0\0\0\1" + one[len(one) - tag :] for one in map(protect, CLEAR)]
    assert packets_of(Opener([key(suite, mki=4)], SECURE).open(body(coded))) == CLEAR


@pytest.mark.parametrize("keys", [[], [key(octets=b"x" * 30)], [SrtpKey("F8_128_HMAC_SHA1_80", "AAAA")], [SrtpKey(SUITE, "AAAA")]])
def test_without_the_right_key_nothing_comes_out(keys: list[SrtpKey]) -> None:
    protect = protector(SUITE, KEYS[SUITE])
    opener = Opener(keys, SECURE)
    assert opener.open(body([protect(one) for one in CLEAR])) == b""
    assert opener.refused == len(CLEAR)


def test_where_plain_speech_was_allowed_it_passes_until_something_was_opened() -> None:
    opener = Opener([key()], EITHER)
    assert packets_of(opener.open(body(CLEAR[:10]))) == CLEAR[:10]
    protect = protector(SUITE, KEYS[SUITE])
    assert packets_of(opener.open(body([protect(one) for one in CLEAR[10:]]))) == CLEAR[10:]
    assert opener.open(body([packet(200)])) == b""


def test_from_the_moment_plain_speech_was_agreed_on_it_passes_and_no_sooner() -> None:
    protect = protector(SUITE, KEYS[SUITE])
    opener = Opener([key()], [(0, Mode.SECURE), (50, Mode.PLAIN)])
    coded = [protect(one) for one in CLEAR[:30]]
    found = packets_of(opener.open(body([*coded, *CLEAR[30:]])))
    assert found == [*CLEAR[:30], *CLEAR[50:]]
    assert opener.refused == 20


@pytest.mark.parametrize(("octets", "begin"), [(b"n" * 30, 100), (KEYS[SUITE], 100), (KEYS[SUITE], 20_000), (b"n" * 30, 40_000)])
def test_a_sender_that_begins_anew_is_opened_with_a_new_key_or_the_old_one(octets: bytes, begin: int) -> None:
    """libsrtp looks at the sequence number before it looks at the tag."""
    old, new = protector(SUITE, KEYS[SUITE]), protector(SUITE, octets)
    before, after = [packet(30_000 + number) for number in range(100)], [packet(begin + number) for number in range(100)]
    opener = Opener([key(), key(octets=octets)], SECURE)
    found = opener.open(body([*map(old, before), *map(new, after)]))
    assert (packets_of(found), opener.refused) == ([*before, *after], 0)


def test_a_packet_that_is_too_long_for_libsrtp_is_refused_and_the_next_is_opened() -> None:
    protect = protector(SUITE, KEYS[SUITE])
    opener = Opener([key()], SECURE)
    found = packets_of(opener.open(body([protect(CLEAR[0]), CLEAR[1] + bytes(1500), CLEAR[1] + bytes(60_000), protect(CLEAR[2])])))
    assert (found, opener.refused) == ([CLEAR[0], CLEAR[2]], 2)


@given(st.lists(st.binary(max_size=60), max_size=5), st.booleans())
def test_any_bytes_are_opened_passed_or_refused(packets: list[bytes], secure: bool) -> None:
    opener = Opener([key(), key("AEAD_AES_128_GCM"), key(mki=4, octets=b"z" * 30)], SECURE if secure else PLAIN)
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


@pytest.mark.parametrize("first", [3 << 16, (2 << 16) - 10])
def test_a_call_that_was_joined_after_a_wrap_is_recorded_like_any_other(first: int, tmp_path: Path) -> None:
    plain = recorded(tmp_path / "plain", MadeCall(talk=0.6))
    box = recorded(tmp_path / "var", MadeCall(talk=0.6, suite=SUITE, first=first))
    (recording,) = all_recordings(box)
    assert recording.facts.quality["unopened"] == 0
    assert recording.facts.plain_sha256 == all_recordings(plain)[0].facts.plain_sha256, "the same samples, the same file"


def test_what_follows_a_change_of_port_after_a_wrap_is_heard(tmp_path: Path) -> None:
    """The stream from the new port is another on the spool, and knows nothing of the counter of the first."""
    call = MadeCall(talk=0.6, suite=SUITE, first=(1 << 16) - 10)
    spoken = [place for place, one in enumerate(call.frames()) if one.frame[34:36] == call.port(0).to_bytes(2)]
    behind = set(spoken[15:])
    frames = [
        one._replace(frame=one.frame[:34] + (31_000).to_bytes(2) + one.frame[36:]) if place in behind else one
        for place, one in enumerate(call.frames())
    ]
    box = recorded(tmp_path / "var", frames=frames)
    (recording,) = all_recordings(box)
    assert (recording.facts.quality["unopened"], recording.facts.packets) == (0, 2 * call.packets)
    assert recording.facts.quality["caller"]["streams"] == 2


def described(call: MadeCall, told: dict[bytes, tuple[str, bool]]) -> list[Captured]:
    """The call's frames with other descriptions: by what its message begins with, the profile and whether there is a key."""
    frames = []
    for captured in call.frames():
        first = next((first for first in told if captured.frame[42:].startswith(first) and b"m=audio" in captured.frame), None)
        if first is not None:
            profile, keyed = told[first]
            head, _, text = captured.frame[42:].partition(b"\r\n\r\n")
            kept = [line for line in text.split(b"\r\n") if keyed or not line.startswith(b"a=crypto")]
            text = b"\r\n".join(kept).replace(b"RTP/SAVP", profile.encode()).replace(b"RTP/AVP", profile.encode())
            lines = [
                b"Content-Length: %d" % len(text) if line.startswith(b"Content-Length") else line for line in head.split(b"\r\n")
            ]
            frame = datagram(b"\r\n".join(lines) + b"\r\n\r\n" + text, 5060, 5060, by_caller=first == b"INVITE")
            frames.append(captured._replace(frame=frame))
        else:
            frames.append(captured)
    return frames


@pytest.mark.parametrize("offered", ["RTP/AVP", "RTP/SAVP"])
def test_plain_speech_is_heard_where_srtp_was_offered_and_not_taken(offered: str, tmp_path: Path) -> None:
    call = MadeCall(talk=0.6)
    keyed = MadeCall(talk=0.6, suite=SUITE, profile=offered)
    plain = iter([one for one in call.frames() if one.frame[42] == 0x80])
    told = described(keyed, {b"SIP/2.0 200": ("RTP/AVP", False)})
    frames = [next(plain) if one.frame[42] == 0x80 else one for one in told]
    (recording,) = all_recordings(recorded(tmp_path / "var", frames=frames))
    assert (recording.facts.packets, recording.facts.one_sided) == (2 * call.packets, False)
    assert recording.facts.quality["unopened"] == 0


def test_a_call_whose_answer_was_not_seen_is_opened_on_the_side_whose_key_was(tmp_path: Path) -> None:
    call = MadeCall(talk=0.6, suite=SUITE)
    frames = [one for one in call.frames() if not (one.frame[42:].startswith(b"SIP/2.0 200") and b"m=audio" in one.frame)]
    (recording,) = all_recordings(recorded(tmp_path / "var", frames=frames))
    assert recording.facts.one_sided
    assert recording.facts.quality["unopened"] == call.packets


def test_a_plain_description_followed_by_dtls_is_no_noise_is_kept_and_named(tmp_path: Path) -> None:
    call = MadeCall(talk=0.6)
    secret = iter([one for one in MadeCall(talk=0.6, suite=SUITE).frames() if one.frame[42] == 0x80])
    at = call.begin + SECOND // 2 + 1_500_000
    frames = [next(secret) if one.frame[42] == 0x80 else one for one in call.frames()]
    for place, kind in enumerate((1, 2)):
        hello = datagram(dtls(kind), call.port(place), call.port(1 - place), by_caller=not place)
        frames.append(Captured(LINK_ETHERNET, hello, at + place))
    box = recorded(tmp_path / "var", frames=sorted(frames, key=lambda one: one.at))
    assert all_recordings(box) == []
    with Ledger.open(box.folders.ledger) as ledger:
        (row,) = ledger.connection.execute("SELECT id FROM call").fetchall()
        found = get_call(ledger.connection, row["id"])
    assert found is not None
    assert found.not_recorded == "encrypted"
    assert f"({DTLS_SRTP})" in (found.detail or "")
    assert (box.folders.quarantine / f"{found.id}.tar.age").exists()


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
    opener = Opener([SrtpKey(SUITE, "aSBrbm93IGFsbCB5b3VyIGxpdHRsZSBzZWNyZXRz")], SECURE)
    clear = packets_of(opener.open(body(found)))
    assert (len(clear), opener.refused) == (len(found), 0)
    assert {len(rtp.parse(one).payload) for one in clear} == {160}
