"""Skinny in every version's layout: what is read is what was written, and what tshark reads of the same bytes."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import pcapfile, sccp
from capture.frames import Address, Dissector, Segment, host_text
from capture.payloads import Encoding
from capture.sccp_codes import FROM_PHONE, OUTBOUND, CallState, Id
from capture.sdp import SrtpKey
from capture.tcp import Streams
from tests import needs
from tests.bed import skinny as made
from tests.bed.made import write_pcap
from tests.bed.skinny import MANAGER, PHONES, SkinnyCall
from tests.capture.test_tcp import segment
from tests.capture.test_websocket import GET
from tests.fakes.clock import START

VERSIONS = [0, 3, 8, 11, 15, 16, 17, 18, 20, 22]
V4, V6 = Address(bytes([10, 1, 2, 3]), 24576), Address(bytes.fromhex("20010db8") + bytes(11) + b"\x07", 24578)
TALK = [data for *_, data in SkinnyCall().script()] + [made.REGISTER, made.KEEP_ALIVE]


def addresses(version: int) -> list[Address]:
    return [V4, V6] if version >= made.WIDE else [V4]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("variable", [False, True])
def test_who_calls_whom_is_read_in_either_form(version: int, variable: bool) -> None:
    data = made.info(
        "0312345678", "1002", kind=OUTBOUND, reference=9, version=version, calling_name="高橋".encode(), called_name=b"Desk",
        original=b"1000", hidden=2, variable=variable,
    )  # fmt: skip
    found = sccp.parse(data)
    assert isinstance(found, sccp.Info)
    assert (found.calling, found.called, found.original, found.reference) == (b"0312345678", b"1002", b"1000", 9)
    assert (found.calling_name.decode(), found.called_name, found.kind, found.hidden) == ("高橋", b"Desk", OUTBOUND, 2)


@pytest.mark.parametrize("version", VERSIONS)
def test_addresses_and_codecs_are_read_in_every_version(version: int) -> None:
    for address in addresses(version):
        sending = sccp.parse(made.send(7, address, made.PCMA, 9, version))
        assert isinstance(sending, sccp.Send)
        assert (sending.address, sending.reference, sending.party) == (address, 9, 7)
        assert sending.encodings == {8: Encoding("PCMA", 8000), 101: Encoding("TELEPHONE-EVENT", 8000)}
        for ack in (made.receive_ack(address, 7, 9, version), made.sending_ack(address, 7, 9, version)):
            found = sccp.parse(ack)
            assert isinstance(found, sccp.Ack)
            assert (found.address, found.reference, found.party) == (address, 9, 7)
    receiving = sccp.parse(made.receive(7, 86, 9, version, chosen=116, events=0))
    assert isinstance(receiving, sccp.Receive)
    assert (receiving.encodings, receiving.secret) == ({116: Encoding("ILBC", 8000)}, False)
    assert sccp.parse(made.state(CallState.RING_IN, 9, version)) == sccp.State(Id.CALL_STATE, 9, 4, 1)
    assert sccp.parse(made.dialed("1002", 9, version)) == sccp.Dialed(Id.DIALED, 9, b"1002")
    assert sccp.parse(made.key(14, 9, version)) == sccp.Pressed(Id.KEYPAD, 9, 14)


def test_a_phone_that_writes_new_addresses_under_an_old_version_is_understood() -> None:
    for data in (made.receive_ack(V6, 7, 9, 22), made.sending_ack(V6, 7, 9, 22)):
        found = sccp.parse(data[:4] + bytes(4) + data[8:])
        assert isinstance(found, sccp.Ack)
        assert found.address == V6


def test_a_refusal_has_no_address_and_an_old_answer_no_reference() -> None:
    refused = sccp.parse(made.receive_ack(V4, 7, 9, 17, status=1))
    assert isinstance(refused, sccp.Ack)
    assert refused.address is None
    old = made.message(Id.RECEIVE_ACK, made.numbers(0) + V4.host + made.numbers(V4.port, 7))
    assert sccp.parse(old) == sccp.Ack(Id.RECEIVE_ACK, 0, 7, V4)


def test_keys_of_srtp_are_read() -> None:
    key = bytes(range(30))
    found = sccp.parse(made.send(7, V4, made.PCMU, 9, 17, key=key))
    assert isinstance(found, sccp.Send)
    assert found.secret
    assert found.keys == (SrtpKey("AES_CM_128_HMAC_SHA1_80", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"),)
    odd = bytearray(made.receive(7, made.PCMU, 9, 17, key=key))
    odd[12 + 28] = 4  # F8, which nothing here opens
    other = sccp.parse(bytes(odd))
    assert isinstance(other, sccp.Receive)
    assert (other.secret, other.keys) == (True, ())


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "sccp-length"),
        (made.KEEP_ALIVE + b"x", "sccp-length"),
        (made.KEEP_ALIVE[:-1], "sccp-length"),
        (b"INVITE sip:a SIP/2.0\r\n\r\n", "sccp-head"),
        (made.message(5000, b""), "sccp-head"),
        (made.message(1, b"", version=99), "sccp-head"),
        (made.message(Id.CALL_STATE, b"\x04"), "sccp-short"),
        (made.message(Id.START_SENDING, bytes(20), 17), "sccp-short"),
    ],
)
def test_what_is_no_skinny_message_says_why(data: bytes, name: str) -> None:
    with pytest.raises(sccp.SccpError) as caught:
        sccp.parse(data)
    assert caught.value.name == name


# Streams


@given(st.lists(st.sampled_from(TALK), min_size=1, max_size=12), st.lists(st.integers(0, 3000), max_size=20))
def test_a_stream_whole_or_byte_by_byte_or_in_any_pieces_gives_the_same_messages(messages: list[bytes], places: list[int]) -> None:
    data = b"".join(messages)
    edges = [0, *sorted({place for place in places if place < len(data)}), len(data)]
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))], [data[a:b] for a, b in pairwise(edges)]):
        reader = sccp.Messages()
        assert [message for piece in pieces for message in reader.feed(piece)] == messages
        assert (reader.pending, reader.plausible, reader.weirds) == (0, True, [])


def test_a_stream_that_is_none_any_more_ends_and_is_counted_if_it_was_one() -> None:
    reader = sccp.Messages()
    assert reader.feed(TALK[0] + b"no more of it") == TALK[:1]
    assert (reader.plausible, [name for name, _ in reader.weirds]) == (False, ["sccp-head"])
    other = sccp.Messages()
    assert other.feed(b"SSH-2.0-OpenSSH") == []
    assert (other.plausible, other.weirds) == (False, [])


def heard(data: bytes, port: int, size: int = 1400) -> list[bytes]:
    streams = Streams()
    return [
        framed.data for place in range(0, len(data), size)
        for framed in streams.segment(segment(place, data[place : place + size], ports=(40000, port)), 0)
    ]  # fmt: skip


def test_on_its_port_its_form_suffices_and_on_others_it_must_speak_of_a_call() -> None:
    assert heard(made.REGISTER + made.KEEP_ALIVE, 2000, 5) == [made.REGISTER, made.KEEP_ALIVE]
    assert heard(made.REGISTER + made.KEEP_ALIVE, 3000) == []
    ring = made.state(CallState.RING_IN, 9, 17)
    assert heard(ring + made.info("1", "2", kind=1, reference=9, version=17), 3000)[0] == ring
    for odd in (bytes(60), made.KEEP_ALIVE * 3, made.state(CallState.RING_IN, 0, 17), made.state(200, 9, 17), GET, b"SSH-2.0-x"):
        assert heard(odd, 3000) == []


@needs.shared
def test_only_skinny_connections_of_public_captures_are_taken_for_it() -> None:
    found = {}
    for path in sorted(needs.PCAPS.glob("*.pcap*")):
        dissector, streams = Dissector(), Streams()
        messages = []
        for link, frame, at in pcapfile.frames(path):
            try:
                carried = dissector.dissect(link, frame, at)
            except ValueError:
                continue
            if isinstance(carried, Segment):
                messages += [framed.data for framed in streams.segment(carried, at) if sccp.is_whole(framed.data)]
        if messages:
            found[path.name] = [sccp.parse(data).id for data in messages]
    assert found == {"ndpi-sccp-register.pcapng": [0x01, 0x02, 0x81, 0x9B, 0x2C, 0x0F, 0x10, 0x98]}


# The second opinion

FIELDS = (
    "frame.number", "skinny.messageId", "skinny.callReference", "skinny.callState", "skinny.remoteIpAddr.ipv4",
    "skinny.remoteIpAddr.ipv6", "skinny.remotePortNumber", "skinny.ipAddr.ipv4", "skinny.ipAddr.ipv6", "skinny.portNumber",
    "skinny.callingParty", "skinny.calledParty", "skinny.callingPartyName", "skinny.dialedNumber", "_ws.malformed",
)  # fmt: skip


@needs.program("tshark")
@pytest.mark.parametrize("version", [0, 10, 11, 15, 16, 17, 18, 20, 22])
def test_tshark_reads_the_same(version: int, tmp_path: Path) -> None:
    call = SkinnyCall(version=version, names=(b"Takahashi", b"Desk"), talk=0.1)
    data = [line[3] for line in call.script()]
    if version >= made.WIDE:
        data += [made.send(5, V6, made.PCMU, 71, version), made.receive_ack(V6, 5, 71, version)]
    connections = made.Connections()
    frames = []
    for number, each in enumerate(data):
        ends = (PHONES[0], MANAGER) if sccp.parse(each).id in FROM_PHONE else (MANAGER, PHONES[0])
        frames.append(pcapfile.Captured(1, connections.carry(*ends, each), START + number))
    wanted = [word for field in FIELDS for word in ("-e", field)]
    file = write_pcap(tmp_path / "skinny.pcap", frames)
    words = ["tshark", "-r", str(file), "-Y", "skinny", "-T", "fields", *wanted]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(said) == len(data)
    for line, each in zip(said, data, strict=True):
        told = dict(zip(FIELDS, line.split("\t"), strict=True))
        found = sccp.parse(each)
        assert not told["_ws.malformed"], found
        assert int(told["skinny.messageId"], 0) == found.id
        assert int(told["skinny.callReference"] or 0) == found.reference
        if isinstance(found, sccp.State):
            assert int(told["skinny.callState"], 0) == found.state
        elif isinstance(found, sccp.Info):
            assert told["skinny.callingParty"] == found.calling.decode()
            assert told["skinny.calledParty"] == found.called.decode()
            assert told["skinny.callingPartyName"] == found.calling_name.decode() == "Takahashi"
        elif isinstance(found, sccp.Dialed):
            assert told["skinny.dialedNumber"] == found.number.decode()
        elif isinstance(found, (sccp.Send, sccp.Ack)) and found.address is not None:
            kind = "remoteIpAddr" if isinstance(found, sccp.Send) else "ipAddr"
            if found.id != Id.SENDING_ACK:  # tshark 4.0 has no names for its fields
                assert (told[f"skinny.{kind}.ipv4"] or told[f"skinny.{kind}.ipv6"]) == host_text(found.address.host)
            port = told["skinny.remotePortNumber" if isinstance(found, sccp.Send) else "skinny.portNumber"]
            assert int(port) == found.address.port


# Anything

ANY = st.one_of(
    st.binary(max_size=200),
    st.builds(made.message, st.sampled_from([*Id, 0, 5, 0x8001]), st.binary(max_size=500), st.sampled_from([0, 11, 16, 17, 22])),
    st.tuples(st.sampled_from(TALK), st.integers(0, 300), st.integers(0, 255)).map(
        lambda each: each[0][: each[1]] + bytes([each[2]]) + each[0][each[1] + 1 :]
    ),
)


@given(ANY)
def test_any_bytes_give_a_message_or_its_own_error(data: bytes) -> None:
    sccp.begins_connection(data, usual=True)
    sccp.begins_connection(data, usual=False)
    try:
        message = sccp.parse(data)
    except sccp.SccpError as error:
        assert error.name.startswith("sccp-")
        return
    if isinstance(message, (sccp.Send, sccp.Receive)):
        assert all(0 <= number < 128 for number in message.encodings)


@given(st.lists(ANY, max_size=10))
def test_any_pieces_leave_a_bounded_rest(pieces: list[bytes]) -> None:
    reader = sccp.Messages()
    for piece in pieces:
        reader.feed(piece)
        assert reader.pending <= sccp.MAX_MESSAGE + 8
