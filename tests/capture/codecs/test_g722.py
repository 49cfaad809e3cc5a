"""G.722 keeps its state from payload to payload, gives two samples an octet, and survives what is no speech."""

from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from capture import pcapfile, rtp
from capture.codecs import g722
from capture.frames import Datagram, Dissector
from capture.payloads import Encoding
from tests import needs
from tests.bed.encode import encode
from tests.bed.payloads import payloads_of

RATE = 16000
G722 = Encoding("G722", 8000)


def tone(seconds: float = 1.0, hertz: float = 440.0) -> NDArray[np.int16]:
    moments = np.arange(round(seconds * RATE)) / RATE
    wave: NDArray[np.int16] = (10_000 * np.sin(2 * np.pi * hertz * moments)).astype(np.int16)
    return wave


def decoded(payloads: list[bytes], decoder: g722.Decoder | None = None) -> NDArray[np.int16]:
    decoder = decoder or g722.Decoder(G722)
    return np.concatenate([decoder.decode(payloads_of([payload])) for payload in payloads])


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[place : place + size] for place in range(0, len(data), size)]


def by_ffmpeg(data: bytes) -> NDArray[np.int16]:
    decoder = av.AudioCodecContext.create("g722", "r")
    return np.concatenate([frame.to_ndarray().ravel() for frame in decoder.decode(av.Packet(data))])


def level(samples: NDArray[np.int16], hertz: float) -> float:
    """Amplitude at this frequency."""
    moments = np.arange(len(samples)) / RATE
    return float(2 * np.abs(np.mean(samples * np.exp(-2j * np.pi * hertz * moments))))


@pytest.mark.parametrize("size", [1, 80, 160, 161, 9999])
def test_payloads_of_any_size_decode_as_one_stream(size: int) -> None:
    data = encode(tone(), RATE, "G722")
    assert np.array_equal(decoded(cut(data, size)), by_ffmpeg(data))


@pytest.mark.parametrize("hertz", [300.0, 1000.0, 3400.0, 6000.0])
def test_a_wideband_tone_comes_back_at_its_level(hertz: float) -> None:
    """6 kHz is beyond what G.711 carries."""
    found = decoded(cut(encode(tone(1.0, hertz), RATE, "G722"), 160))
    assert len(found) == RATE
    assert level(found[1600:-1600], hertz) == pytest.approx(10_000, rel=0.1)


def test_an_octet_is_one_unit_of_the_clock_and_two_samples() -> None:
    payloads = payloads_of([bytes(160), bytes(80), b"", bytes(1)])
    assert g722.units(payloads, G722).tolist() == [160, 80, 0, 1]
    assert len(g722.Decoder(G722).decode(payloads)) == 482


def test_an_empty_payload_is_silence_of_no_length_and_not_the_end() -> None:
    data = encode(tone(), RATE, "G722")
    decoder = g722.Decoder(G722)
    first, nothing, rest = (decoded([part], decoder) for part in (data[:160], b"", data[160:]))
    assert len(nothing) == 0
    assert np.array_equal(np.concatenate([first, rest]), by_ffmpeg(data))


@needs.shared
def test_a_public_stream_is_speech() -> None:
    """108 s of music: loud, without clipping, and most of it below 4 kHz."""
    dissector, payloads = Dissector(), []
    for link, frame, at in pcapfile.frames(needs.PCAPS / "sipp-scen-g722.pcap"):
        found = dissector.dissect(link, frame, at)
        assert isinstance(found, Datagram)
        payloads.append(rtp.parse(found.payload).payload)
    samples = decoded(payloads)
    assert len(samples) == 2 * sum(map(len, payloads))
    spectrum = np.abs(np.fft.rfft(samples[: 60 * RATE].astype(float))) ** 2
    assert spectrum[: len(spectrum) // 2].sum() > 0.9 * spectrum.sum()
    assert 500 < np.sqrt(np.mean(samples.astype(float) ** 2)) < 20_000
