"""G.729: 10 octets are 10 ms; a silence description of 2 octets (Annex B) is 10 ms of silence, alone or behind a frame."""

from __future__ import annotations

import numpy as np

from capture import pcapfile, rtp
from capture.codecs import g729
from capture.frames import Datagram, Dissector
from capture.payloads import Encoding
from tests import needs
from tests.bed.coders import CODERS, GAPS
from tests.bed.payloads import payloads_of

G729 = Encoding("G729", 8000)


def test_frames_and_silence_descriptions_are_counted() -> None:
    payloads = payloads_of([bytes(size) for size in (10, 20, 12, 2, 0, 1, 13)])
    assert g729.units(payloads, G729).tolist() == [80, 160, 160, 80, 0, 0, 80]


def test_a_description_of_silence_is_silence_and_speech_goes_on_behind_it() -> None:
    (annex_b,) = GAPS
    moments = np.arange(24000) / 8000
    speech = (8000 * np.sin(2 * np.pi * 300 * moments) * (moments % 1.5 < 0.9)).astype(np.int16)
    payloads = CODERS[annex_b][1](speech)
    assert {len(payload) for payload in payloads} >= {20, 2, 0}, "the encoder described silence, and then sent nothing"
    decoder, pieces = g729.Decoder(annex_b), []
    for payload in payloads:
        piece = decoder.decode(payloads_of([payload]))
        pieces.append(np.pad(piece, (0, 160 - len(piece))))
        if len(payload) == 2:
            assert not piece.any()
    found = np.concatenate(pieces)
    assert found[1000:6000].std() > 3000
    assert found[8400:11000].std() < 200
    assert found[14000:18000].std() > 3000, "the second stretch of speech is heard"


@needs.shared
def test_a_public_stream_is_speech() -> None:
    dissector, payloads = Dissector(), []
    for link, frame, at in pcapfile.frames(needs.PCAPS / "ws-sip-rtp-g729a.pcap"):
        found = dissector.dissect(link, frame, at)
        if isinstance(found, Datagram) and found.payload[:2] in (b"\x80\x12", b"\x80\x92"):
            payloads.append(rtp.parse(found.payload).payload)
    samples = g729.Decoder(G729).decode(payloads_of(payloads))
    assert len(payloads) == 425
    assert len(samples) == 425 * 160
    assert 300 < samples.astype(float).std() < 10_000
