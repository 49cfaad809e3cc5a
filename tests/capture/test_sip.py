"""SIP messages as they are found on the wire: the grammar's corners are read, and no bytes raise anything but SipError."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import pcapfile, sip
from capture.frames import Datagram, Dissector
from capture.sip import NameAddress, Uri, name_address, split_values, uri
from tests import needs

INVITE = b"INVITE sip:0312345678@192.0.2.1 SIP/2.0\r\n"
TORTURE = sorted((needs.PCAPS / "torture" / "rfc4475").glob("*.dat")) if needs.PCAPS.is_dir() else []


def message(*lines: bytes, start: bytes = INVITE, body: bytes = b"") -> sip.Message:
    return sip.parse(start + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body)


def parsed(data: bytes) -> sip.Message | None:
    try:
        return sip.parse(data)
    except sip.SipError as error:
        assert error.name
        return None


def test_a_request_and_a_response_are_told_apart() -> None:
    request = message(b"Call-ID: a@b", b"CSeq: 7 INVITE")
    assert (request.is_request, request.method, request.uri, request.status) == (True, "INVITE", "sip:0312345678@192.0.2.1", 0)
    response = message(b"Call-ID: a@b", b"CSeq: 7 INVITE", start=b"SIP/2.0 183 Session Progress\r\n")
    assert (response.is_request, response.method, response.uri) == (False, "INVITE", "")
    assert (response.status, response.reason, response.sequence, response.call_id) == (183, "Session Progress", 7, "a@b")


@pytest.mark.parametrize(("short", "full"), sorted(sip.COMPACT.items()))
def test_a_compact_name_means_its_header(short: str, full: str) -> None:
    assert message(f"{short}: value".encode()).get(full) == "value"
    assert message(f"{short.upper()} : value".encode()).get(full) == "value"


def test_the_compact_names_that_ntt_uses_are_known() -> None:
    lines = [b"v:1", b"f:2", b"t:3", b"i:4", b"m:5", b"s:6", b"l:7", b"c:8", b"k:9", b"x:10"]
    names = ["via", "from", "to", "call-id", "contact", "subject", "content-length", "content-type", "supported", "session-expires"]
    assert message(*lines).headers == tuple((name, str(place)) for place, name in enumerate(names, start=1))


def test_names_are_read_in_any_case_and_values_keep_theirs() -> None:
    found = message(b"CALL-id:  AbC@Host ", b"fRoM:<sip:A@b>;tag=X")
    assert (found.call_id, found.get("from")) == ("AbC@Host", "<sip:A@b>;tag=X")


def test_folded_lines_are_one_value() -> None:
    found = message(b"Subject: first", b"  second", b"\tthird", b"CSeq: 9", b" INVITE")
    assert found.get("subject") == "first second third"
    assert (found.sequence, len(found.headers)) == (9, 2)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_line_ends_may_be_any_of_the_three(end: bytes) -> None:
    data = end.join([b"INVITE sip:a@b SIP/2.0", b"Call-ID: x", b"Content-Length: 4", b"", b"body"])
    found = sip.parse(data)
    assert (found.method, found.call_id, found.body) == ("INVITE", "x", b"body")


def test_blank_lines_before_a_message_are_passed_over() -> None:
    found = sip.parse(b"\r\n\r\n" + INVITE + b"i: x\r\n\r\n")
    assert found.call_id == "x"
    assert found.raw.startswith(b"INVITE")


def test_what_lies_behind_content_length_is_cut_off() -> None:
    found = message(b"Content-Length: 4", body=b"bodyrubbish")
    assert found.body == b"body"
    assert found.raw.endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize("length", [b"", b"9999", b"-5", b"four", b"4, 4", b"99999999999999999999"])
def test_a_content_length_that_says_nothing_usable_leaves_the_whole_body(length: bytes) -> None:
    assert message(b"Content-Length: " + length, body=b"whole body").body == b"whole body"


def test_a_message_that_the_network_cut_keeps_its_headers() -> None:
    assert sip.parse(INVITE + b"Call-ID: x\r\nFrom: <sip:a@").get("from") == "<sip:a@"


def test_values_in_one_header_or_in_many_are_the_same_list() -> None:
    one = message(b'Via: SIP/2.0/UDP a;branch=1, SIP/2.0/UDP "b,c"', b"v: SIP/2.0/TCP d")
    many = message(b"Via: SIP/2.0/UDP a;branch=1", b'Via: SIP/2.0/UDP "b,c"', b"Via: SIP/2.0/TCP d")
    assert one.all("via") == many.all("via") == ["SIP/2.0/UDP a;branch=1", 'SIP/2.0/UDP "b,c"', "SIP/2.0/TCP d"]
    assert one.get("via") == 'SIP/2.0/UDP a;branch=1, SIP/2.0/UDP "b,c"'
    assert one.all("route") == []


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("a, b ,c", ["a", "b", "c"]),
        ('"x, y" <sip:a@b>, <sip:c,d@e>', ['"x, y" <sip:a@b>', "<sip:c,d@e>"]),
        (r'"quote \", comma" <sip:a@b>, c', [r'"quote \", comma" <sip:a@b>', "c"]),
        (r'"ends in a backslash \\", c', [r'"ends in a backslash \\"', "c"]),
        ('"never closed, c', ['"never closed, c']),
        (",, a,,", ["a"]),
        ("", []),
    ],
)
def test_commas_in_quotes_and_brackets_part_nothing(value: str, parts: list[str]) -> None:
    assert split_values(value) == parts


@pytest.mark.parametrize(
    ("value", "name", "address", "parameters"),
    [
        ('"高橋 太郎" <sip:201@192.0.2.1>;tag=a', "高橋 太郎", Uri("sip", "201", "192.0.2.1", None), {"tag": "a"}),
        (r'"A \"B\" \\ C"<sip:1@h>', 'A "B" \\ C', Uri("sip", "1", "h", None), {}),
        ('"a <b> ; c, d" <sip:1@h>', "a <b> ; c, d", Uri("sip", "1", "h", None), {}),
        ("Coin line/payphone <sip:anonymous@anonymous.invalid>", "Coin line/payphone",
         Uri("sip", "anonymous", "anonymous.invalid", None), {}),
        ("caller<sip:1@h>;tag=323", "caller", Uri("sip", "1", "h", None), {"tag": "323"}),
        ("<sip:1@h;transport=tcp>;tag=1;x", "", Uri("sip", "1", "h", None), {"tag": "1", "x": ""}),
        ("sip:1@h:5070;tag=9", "", Uri("sip", "1", "h", 5070), {"tag": "9"}),
        ("<sip:1@h> ; TAG = Ab ; q=\"a;b\"", "", Uri("sip", "1", "h", None), {"tag": "Ab", "q": "a;b"}),
        ("<tel:+81-3-1234-5678;phone-context=x>;tag=2", "", Uri("tel", "+81-3-1234-5678", "", None), {"tag": "2"}),
        ("<sip:1@h", "", Uri("sip", "1", "h", None), {}),
        ('"Mr. J. User <sip:j@h>', '"Mr. J. User', Uri("sip", "j", "h", None), {}),
        ("*", "", Uri("", "", "*", None), {}),
        ("", "", Uri("", "", "", None), {}),
    ],
)  # fmt: skip
def test_names_addresses_and_parameters_are_taken_apart(value: str, name: str, address: Uri, parameters: dict[str, str]) -> None:
    assert name_address(value) == NameAddress(name, address, parameters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sip:0312345678@ntt-east.ne.jp", Uri("sip", "0312345678", "ntt-east.ne.jp", None)),
        ("SIPS:bob:secret@h:5061;lr?Route=%3Csip:x%3E", Uri("sips", "bob", "h", 5061)),
        ("sip:+81312345678;phone-context=+81@h;user=phone", Uri("sip", "+81312345678", "h", None)),
        ("sip:%75se%72@example.com", Uri("sip", "user", "example.com", None)),
        ("sip:%E9%AB%98%E6%A9%8B@h", Uri("sip", "高橋", "h", None)),
        ("sip:%93%8C%8B%9E@h", Uri("sip", "東京", "h", None)),
        ("sip:a%@h", Uri("sip", "a%", "h", None)),
        ("sip:what?,/@h?x=y", Uri("sip", "what?,/", "h", None)),
        ("sip:a@b@h", Uri("sip", "a@b", "h", None)),
        ("sip:[2001:db8::1]:5062", Uri("sip", "", "2001:db8::1", 5062)),
        ("sip:201@[2001:db8::1]", Uri("sip", "201", "2001:db8::1", None)),
        ("sip:h?Subject=x", Uri("sip", "", "h", None)),
        ("tel:+81312345678;ext=5", Uri("tel", "+81312345678", "", None)),
        ("isbn:2983792873", Uri("isbn", "", "2983792873", None)),
        ("no colon", Uri("", "", "no colon", None)),
        ("sip:", Uri("sip", "", "", None)),
    ],
)
def test_uris_are_taken_apart(text: str, expected: Uri) -> None:
    assert uri(text) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("name", ["高橋工務店", "ナンバー表示", "ﾃｽﾄ", "予約\uff5e①"])
def test_japanese_names_are_read_in_both_encodings(name: str, encoding: str) -> None:
    line = f'From: "{name}" <sip:0312345678@h>;tag=1'.encode(encoding)
    found = name_address(message(line).get("from"))
    assert (found.display_name, found.uri.user, found.parameters) == (name, "0312345678", {"tag": "1"})


def test_a_name_in_iso_2022_jp_is_known_by_its_escapes() -> None:
    line = 'From: "表示 太郎" <sip:1@h>;tag=1'.encode("iso2022_jp")
    assert name_address(message(line).get("from")).display_name == "表示 太郎"


def test_a_header_in_no_known_encoding_is_kept_byte_by_byte() -> None:
    found = message(b'From: "Caf\xe9" <sip:1@h>')
    assert name_address(found.get("from")).display_name == "Café"


def test_one_header_in_a_strange_encoding_spoils_no_other() -> None:
    found = message('Subject: "東京"'.encode("cp932"), 'From: "大阪" <sip:1@h>'.encode(), b"To: \xff\xff <sip:2@h>")
    assert found.get("subject") == '"東京"'
    assert name_address(found.get("from")).display_name == "大阪"
    assert name_address(found.get("to")).uri.user == "2"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "sip-start-line"),
        (b"\r\n\r\n", "sip-start-line"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "sip-start-line"),
        (b"INVITE sip:a@b\r\n\r\n", "sip-start-line"),
        (b"SIP/2.0 20 OK\r\n\r\n", "sip-start-line"),
        (b"INVITE sip:a@b SIP/7.0\r\n\r\n", "sip-version"),
        (b"SIP/1.0 200 OK\r\n\r\n", "sip-version"),
        (b"SIP/2.0 099 Odd\r\n\r\n", "sip-status-range"),
        (b"SIP/2.0 700 Odd\r\n\r\n", "sip-status-range"),
        (b"SIP/2.0 4294967301 Odd\r\n\r\n", "sip-status-range"),
        (b"INVITE sip:" + b"a" * 9000 + b" SIP/2.0\r\n\r\n", "sip-start-line-long"),
        (INVITE + b"x: y\r\n" * 501 + b"\r\n", "sip-headers-many"),
    ],
)
def test_what_is_no_message_has_a_name(data: bytes, name: str) -> None:
    with pytest.raises(sip.SipError) as caught:
        sip.parse(data)
    assert caught.value.name == name


@given(st.binary(max_size=400))
def test_any_bytes_give_a_message_or_a_sip_error(data: bytes) -> None:
    parsed(data)
    sip.looks_like_sip(data)


LINES = st.sampled_from([
    b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", b"i: a@b", b"CSeq: 1 INVITE", b"cseq: 99999999999 X", b"CSeq:", b": x", b"x",
    b" folded", b"\tfolded", b"From: \"\\", b"f: <<<;;;,,,", b"To: \xff\x00", b"l: 3", b"l: 99", b"Content-Length: \xd9\xa3", b"",
])  # fmt: skip
STARTS = st.sampled_from([INVITE, b"SIP/2.0 200 OK\r\n", b"SIP/2.0 200\n", b"X  sip:y  SIP/2.0 \r\n", b"\r\nBYE x SIP/2.0\r"])
ENDS = st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\n "])


@given(STARTS, st.lists(st.tuples(st.one_of(LINES, st.binary(max_size=30)), ENDS), max_size=12), st.binary(max_size=30))
def test_any_headers_behind_a_start_line_give_a_message_whose_parts_can_be_read(
    start: bytes, lines: list[tuple[bytes, bytes]], body: bytes
) -> None:
    found = sip.parse(start + b"Max-Forwards: 70\r\n" + b"".join(line + end for line, end in lines) + b"\r\n\r\n" + body)
    for name, value in found.headers:
        assert name == name.lower()
        found.all(name)
        name_address(value)
    assert -1 <= found.sequence < 10**10
    assert found.call_id == found.get("call-id")
    again = sip.parse(found.raw)
    assert (again.headers, again.body, again.status, again.uri) == (found.headers, found.body, found.status, found.uri)


@given(st.text() | st.text('<>";,\\:@?=% []+.0aé高', max_size=40))
def test_no_text_defeats_the_readers_of_values(text: str) -> None:
    assert all(part == part.strip() and part for part in split_values(text))
    assert all(key == key.lower() for key in name_address(text).parameters)
    assert (uri(text).port or 0) >= 0


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"), max_size=40))
def test_any_display_name_comes_back_from_its_quotes(name: str) -> None:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    assert name_address(f'"{escaped}" <sip:1@h>;tag=t') == NameAddress(name, Uri("sip", "1", "h", None), {"tag": "t"})


@pytest.mark.parametrize(
    ("data", "like"),
    [
        (INVITE, True),
        (b"\r\n\r\n" + INVITE, True),
        (b"SIP/2.0 100 Trying\r\n", True),
        (b"FOO sip:x SIP/2.0\r\n", True),
        (b"GET / HTTP/1.1\r\n", False),
        (b"\r\n\r\n", False),
        (b"hello", False),
        (b"INVITE sip:x\r\nSIP/2.0", False),
        (b"\x80\x00SIP/2.0 ", False),
        (b"", False),
    ],
)
def test_a_glance_tells_sip_from_the_rest(data: bytes, like: bool) -> None:
    assert sip.looks_like_sip(data) is like


@needs.shared
@pytest.mark.parametrize("file", TORTURE, ids=lambda file: file.stem)
def test_every_torture_message_gives_a_message_or_a_sip_error(file: Path) -> None:
    data = file.read_bytes()
    assert (parsed(data) is None) == (file.stem in {"badvers", "bigcode", "test"})
    for cut in range(0, len(data), 7):
        parsed(data[:cut])


@needs.shared
def test_torture_messages_say_what_rfc_4475_says_of_them() -> None:
    folder = needs.PCAPS / "torture" / "rfc4475"

    def read(name: str) -> sip.Message:
        return sip.parse((folder / f"{name}.dat").read_bytes())

    wsinv = read("wsinv")
    assert (wsinv.sequence, wsinv.call_id, len(wsinv.body)) == (9, "wsinv.ndaksdj@192.0.2.1", 150)
    assert name_address(wsinv.get("from")) == NameAddress(
        'J Rosenberg \\"', Uri("sip", "jdrosen", "example.com", None), {"tag": "98asjd8"}
    )
    assert name_address(wsinv.get("to")).parameters == {"tag": "1918181833n"}
    branches = [name_address(via).parameters["branch"] for via in wsinv.all("via")]
    assert branches == ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]
    intmeth = read("intmeth")
    assert name_address(intmeth.get("to")).display_name == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert name_address(intmeth.get("to")).uri.host == "example.com"
    assert name_address(intmeth.get("from")).parameters["fromparam''~+*_!.-%"] == "работающий"
    assert name_address(read("escnull").get("to")).uri.user == "null-\x00-null"
    assert uri(read("esc01").uri) == Uri("sip", "sips:user@example.com", "example.net", None)
    assert len(read("dblreq").body) == 0
    assert read("unreason").reason.startswith("= 2**3 * 5**2 но сто")
    assert read("longreq").sequence == 3882340


@needs.shared
@needs.program("tshark")
@pytest.mark.parametrize(
    "name", ["ws-SIP_CALL_RTP_G711.pcap", "ws-SIP_DTMF2.pcap", "suri-sip-compact-form.pcap", "aflnet-kamailio-sip-1.pcap"]
)
def test_tshark_reads_the_same_facts(name: str) -> None:
    file = needs.PCAPS / name
    fields = ["sip.Call-ID", "sip.CSeq.seq", "sip.CSeq.method", "sip.Status-Code", "sip.from.user", "sip.to.user", "sip.from.tag"]
    command = ["tshark", "-r", str(file), "-Y", "sip && udp && !icmp", "-T", "fields", "-E", "occurrence=f"]
    for field in fields:
        command += ["-e", field]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    expected = [tuple(line.split("\t")) for line in shown.splitlines()]
    dissector, found = Dissector(), []
    for link, frame, at in pcapfile.frames(file):
        datagram = dissector.dissect(link, frame, at)
        if isinstance(datagram, Datagram) and sip.looks_like_sip(datagram.payload):
            read = sip.parse(datagram.payload)
            sender, target = name_address(read.get("from")), name_address(read.get("to"))
            status = str(read.status or "")
            facts = (read.call_id, str(read.sequence), read.method, status, sender.uri.user, target.uri.user)
            found.append((*facts, sender.parameters.get("tag", "")))
    assert found == expected
    assert found
