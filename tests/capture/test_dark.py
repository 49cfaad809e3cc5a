"""What cannot be read is named: TLS where telephony is usual, once a connection, and DTLS at a call's own addresses."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from appliance.records import NotRecorded, Side
from capture import pcapfile
from capture.dark import DTLS_SRTP, MAX_CONNECTIONS, MAX_SPEAKERS, Tls, dtls_hello, is_record, server_name
from capture.effects import Close, Secrecy, Weird
from capture.frames import Address, Datagram, Dissector, Segment
from tests import needs
from tests.capture.playbook import CALL, OFFER, Stage, answered, frame, sdp
from tests.capture.rig import DESK, HANG_UP, PHONE, Rig, opened, talk

HERE, THERE = Address(b"\x0a\x00\x00\x01", 40000), Address(b"\x0a\x00\x00\x02", 5061)


def hello(name: str) -> bytes:
    """A ClientHello as OpenSSL writes it."""
    written = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), written, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return written.read()


HELLO = hello("pbx.example")


def segment(payload: bytes, source: Address = HERE, destination: Address = THERE, *, syn: bool = False) -> Segment:
    return Segment(source, destination, 1, syn, False, payload)


def dtls(kind: int) -> bytes:
    """The beginning of a DTLS handshake message."""
    return b"\x16\xfe\xfd" + bytes(8) + b"\x00\x20" + bytes([kind]) + bytes(31)


def test_a_client_hello_says_which_server_is_meant() -> None:
    assert is_record(HELLO)
    assert server_name(HELLO) == "pbx.example"
    assert server_name(HELLO[:60]) == server_name(b"\x17\x03\x03\x00\x20" + bytes(32)) == ""


@pytest.mark.parametrize(
    ("port", "name"),
    [
        (5061, "sip-tls-dark"), (5081, "sip-tls-dark"), (7443, "sip-wss-dark"), (8089, "sip-wss-dark"), (2443, "sccp-tls-dark"),
        (443, ""), (5060, ""), (993, ""),
    ],
)  # fmt: skip
def test_the_port_says_what_it_is(port: int, name: str) -> None:
    found = Tls().segment(segment(HELLO, destination=THERE._replace(port=port)))
    assert (found.name if found else "") == name


def test_a_connection_is_told_once_and_a_new_one_on_its_ports_again() -> None:
    tls = Tls()
    found = tls.segment(segment(HELLO))
    assert found is not None
    assert (found.server, found.ends) == ("pbx.example", (HERE, THERE))
    assert tls.segment(segment(b"\x16\x03\x03\x00\x50" + bytes(80), THERE, HERE)) is None
    assert tls.segment(segment(b"", syn=True)) is None
    assert tls.segment(segment(HELLO)) is not None


def test_two_hosts_that_speak_sip_are_dark_on_any_port_but_those_known_for_something_else() -> None:
    tls, odd, page = Tls(), THERE._replace(port=15061), THERE._replace(port=443)
    assert tls.segment(segment(HELLO, destination=odd)) is None
    tls.speaks(HERE)
    assert tls.segment(segment(HELLO, destination=odd)) is None
    tls.speaks(THERE)
    assert tls.segment(segment(HELLO, destination=page)) is None
    found = tls.segment(segment(HELLO, destination=odd))
    assert found is not None
    assert found.name == "sip-tls-dark"


def test_the_tables_have_bounds() -> None:
    tls = Tls()
    for number in range(MAX_CONNECTIONS + 50):
        tls.segment(segment(HELLO, HERE._replace(port=number % 60000, host=number.to_bytes(4, "big"))))
        tls.speaks(HERE._replace(host=number.to_bytes(4, "big")))
    assert len(tls._told) == MAX_CONNECTIONS
    assert len(tls._speakers) == MAX_SPEAKERS


def test_the_engine_counts_a_dark_connection_with_its_hello() -> None:
    def wire(payload: bytes) -> bytes:
        ends = IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=40000, dport=5061, flags="PA")
        return bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / ends / Raw(payload))

    rig = Rig().feed(wire(HELLO), wire(b"\x17\x03\x03\x00\x10" + bytes(16))).take()
    (weird,) = [effect for effect in rig.effects if isinstance(effect, Weird)]
    assert weird.name == "sip-tls-dark"
    assert server_name(weird.sample) == "pbx.example"


@needs.shared
def test_other_peoples_tls_is_not_told() -> None:
    dissector, tls, records = Dissector(), Tls(), 0
    for name in ("nb6-hotspot.pcap", "ndpi-http-on-sip-port.pcap", "ws-SIP_CALL_RTP_G711.pcap"):
        for link, data, at in pcapfile.frames(needs.PCAPS / name):
            found = dissector.dissect(link, data, at)
            if isinstance(found, Segment):
                records += is_record(found.payload)
                assert tls.segment(found) is None
    assert records


@given(
    st.one_of(st.binary(max_size=300), st.integers(0, 700).map(lambda end: HELLO[:end])), st.integers(0, 300), st.integers(0, 255)
)
def test_any_bytes_give_a_name_or_none(data: bytes, place: int, value: int) -> None:
    changed = data[:place] + bytes([value]) + data[place + 1 :]
    for each in (data, changed):
        assert len(server_name(each)) <= 255
        assert dtls_hello(each) in (0, 1, 2)
        Tls().segment(segment(each))


# DTLS at the addresses of a call


def test_a_fingerprint_is_said_as_dtls_srtp() -> None:
    lines = ("a=fingerprint:sha-256 AA:BB", "a=setup:actpass")
    stage = Stage()
    stage.hears(CALL.invite(sdp("198.51.100.10", 4000, *lines, protocol="UDP/TLS/RTP/SAVPF", formats="111")))
    stage.hears(CALL.response(200, sdp("192.0.2.10", 6000, *lines, protocol="UDP/TLS/RTP/SAVPF", formats="111")), by=Side.CALLED)
    stage.hears(CALL.request("BYE", sequence=2))
    stage.waits(3)
    close = stage.last(Close)
    assert (close.recordable, close.reason, close.detail) == (False, NotRecorded.ENCRYPTED, DTLS_SRTP)


def test_a_handshake_of_both_sides_at_the_audios_addresses_makes_it_secret() -> None:
    stage = Stage()
    answered(stage)
    (call,) = stage.tracker.dialogs
    assert stage.tracker.greeted(call, 2, DESK, PHONE, stage.now) == []
    assert stage.tracker.greeted(call, 1, PHONE, DESK, stage.now) == []
    assert stage.tracker.greeted(call, 2, PHONE, DESK, stage.now) == []
    first, *told = stage.tracker.greeted(call, 2, DESK, PHONE, stage.now)
    assert isinstance(first, Secrecy)
    assert (first.plain, first.at < stage.now) == (True, True)
    assert [(one.side, one.secure, one.plain) for one in told if isinstance(one, Secrecy)] == [
        (Side.CALLER, True, False), (Side.CALLED, True, False),
    ]  # fmt: skip
    assert stage.tracker.greeted(call, 2, DESK, PHONE, stage.now) == []
    stage.hears(CALL.request("INVITE", OFFER, sequence=2))
    assert (stage.last(Secrecy).secure, stage.last(Secrecy).plain) == (True, False)


def test_what_follows_the_handshake_is_known_as_srtp_and_the_reason_names_it() -> None:
    greeting = [frame(PHONE, DESK, dtls(1)), frame(DESK, PHONE, dtls(2))]
    rig = Rig().feed(*opened(), *greeting, *talk(3))
    modes = {tuple(mode.value for _, mode in stream.secrecy) for stream, _ in rig.engine.take_streams(rig.at)}
    assert modes == {("plain", "secure")}
    rig.feed(*HANG_UP).wait(3)
    (close,) = [effect for effect in rig.effects if isinstance(effect, Close)]
    assert (close.recordable, close.reason, close.detail) == (True, NotRecorded.ENCRYPTED, DTLS_SRTP)


def test_one_packet_that_looks_like_a_hello_changes_nothing() -> None:
    rig = Rig().feed(*opened(), frame(PHONE, DESK, dtls(1)), frame(PHONE, DESK, dtls(2)), *talk(3), *HANG_UP).wait(3)
    (close,) = [effect for effect in rig.effects if isinstance(effect, Close)]
    assert close.reason is not NotRecorded.ENCRYPTED
    assert not Rig().feed(frame(PHONE, DESK, dtls(1)), frame(DESK, PHONE, dtls(2))).take().effects


@needs.shared
def test_the_hellos_of_a_public_capture_are_found() -> None:
    found = []
    dissector = Dissector()
    for link, data, at in pcapfile.frames(needs.PCAPS / "ndpi-stun-dtls-rtp.pcapng"):
        held = dissector.dissect(link, data, at)
        if isinstance(held, Datagram) and (kind := dtls_hello(held.payload)):
            found.append(kind)
    assert {1, 2} <= set(found)
