"""Session descriptions: where audio is received, how it is encoded, held or encrypted; damage is passed over, and only SdpError raised."""

from __future__ import annotations

import subprocess
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import pcapfile, sdp, sip
from capture.frames import Datagram, Dissector, host_text
from capture.payloads import Encoding
from tests import needs

SESSION = ("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0")
AUDIO = "m=audio 4000 RTP/AVP 0"


def parse(*lines: str, session: tuple[str, ...] = SESSION, end: str = "\r\n") -> tuple[sdp.Media, ...]:
    return sdp.parse("".join(line + end for line in (*session, *lines)).encode())


def audio(*lines: str, session: tuple[str, ...] = SESSION) -> sdp.Media:
    (found,) = parse(*lines, session=session)
    return found


def test_an_offer_says_where_and_in_which_encodings_audio_is_received() -> None:
    found = audio(
        "m=audio 49170 RTP/AVP 0 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 pcma/8000/1", "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15", "a=ptime:20", "a=sendrecv",
    )  # fmt: skip
    assert (found.kind, found.host, found.port, found.protocol) == ("audio", b"\xc0\x00\x02\x01", 49170, "RTP/AVP")
    assert found.encodings == {
        0: Encoding("PCMU", 8000),
        8: Encoding("PCMA", 8000),
        101: Encoding("TELEPHONE-EVENT", 8000, 1, "0-15"),
    }
    assert (found.direction, found.held, found.encrypted, found.keyed) == ("sendrecv", False, False, False)


def test_static_types_need_no_rtpmap_and_unknown_dynamic_ones_are_left_out() -> None:
    found = audio("m=audio 4000 RTP/AVP 9 18 13 96 97", "a=rtpmap:97 opus/48000/2", "a=rtpmap:98 speex/8000")
    assert found.encodings == {
        9: Encoding("G722", 8000),
        18: Encoding("G729", 8000),
        13: Encoding("CN", 8000),
        97: Encoding("OPUS", 48000, 2),
    }


def test_an_rtpmap_may_give_a_static_number_another_meaning() -> None:
    assert audio("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 L16/16000/2").encodings == {0: Encoding("L16", 16000, 2)}


def test_parameters_of_one_type_are_not_those_of_the_next_line() -> None:
    found = audio("m=audio 4000 RTP/AVP 101 102", "a=rtpmap:101 A/8000", "a=rtpmap:102 B/8000", "a=fmtp:101", "a=fmtp:102 x=1; y")
    assert found.encodings == {101: Encoding("A", 8000), 102: Encoding("B", 8000, 1, "x=1; y")}


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_line_ends_may_be_any_of_the_three(end: str) -> None:
    (found,) = parse(AUDIO, "a=sendonly", end=end)
    assert (found.port, found.direction) == (4000, "sendonly")


@pytest.mark.parametrize("direction", ["sendrecv", "sendonly", "recvonly", "inactive"])
def test_the_direction_of_a_section_wins_over_that_of_the_session(direction: str) -> None:
    session = (*SESSION, "a=recvonly")
    assert audio(AUDIO, f"a={direction}", session=session).direction == direction
    assert audio(AUDIO, session=session).direction == "recvonly"
    assert audio(AUDIO).direction == "sendrecv"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a=rtcp:53020", (b"\xc0\x00\x02\x01", 53020)),
        ("a=rtcp:53020 IN IP4 126.16.64.4", (bytes([126, 16, 64, 4]), 53020)),
        ("a=rtcp:53020 IN IP6 2001:db8::1", (bytes.fromhex("20010db8" + "0" * 23 + "1"), 53020)),
        ("a=rtcp:0", None), ("a=rtcp:70000", None), ("a=rtcp:x", None), ("a=rtcp-mux", None), ("a=rtcp-fb:* nack", None),
    ],
)  # fmt: skip
def test_where_rtcp_arrives_may_be_said(line: str, told: tuple[bytes, int] | None) -> None:
    assert audio(AUDIO, line).rtcp == told


def test_the_old_form_of_hold_is_the_null_address() -> None:
    assert audio(AUDIO, "c=IN IP4 0.0.0.0").held
    assert audio(AUDIO, "c=IN IP6 ::").held
    assert not audio(AUDIO, "a=inactive").held
    assert not audio(AUDIO, "c=IN IP4 phone.example.com", session=SESSION[:3]).held


def test_the_address_of_a_section_wins_over_that_of_the_session() -> None:
    one, two = parse(AUDIO, "c=IN IP4 198.51.100.7", "m=video 4002 RTP/AVP 31")
    assert (one.host, two.host) == (b"\xc6\x33\x64\x07", b"\xc0\x00\x02\x01")
    assert (one.kind, two.kind) == ("audio", "video")


def test_an_ipv6_address_and_a_multicast_one_are_read() -> None:
    assert audio(AUDIO, "c=IN IP6 2001:db8::5").host == ip_address("2001:db8::5").packed
    assert audio(AUDIO, "c=IN IP6 fe80::1%eth0").host == ip_address("fe80::1").packed
    assert audio(AUDIO, "c=IN IP4 224.2.1.1/127/3").host == b"\xe0\x02\x01\x01"


def test_a_name_instead_of_an_address_leaves_it_empty() -> None:
    assert audio(AUDIO, "c=IN IP4 phone.example.com", session=SESSION[:3]).host == b""
    assert audio(AUDIO, session=SESSION[:3]).host == b""


def test_port_zero_is_a_refused_section_and_keeps_its_place() -> None:
    first, second = parse("m=audio 0 RTP/AVP 0", "m=audio 4002/2 RTP/AVP 8")
    assert (first.port, second.port) == (0, 4002)


@pytest.mark.parametrize(
    "line",
    ["m=audio", "m=audio 4000", "m=audio x RTP/AVP 0", "m=audio 65536 RTP/AVP 0", "m=audio 400000 RTP/AVP 0", "m=audio -1 A 0"],
)
def test_a_damaged_section_is_passed_over(line: str) -> None:
    assert [found.port for found in parse(line, "a=sendonly", "m=audio 4002 RTP/AVP 0")] == [4002]


def test_damaged_lines_are_passed_over() -> None:
    found = audio(
        "m=audio 4000 RTP/AVP 0 x 999 128 96 -1", "c=IN IP4", "c=IN IP4 300.1.1.1", "c=IN IP4 192.0.2.9", "a=rtpmap:96", "a=rtpmap:x y",
        "a=rtpmap:300 A/8000", "a=rtpmap:96 A/b", "a=rtpmap: 96 GOOD/8000", "a=fmtp:", "nonsense", "a=sendonly-ish",
    )  # fmt: skip
    assert found.host == b"\xc0\x00\x02\x09"
    assert found.encodings == {0: Encoding("PCMU", 8000), 96: Encoding("GOOD", 8000)}
    assert found.direction == "sendrecv"


@pytest.mark.parametrize(
    ("protocol", "encrypted"),
    [
        ("RTP/AVP", False),
        ("RTP/AVPF", False),
        ("RTP/SAVP", True),
        ("rtp/savpf", True),
        ("UDP/TLS/RTP/SAVPF", True),
        ("udptl", False),
    ],
)
def test_srtp_is_known_by_its_profile(protocol: str, encrypted: bool) -> None:
    assert audio(f"m=audio 4000 {protocol} 0").encrypted is encrypted


@pytest.mark.parametrize("line", ["a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc", "a=fingerprint:sha-256 AA:BB"])
def test_keys_within_a_plain_profile_are_noticed(line: str) -> None:
    assert audio(AUDIO, line).keyed
    assert not audio(AUDIO, line).encrypted
    assert audio(AUDIO, session=(*SESSION, line)).keyed
    assert not audio(AUDIO).keyed


def test_what_is_no_description_is_an_sdp_error() -> None:
    for body in (b"", b"m=audio 4000 RTP/AVP 0", b"\r\n\r\n\r\n\r\nv=0", b"<xml/>", b"v=0\r\n" + b"a=x\r\n" * sdp.MAX_LINES):
        with pytest.raises(sdp.SdpError):
            sdp.parse(body)
    assert sdp.parse(b"v=0\r\n") == ()


BODY = "".join(line + "\r\n" for line in (*SESSION, AUDIO)).encode()


def multipart(boundary: str, end: str = "\r\n") -> bytes:
    described = BODY.decode().replace("\r\n", end)
    lines = [
        "preamble", f"--{boundary}", "Content-Type: application/isup", "", "binary", f"--{boundary}", "Content-Type: Application/SDP",
        "Content-Disposition: session", "", described + f"--{boundary}--", "",
    ]  # fmt: skip
    return end.join(lines).encode()


@pytest.mark.parametrize("content_type", ["application/sdp", "Application/SDP; charset=utf-8", "", "  application/sdp "])
def test_a_plain_body_is_given_back(content_type: str) -> None:
    assert sdp.body_of(content_type, BODY) == BODY


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("form", ["boundary=xyz", 'boundary="x y:z"', " Boundary = xyz ; charset=utf-8"])
def test_a_description_is_found_within_a_multipart_body(form: str, end: str) -> None:
    boundary = "x y:z" if "y:z" in form else "xyz"
    found = sdp.body_of(f"multipart/mixed;{form}", multipart(boundary, end))
    assert [media.port for media in sdp.parse(found)] == [4000]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/isup", BODY),
        ("", b"hello"),
        ("multipart/mixed", BODY),
        ("multipart/mixed;boundary=other", multipart("xyz")),
        ("multipart/mixed;boundary=xyz", b"--xyz\r\nContent-Type: text/plain\r\n\r\nhello\r\n--xyz--"),
        ("multipart/mixed;boundary=xyz", b"--xyz\r\nContent-Type: application/sdp"),
    ],
)
def test_where_there_is_no_description_nothing_is_given(content_type: str, body: bytes) -> None:
    assert sdp.body_of(content_type, body) == b""


def checked(body: bytes) -> None:
    try:
        sections = sdp.parse(body)
    except sdp.SdpError:
        return
    for media in sections:
        assert len(media.host) in (0, 4, 16)
        assert 0 <= media.port <= 65535
        assert all(0 <= number < 128 for number in media.encodings)
        assert media.direction in ("sendrecv", "sendonly", "recvonly", "inactive")
        assert media.held in (True, False)


LINES = st.sampled_from([
    *SESSION, AUDIO, "m=audio 4000/2 RTP/SAVP 0 96", "m=video 5 X 31", "a=rtpmap:96 A/8000/2", "a=rtpmap:٣ A/8000", "a=fmtp:96 ",
    "m=audio ٣٣ RTP/AVP ٣", "c=IN IP6 ::1%", "c=IN IP4 ٣.٣.٣.٣", "a=fmtp:96\tx", "a=crypto:", "m=", "c=", "a=sendonly", "\x85m=audio 1 A 0",
])  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(b"v=0\r\n".__add__)))
def test_any_bytes_give_sections_or_an_sdp_error(body: bytes) -> None:
    checked(body)


@given(st.lists(st.one_of(LINES, st.text(max_size=20)), max_size=20))
def test_any_lines_give_sections_or_an_sdp_error(lines: list[str]) -> None:
    checked("\r\n".join(["v=0", *lines]).encode("utf-8", "surrogatepass"))


@given(st.text(max_size=60) | st.text('multipar/xd;bony=" ', max_size=40), st.binary(max_size=100))
def test_any_content_type_and_body_give_bytes(content_type: str, body: bytes) -> None:
    assert sdp.body_of(content_type, body) in body or not body
    assert sdp.body_of(f'multipart/mixed;boundary="{content_type}"', body) in body


@needs.shared
@needs.program("tshark")
@pytest.mark.parametrize("name", ["ws-SIP_CALL_RTP_G711.pcap", "ws-SIP_DTMF2.pcap", "ws-sip-rtp-l16.pcap"])
def test_tshark_reads_the_same_descriptions(name: str) -> None:
    file = needs.PCAPS / name
    command = ["tshark", "-r", str(file), "-Y", "sdp && sip && udp", "-T", "fields"]
    for field in ("sdp.media.media", "sdp.media.port", "sdp.media.proto", "sdp.connection_info.address"):
        command += ["-e", field]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    dissector, found = Dissector(), []
    for link, frame, at in pcapfile.frames(file):
        datagram = dissector.dissect(link, frame, at)
        if isinstance(datagram, Datagram) and sip.looks_like_sip(datagram.payload):
            message = sip.parse(datagram.payload)
            if body := sdp.body_of(message.get("content-type"), message.body):
                media = sdp.parse(body)
                columns = [[each.kind for each in media], [str(each.port) for each in media], [each.protocol for each in media]]
                found.append("\t".join([*(",".join(column) for column in columns), host_text(media[0].host)]))
    assert found == shown.splitlines()
    assert found


def test_no_encoding_has_no_channels() -> None:
    (media,) = parse("v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 96\r\na=rtpmap:96 L16/8000/0\r\n")
    assert media.encodings[96].channels == 1


@pytest.mark.parametrize("clock", [0, 1, 7999, 192001])
def test_a_clock_that_is_none_names_no_encoding(clock: int) -> None:
    (media,) = parse(f"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 X/{clock}\r\n")
    assert set(media.encodings) == {0}


def test_sections_and_keys_are_bounded() -> None:
    keys = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJD\r\n"
    found = parse("v=0\r\nc=IN IP4 192.0.2.1\r\n" + keys * 900 + "m=audio 4000 RTP/SAVP 0\r\n" * 900)
    assert len(found) == sdp.MAX_SECTIONS
    assert {len(media.keys) for media in found} == {sdp.MAX_KEYS}
