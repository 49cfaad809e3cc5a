"""Opus: how long a packet lasts is read from its first octet, as RFC 6716 §3.1 lays it out."""

from __future__ import annotations

import pytest

from capture import pcapfile, rtp
from capture.codecs import opus
from capture.frames import Datagram, Dissector
from capture.payloads import Encoding
from tests import needs
from tests.bed.payloads import payloads_of

OPUS = Encoding("OPUS", 48000, 2)
MILLISECONDS = {
    **{config: (10, 20, 40, 60)[config % 4] for config in range(12)},
    **{config: (10, 20)[config % 2] for config in range(12, 16)},
    **{config: (2.5, 5, 10, 20)[config % 4] for config in range(16, 32)},
}
"""RFC 6716, table 2."""


@pytest.mark.parametrize("config", MILLISECONDS)
def test_every_configuration_lasts_as_the_table_says(config: int) -> None:
    one, two = bytes([config << 3, 1, 2]), bytes([config << 3 | 1, 1, 2])
    assert opus.lasting(one) == MILLISECONDS[config] * 48
    assert opus.lasting(two) == 2 * MILLISECONDS[config] * 48
    assert opus.lasting(bytes([config << 3 | 2, 1, 2])) == 2 * MILLISECONDS[config] * 48
    assert opus.lasting(bytes([config << 3 | 4, 1, 2])) == opus.lasting(one), "stereo lasts as long"


def test_any_number_of_frames_up_to_120_ms() -> None:
    assert [opus.lasting(bytes([1 << 3 | 3, count])) for count in (0, 1, 6, 7, 63)] == [0, 960, 5760, 0, 0]
    assert opus.lasting(bytes([3])) == 0
    assert opus.lasting(b"") == 0


@pytest.mark.parametrize("size", [0, 1])
def test_a_packet_of_nothing_is_concealed_or_nothing(size: int) -> None:
    payloads = payloads_of([b"\x08"[:size]])
    assert len(opus.Decoder(OPUS).decode(payloads)) == 960 * size


@needs.shared
def test_a_public_stream_is_as_long_as_its_timestamps_say() -> None:
    dissector, packets = Dissector(), []
    for link, frame, at in pcapfile.frames(needs.PCAPS / "ast-opus-48k-fec.pcapng"):
        found = dissector.dissect(link, frame, at)
        if isinstance(found, Datagram):
            packets.append(rtp.parse(found.payload))
    payloads = payloads_of([packet.payload for packet in packets])
    units = opus.units(payloads, OPUS)
    assert units[:-1].sum() == packets[-1].timestamp - packets[0].timestamp
    assert len(opus.Decoder(OPUS).decode(payloads)) == units.sum()
