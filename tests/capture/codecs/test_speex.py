"""Speex: the frames of a payload are counted by their bits."""

from __future__ import annotations

import pytest

from capture import pcapfile, rtp
from capture.codecs import speex
from capture.frames import Datagram, Dissector
from capture.payloads import Encoding
from tests import needs
from tests.bed.payloads import payloads_of

NARROW = {1: 43, 2: 119, 3: 160, 4: 220, 5: 300, 6: 364, 7: 492, 8: 79}


def bits(*parts: str) -> bytes:
    """Octets of these bits; what is left of the last is a terminator, a zero and ones, as the encoder fills it."""
    text = "".join(parts)
    rest = -len(text) % 8
    text += ("0" + "1" * 8)[:rest]
    return bytes(int(text[place : place + 8], 2) for place in range(0, len(text), 8))


def narrow(submode: int) -> str:
    return "0" + f"{submode:04b}" + "0" * (NARROW[submode] - 5)


def wide(submode: int, length: int) -> str:
    return "1" + f"{submode:03b}" + "0" * (length - 4)


@pytest.mark.parametrize("submode", NARROW)
@pytest.mark.parametrize("frames", [1, 2, 3])
def test_narrowband_frames_are_counted(submode: int, frames: int) -> None:
    assert speex.count(bits(*[narrow(submode)] * frames)) == frames


def test_layers_above_a_frame_belong_to_it() -> None:
    one = [narrow(5), wide(3, 192)]
    assert speex.count(bits(*one)) == 1
    assert speex.count(bits(*one, wide(1, 36))) == 1
    assert speex.count(bits(*one, *one)) == 2


def test_a_terminator_and_what_is_too_short_end_the_count() -> None:
    assert speex.count(bits(narrow(3), "01111", "0" * 300)) == 1
    assert speex.count(bits(narrow(7))[:-1]) == 0
    assert speex.count(b"") == 0
    assert speex.count(bits(wide(1, 36), narrow(3))) == 0, "a layer above nothing"


def test_an_odd_clock_is_narrowband() -> None:
    assert speex.sample_rate(Encoding("SPEEX", 44100)) == 8000
    assert [speex.sample_rate(Encoding("SPEEX", rate)) for rate in (8000, 16000, 32000)] == [8000, 16000, 32000]


def test_more_frames_in_a_payload_are_decoded_in_full() -> None:
    encoding = Encoding("SPEEX", 8000)
    one, two = bits(narrow(3)), bits(narrow(3), narrow(3))
    assert speex.units(payloads_of([one, two, one]), encoding).tolist() == [160, 320, 160]
    assert len(speex.Decoder(encoding).decode(payloads_of([one, two, one]))) == 640


@needs.shared
def test_public_streams_are_a_frame_a_payload() -> None:
    dissector, sizes = Dissector(), set()
    for link, frame, at in pcapfile.frames(needs.PCAPS / "ws-sip-rtp-speex.pcap"):
        found = dissector.dissect(link, frame, at)
        if isinstance(found, Datagram) and found.payload[:1] == b"\x80" and found.payload[1] & 127 == 99:
            payload = rtp.parse(found.payload).payload
            sizes.add(len(payload))
            assert speex.count(payload) == 1
    assert sizes == {28, 42, 47}, "narrowband, wideband, ultra-wideband"
