"""RTCP is taken apart as RFC 3550 and RFC 3611 draw it, and anything else is refused."""

from __future__ import annotations

import contextlib
import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import pcapfile, rtcp
from capture.frames import Datagram, Dissector, FrameError
from capture.rtcp import Block, Compound, RtcpError, SenderInfo, parse
from tests import needs
from tests.bed.reports import bye, receiver, sdes, sender, voip


def test_a_sender_report_tells_its_clock_and_what_it_receives() -> None:
    block = Block(ssrc=7, fraction=64, lost=-3, highest=0x1_0005, jitter=9, lsr=0x12345678, dlsr=65536)
    (report,) = parse(sender(1, ntp=0xAABBCCDD_EEFF0011, packets=50, blocks=[block])).reports
    assert (report.ssrc, report.blocks) == (1, (block,))
    assert report.sender == SenderInfo(ntp=0xAABBCCDD_EEFF0011, timestamp=0, packets=50, octets=0)
    assert report.sender.middle == 0xCCDDEEFF


def test_names_farewells_and_reports_come_in_one_datagram() -> None:
    found = parse(receiver(1, []) + sdes(1, "a@b") + bye(1, 2))
    assert (found.reports[0].sender, found.names, found.left) == (None, ((1, "a@b"),), (1, 2))


def test_voip_metrics_tell_what_the_telephone_makes_of_it() -> None:
    (told,) = parse(voip(1, 7, loss=26, discard=13, r=80, mos=41)).metrics
    assert (told.ssrc, told.loss_rate, told.discard_rate, told.r, told.mos_lq) == (7, 26, 13, 80, 4.1)
    (silent,) = parse(voip(1, 7, r=127, mos=127)).metrics
    assert (silent.r, silent.mos_lq) == (None, None)


def test_padding_and_other_types_are_passed_over() -> None:
    padded = b"\xa1\xcb\x00\x02" + struct.pack(">I", 5) + b"\0\0\0\x04"
    assert parse(b"\x80\xcc\x00\x02" + b"\0\0\0\1name" + padded).left == (5,)


@pytest.mark.parametrize(
    "data",
    [
     b"", b"\x80\xc9\x00", b"\x80\xc9\x00\x02\0\0\0\1", b"\x81\xc9\x00\x01\0\0\0\1", b"\x40\xc9\x00\x01\0\0\0\1",
     b"\x80\x00\x00\x01\0\0\0\1",
     b"\x82\xcb\x00\x01\0\0\0\1", b"\xa0\xc9\x00\x01\0\0\0\xff", receiver(1, []) + b"\0\0\0\0", b"\x81\xca\x00\x02\0\0\0\1\x01\xffab"],
)  # fmt: skip
def test_what_does_not_end_with_its_datagram_is_refused(data: bytes) -> None:
    with pytest.raises(RtcpError):
        parse(data)


def test_two_octets_too_many_are_forgiven() -> None:
    assert parse(receiver(1, []) + b"\0\0") == parse(receiver(1, []))


def test_encrypted_rtcp_is_refused() -> None:
    """SRTCP leaves the first eight bytes clear, and adds an index and a tag (RFC 3711 §3.4)."""
    clear = receiver(1, [Block(7, 0, 0, 0, 0, 0, 0)]) + sdes(1, "a@b")
    for index in (1, 0x7FFF):
        with pytest.raises(RtcpError):
            parse(clear[:32] + bytes(byte ^ 0x5A for byte in clear[32:]) + struct.pack(">I", 0x80000000 | index) + bytes(10))


@given(st.binary(max_size=200))
def test_any_bytes_are_rtcp_or_an_error(data: bytes) -> None:
    with contextlib.suppress(RtcpError):
        assert isinstance(parse(data), Compound)


@given(st.data())
def test_a_damaged_datagram_is_rtcp_or_an_error(data: st.DataObject) -> None:
    whole = bytearray(sender(1, blocks=[Block(7, 0, 5, 9, 0, 0, 0)]) + sdes(1, "name") + voip(1, 7) + bye(1))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RtcpError):
        parse(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@needs.shared
@needs.program("tshark")
@pytest.mark.parametrize("name", ["ndpi-rtcp-multi.pcap", "ws-SIP_CALL_RTP_G711.pcap"])
def test_tshark_reads_the_same_blocks(name: str) -> None:
    fields = ["rtcp.ssrc.cum_nr", "rtcp.ssrc.ext_high", "rtcp.ssrc.jitter"]
    shown = subprocess.run(
        ["tshark", "-r", str(needs.PCAPS / name), "-Y", "rtcp", "-T", "fields", "-E", "occurrence=a"]
        + [word for field in ("frame.number", *fields) for word in ("-e", field)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    dissector, ours = Dissector(), {}
    for number, (link, frame, at) in enumerate(pcapfile.frames(needs.PCAPS / name), 1):
        with contextlib.suppress(FrameError, RtcpError):
            one = dissector.dissect(link, frame, at)
            if isinstance(one, Datagram) and rtcp.looks_like_rtcp(one.payload):
                told = [block for report in parse(one.payload).reports for block in report.blocks]
                ours[number] = [
                    ",".join(str(value) for value in column)
                    for column in zip(*((b.lost, b.highest, b.jitter) for b in told), strict=False)
                ]
    compared = 0
    for line in shown.splitlines():
        first, *columns = line.split("\t")
        if any(columns):
            assert ours[int(first)] == columns
            compared += 1
    assert compared
