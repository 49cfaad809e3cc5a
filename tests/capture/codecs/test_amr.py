"""AMR in RTP: both packings of RFC 4867, several frames a payload, and everything that is not understood refused."""

from __future__ import annotations

import numpy as np
import pytest

from capture.codecs import CodecError, amr
from capture.payloads import Encoding
from tests.bed.coders import amr_payload, amr_wideband
from tests.bed.payloads import payloads_of

TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)).astype(np.int16)
PACKED, ALIGNED = Encoding("AMR-WB", 16000), Encoding("AMR-WB", 16000, 1, "octet-align=1")


@pytest.mark.parametrize("mode", range(9))
@pytest.mark.parametrize("together", [1, 2, 5])
def test_both_packings_give_the_same_sound_in_every_mode(mode: int, together: int) -> None:
    frames = amr_wideband(TONE, mode)
    groups = [frames[begin : begin + together] for begin in range(0, len(frames), together)]
    packed = payloads_of([amr_payload("AMR-WB", group, aligned=False) for group in groups])
    aligned = payloads_of([amr_payload("AMR-WB", group, aligned=True) for group in groups])
    assert amr.units(packed, PACKED).tolist() == amr.units(aligned, ALIGNED).tolist() == [320 * len(group) for group in groups]
    found = amr.Decoder(PACKED).decode(packed)
    assert np.array_equal(found, amr.Decoder(ALIGNED).decode(aligned))
    assert found[4000:].std() > 2000, "a tone is not what it was made for"


@pytest.mark.parametrize(("name", "kind"), [("AMR", 8), ("AMR", 15), ("AMR-WB", 9), ("AMR-WB", 14), ("AMR-WB", 15)])
def test_silence_descriptions_and_lost_frames_are_silence(name: str, kind: int) -> None:
    encoding = Encoding(name, amr.sample_rate(Encoding(name, 0)))
    entry = f"0{kind:04b}1"
    text = "1111" + entry + "1" * (amr.BITS[name][kind] or 0)
    payload = int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8))
    found = amr.Decoder(encoding).decode(payloads_of([payload]))
    assert len(found) == encoding.clock // 50
    assert not found.any()


def test_a_frame_that_was_damaged_before_it_was_sent_is_silence() -> None:
    frames = amr_wideband(TONE)
    payloads = [amr_payload("AMR-WB", [frame], aligned=True) for frame in frames]
    payloads[20] = payloads[20][:1] + bytes([payloads[20][1] & ~4]) + payloads[20][2:]
    found = amr.Decoder(ALIGNED).decode(payloads_of(payloads))
    assert not found[20 * 320 : 21 * 320].any()
    assert found[21 * 320 :].any()


@pytest.mark.parametrize("payload", [b"", b"\xf0", b"\xf0\xbc", b"\xf7", b"\xff" * 40, b"\xf5\x40"])
def test_a_payload_that_is_none_lasts_no_time(payload: bytes) -> None:
    assert amr.units(payloads_of([payload]), PACKED).tolist() == [0]
    assert len(amr.Decoder(PACKED).decode(payloads_of([payload]))) == 0


@pytest.mark.parametrize(
    "parameters", ["crc=1", "octet-align=1; crc=1", "octet-align=1;robust-sorting=1", "octet-align=1; interleaving=5"]
)
def test_what_is_not_understood_is_refused_and_named(parameters: str) -> None:
    with pytest.raises(CodecError, match=parameters.rpartition(";")[2].strip()):
        amr.Decoder(Encoding("AMR-WB", 16000, 1, parameters)).decode(payloads_of([b"x"]))


def test_several_channels_are_refused() -> None:
    with pytest.raises(CodecError, match="several channels"):
        amr.Decoder(Encoding("AMR", 8000, 2)).decode(payloads_of([b"x"]))
