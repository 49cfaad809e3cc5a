"""AMR in RTP: both packings of RFC 4867, several frames a payload, checksums, sorted octets, interleaving and several channels."""

from __future__ import annotations

import numpy as np
import pytest

from capture.codecs import amr
from capture.payloads import Encoding
from tests.bed.coders import amr_interleaved, amr_payload, amr_wideband
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


@pytest.mark.parametrize("name", ["AMR", "AMR-WB"])
@pytest.mark.parametrize("together", [1, 2, 5])
@pytest.mark.parametrize(
    "parameters", ["crc=1", "robust-sorting=1", "octet-align=1; crc=1;robust-sorting=1", "octet-align=0; CRC = 1"]
)
def test_checksums_and_sorted_octets_change_nothing_of_the_sound(name: str, together: int, parameters: str) -> None:
    frames = mixed(name)
    groups = [frames[begin : begin + together] for begin in range(0, len(frames), together)]
    checked, by_octets = "crc" in parameters.lower(), "robust" in parameters
    payloads = [amr_payload(name, group, aligned=True, checked=checked, by_octets=by_octets) for group in groups]
    rate = amr.sample_rate(Encoding(name, 0))
    encoding = Encoding(name, rate, 1, parameters)
    assert amr.units(payloads_of(payloads), encoding).tolist() == [rate // 50 * len(group) for group in groups]
    assert np.array_equal(amr.Decoder(encoding).decode(payloads_of(payloads)), plainly(name, frames))


@pytest.mark.parametrize("sorting", ["", ";robust-sorting=1"])
@pytest.mark.parametrize(("rounds", "each"), [(1, 3), (2, 1), (2, 3), (4, 5), (16, 2)])
def test_interleaved_frames_are_heard_in_their_order(rounds: int, each: int, sorting: str) -> None:
    """A payload is stamped with the time of its first frame: each lasts until the next, and the last one until the next group."""
    frames = mixed("AMR-WB")
    frames = frames[: len(frames) // (rounds * each) * rounds * each]
    payloads = amr_interleaved("AMR-WB", frames, rounds, each, by_octets=bool(sorting))
    encoding = Encoding("AMR-WB", 16000, 1, f"interleaving={rounds * each}{sorting}")
    lasting = [320] * (rounds - 1) + [320 * (rounds * each - rounds + 1)]
    assert amr.units(payloads_of(payloads), encoding).tolist() == lasting * (len(payloads) // rounds)
    decoder = amr.Decoder(encoding)
    found = np.concatenate([decoder.decode(payloads_of(part)) for part in (payloads[:5], payloads[5:])])
    assert np.array_equal(found, plainly("AMR-WB", frames))


def test_a_lost_payload_of_an_interleaved_group_costs_its_own_frames() -> None:
    frames = amr_wideband(TONE)[:36]
    payloads = amr_interleaved("AMR-WB", frames, 3, 4)
    decoder = amr.Decoder(Encoding("AMR-WB", 16000, 1, "interleaving=12"))
    found = [decoder.decode(payloads_of(part)) for part in (payloads[:4], payloads[5:])]
    heard = np.concatenate([found[0], np.zeros(320, np.int16), found[1]]).reshape(36, 320)
    assert [place for place in range(36) if not heard[place].any()] == [13, 16, 19, 22]


@pytest.mark.parametrize("aligned", [True, False])
def test_several_channels_are_averaged(aligned: bool) -> None:
    """Two speakers, block by block: left, right, left, right (RFC 4867 §4.1)."""
    left, right = amr_wideband(TONE), amr_wideband(TONE[::-1] // 2)
    pairs = [list(pair) for pair in zip(left, right, strict=True)]
    payloads = payloads_of(
        [amr_payload("AMR-WB", one + other, aligned=aligned) for one, other in zip(pairs[::2], pairs[1::2], strict=False)]
    )
    encoding = Encoding("AMR-WB", 16000, 2, "octet-align=1" if aligned else "")
    assert set(amr.units(payloads, encoding).tolist()) == {640}
    found = amr.Decoder(encoding).decode(payloads).astype(int)
    expected = (plainly("AMR-WB", left).astype(int) + plainly("AMR-WB", right))[: len(found)] / 2
    assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize(
    ("encoding", "payload"),
    [
        (Encoding("AMR", 8000, 2), b"\xf7\x80"),
        (Encoding("AMR", 8000, 7), b"\xf7\x80"),
        (Encoding("AMR", 8000, 1, "interleaving=4"), b"\xf0\x12\x7c"),
        (Encoding("AMR", 8000, 1, "interleaving=4"), b"\xf0\x30\xfc\x7c"),
        (Encoding("AMR", 8000, 1, "interleaving=4"), b"\xf0"),
        (Encoding("AMR", 8000, 1, "crc=1"), b"\xf0\x3c" + bytes(31)),
    ],
    ids=["half a block", "too many channels", "no payload of its group", "too large a group", "cut", "no checksum"],
)
def test_a_payload_that_breaks_its_packing_is_none(encoding: Encoding, payload: bytes) -> None:
    assert amr.units(payloads_of([payload]), encoding).tolist() == [0]
    assert len(amr.Decoder(encoding).decode(payloads_of([payload]))) == 0


def mixed(name: str) -> list[bytes]:
    """A tone in frames of several lengths, silence descriptions and lost frames among them."""
    if name == "AMR-WB":
        modes = [amr_wideband(TONE, mode) for mode in (8, 2, 0)]
        frames = [modes[place % 3][place] for place in range(len(modes[0]))]
    else:
        frames = [b"\x3c" + bytes([place]) * 31 if place % 3 else b"\x04" + bytes([place]) * 12 for place in range(50)]
    nothing = bytes([15 << 3 | 4])
    return [nothing if place % 11 == 7 else frame for place, frame in enumerate(frames)]


def plainly(name: str, frames: list[bytes]) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """The same frames, one a payload."""
    encoding = Encoding(name, amr.sample_rate(Encoding(name, 0)), 1, "octet-align=1")
    return amr.Decoder(encoding).decode(payloads_of([amr_payload(name, [frame], aligned=True) for frame in frames]))
