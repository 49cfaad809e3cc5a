"""A stream of the spool becomes what was said, where it was said: the same samples however the packets came, silence where none came."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.ids import CallId, SegmentId
from appliance.moments import MILLISECOND, SECOND
from appliance.records import Side
from capture import blocks
from capture.frames import Address
from capture.media import Stream
from capture.payloads import Encoding
from capture.spool import describe
from capture.voice import RUN_S, SLICE_BYTES, Survey, Voice, origin_of, seconds_of, survey
from capture.walk import STAMP
from tests.bed.coders import CODERS, amr_interleaved, amr_wideband
from tests.bed.made import tone
from tests.fakes.clock import START

PCMU, PCMA, G722 = Encoding("PCMU", 8000), Encoding("PCMA", 8000), Encoding("G722", 8000)
PTIME = 20 * MILLISECOND
UNITS = 160
FFMPEG = {"PCMU": ("pcm_mulaw", 8000), "PCMA": ("pcm_alaw", 8000)}


def packet(number: int, payload: bytes, payload_type: int = 0, *, stamp: int | None = None, delay: int = 0) -> bytes:
    """Packet `number` of a stream as it stands on the spool: captured 20 ms after the one before it, and `delay` later."""
    timestamp = number * UNITS if stamp is None else stamp
    rtp = struct.pack(">BBHII", 0x80, payload_type, number & 0xFFFF, timestamp & 0xFFFFFFFF, 7) + payload
    return STAMP.pack(START + number * PTIME + delay, len(rtp)) + rtp


def spooled(path: Path, packets: Sequence[bytes], *, encodings: dict[int, Encoding] | None = None, a_block: int = 10) -> Path:
    """A spool file with a description and these packets."""
    address = Address(bytes([10, 0, 0, 1]), 4000)
    stream = Stream(
        call=CallId("callaaaaaaaaaaaa"), segment=SegmentId("segmentaaaaaaaaa"), speaker=Side.CALLED, source=address,
        destination=address, ssrc=7, encodings=encodings if encodings is not None else {0: PCMU, 8: PCMA, 9: G722},
    )  # fmt: skip
    body = b"".join(packets)
    parts = [b"".join(packets[begin : begin + a_block]) for begin in range(0, len(packets), a_block)] if body else []
    path.write_bytes(blocks.description(describe(stream)) + b"".join(blocks.encode(blocks.PACKETS, part) for part in parts))
    return path


def spoken(path: Path, rate: int = 8000) -> NDArray[np.int16]:
    """Everything the stream says, with silence where it says nothing."""
    voice = Voice(survey(path), rate, START)
    pieces = list(voice.pieces())
    end = max((piece.start + len(piece.samples) for piece in pieces), default=0)
    out = np.zeros(end, np.int16)
    reach = 0
    for piece in pieces:
        assert piece.start >= reach, "no piece begins before the end of the one before it"
        reach = piece.start + len(piece.samples)
        out[piece.start : reach] = piece.samples
    return out


def by_ffmpeg(payloads: Sequence[bytes], codec: str) -> NDArray[np.int16]:
    name, rate = FFMPEG[codec]
    context = av.AudioCodecContext.create(name, "r")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout = rate, "mono"
    return np.concatenate([frame.to_ndarray().ravel() for frame in context.decode(av.Packet(b"".join(payloads)))]).astype(np.int16)


SPEECH = tone("PCMU", 440, 60)
WHOLE = [packet(number, payload) for number, payload in enumerate(SPEECH)]


@pytest.mark.parametrize(("codec", "number"), [("PCMU", 0), ("PCMA", 8)])
def test_a_stream_is_decoded_as_the_reference_does(tmp_path: Path, codec: str, number: int) -> None:
    payloads = tone(codec, 440, 50)
    path = spooled(tmp_path / "a.rtp", [packet(place, payload, number) for place, payload in enumerate(payloads)])
    assert np.array_equal(spoken(path), by_ffmpeg(payloads, codec))


def test_wideband_is_heard_at_its_own_rate_and_length(tmp_path: Path) -> None:
    path = spooled(tmp_path / "a.rtp", [packet(place, payload, 9) for place, payload in enumerate(tone("G722", 440, 50))])
    found = survey(path)
    assert (found.sample_rate, found.clock) == (16000, 8000)
    samples = spoken(path, 16000)
    assert len(samples) == 16000
    assert np.abs(np.fft.rfft(samples)).argmax() == 440


def test_a_survey_says_what_the_file_holds(tmp_path: Path) -> None:
    packets = [*WHOLE[:10], packet(10, b"\x01\x02\x03\x04", 101), packet(11, SPEECH[0], 8), packet(12, b"noise", 13)]
    found = survey(spooled(tmp_path / "a.rtp", packets, encodings={0: PCMU, 101: Encoding("TELEPHONE-EVENT", 8000)}))
    assert found.speaker is Side.CALLED
    assert (found.packets, found.first, found.last, found.damaged) == (13, START, START + 12 * PTIME, 0)
    assert found.payload_types == {0: 10, 101: 1, 8: 1, 13: 1}
    assert found.audio == found.decodable == {"PCMU": 10, "PCMA": 1}
    assert (found.sample_rate, found.clock) == (8000, 8000)


def test_what_nobody_described_is_named_by_its_number(tmp_path: Path) -> None:
    found = survey(
        spooled(tmp_path / "a.rtp", [packet(0, b"x" * 20, 96), packet(1, b"x" * 20, 97)], encodings={97: Encoding("EVS", 16000)})
    )
    assert found.audio == {"PT96": 1, "EVS": 1}
    assert found.decodable == {}
    assert found.sample_rate == 0


def test_a_new_description_in_the_middle_counts_for_all(tmp_path: Path) -> None:
    path = spooled(tmp_path / "a.rtp", [packet(0, SPEECH[0], 96)], encodings={})
    second = spooled(tmp_path / "b.rtp", [packet(1, SPEECH[1], 96)], encodings={96: PCMU})
    path.write_bytes(path.read_bytes() + second.read_bytes())
    assert survey(path).audio == {"PCMU": 2}


@pytest.mark.parametrize("content", [b"", b"rubbish" * 100])
def test_a_file_that_holds_nothing_says_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.rtp"
    path.write_bytes(content)
    found = survey(path)
    assert (found.packets, found.speaker, found.audio, found.damaged) == (0, None, {}, len(content))


def test_a_damaged_block_is_a_gap_and_counted(tmp_path: Path) -> None:
    path = spooled(tmp_path / "a.rtp", WHOLE)
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    found = survey(path)
    assert found.packets == len(WHOLE) - 10
    assert found.damaged > 0
    samples = spoken(path)
    assert len(samples) == len(WHOLE) * UNITS
    quiet = np.flatnonzero(np.abs(samples.reshape(-1, UNITS)).max(axis=1) == 0)
    assert len(quiet) == 10


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(1, 40))
def test_shuffled_and_doubled_packets_say_the_same(tmp_path_factory: pytest.TempPathFactory, seed: int, cut: int) -> None:
    chance = random.Random(seed)
    order = sorted(range(len(WHOLE)), key=lambda number: number + chance.uniform(0, 6))
    doubled = [WHOLE[number] for number in order for _ in range(chance.choice([1, 1, 2]))]
    folder = tmp_path_factory.mktemp("shuffled")
    expected = spoken(spooled(folder / "a.rtp", WHOLE))
    assert np.array_equal(spoken(spooled(folder / "b.rtp", doubled, a_block=cut)), expected)


@settings(max_examples=40, deadline=None)
@given(lost=st.sets(st.integers(1, len(WHOLE) - 2), max_size=30))
def test_losses_move_nothing_and_touch_nothing_and_long_ones_are_silence(
    tmp_path_factory: pytest.TempPathFactory, lost: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("thinned")
    expected = spoken(spooled(folder / "a.rtp", WHOLE)).reshape(-1, UNITS).copy()
    kept_rows = [number for number in range(len(WHOLE)) if number not in lost]
    gaps = [range(one + 1, other) for one, other in pairwise(kept_rows)]
    long = [number for gap in gaps if len(gap) > 3 for number in gap]
    kept = [piece for number, piece in enumerate(WHOLE) if number not in lost]
    path = spooled(folder / "b.rtp", kept)
    heard = spoken(path).reshape(-1, UNITS)
    assert np.array_equal(heard[kept_rows], expected[kept_rows])
    assert not heard[long].any()
    assert len(heard) == len(expected)
    voice = Voice(survey(path), 8000, START)
    list(voice.pieces())
    assert (voice.counts.packets, voice.counts.lost) == (len(kept), len(lost))


@settings(max_examples=25, deadline=None)
@given(delays=st.lists(st.integers(0, 15 * MILLISECOND), min_size=len(WHOLE), max_size=len(WHOLE)))
def test_jitter_moves_nothing(tmp_path_factory: pytest.TempPathFactory, delays: list[int]) -> None:
    folder = tmp_path_factory.mktemp("jitter")
    late = [packet(number, payload, delay=delay) for number, (payload, delay) in enumerate(zip(SPEECH, delays, strict=True))]
    samples = spoken(spooled(folder / "a.rtp", late))
    expected = spoken(spooled(folder / "b.rtp", WHOLE))
    begin = int(np.flatnonzero(samples)[0]) - int(np.flatnonzero(expected)[0])
    assert 0 <= begin <= UNITS
    assert np.array_equal(samples[begin:], expected)


def test_a_pause_is_as_long_as_it_was(tmp_path: Path) -> None:
    packets = [*WHOLE[:10], *(packet(number, SPEECH[number]) for number in range(40, 60))]
    samples = spoken(spooled(tmp_path / "a.rtp", packets)).reshape(-1, UNITS)
    assert len(samples) == 60
    loud = np.abs(samples).max(axis=1) > 0
    assert loud.tolist() == [True] * 10 + [False] * 30 + [True] * 20


def test_keys_and_comfort_noise_are_no_speech(tmp_path: Path) -> None:
    mixed = [packet(number, b"\x05\x0a\x00\xa0", 101) if number % 7 == 3 else piece for number, piece in enumerate(WHOLE)]
    path = spooled(tmp_path / "a.rtp", mixed, encodings={0: PCMU, 101: Encoding("TELEPHONE-EVENT", 8000)})
    samples = spoken(path).reshape(-1, UNITS)
    assert (np.abs(samples).max(axis=1) == 0).tolist() == [number % 7 == 3 for number in range(len(samples))]


def test_a_codec_that_changes_in_the_middle_is_followed(tmp_path: Path) -> None:
    other = tone("PCMA", 440, 60)
    packets = [*WHOLE[:30], *(packet(number, other[number], 8) for number in range(30, 60))]
    samples = spoken(spooled(tmp_path / "a.rtp", packets))
    assert np.array_equal(samples[: 30 * UNITS], by_ffmpeg(SPEECH[:30], "PCMU"))
    assert np.array_equal(samples[30 * UNITS :], by_ffmpeg(other[30:], "PCMA"))


def test_unknown_packets_among_known_ones_are_silence(tmp_path: Path) -> None:
    packets = [*WHOLE[:20], *(packet(number, b"?" * 33, 96) for number in range(20, 40)), *WHOLE[40:]]
    path = spooled(tmp_path / "a.rtp", packets)
    loud = np.abs(spoken(path).reshape(-1, UNITS)).max(axis=1) > 0
    assert loud.tolist() == [True] * 20 + [False] * 20 + [True] * 20
    assert survey(path).audio == {"PCMU": 40, "PT96": 20}


def test_a_long_stream_is_read_in_slices_and_says_the_same(tmp_path: Path) -> None:
    count = 2 * SLICE_BYTES // (UNITS + 22)
    payloads = [SPEECH[number % 50] for number in range(count)]
    path = spooled(tmp_path / "a.rtp", [packet(number, payload) for number, payload in enumerate(payloads)], a_block=50)
    assert path.stat().st_size > 2 * SLICE_BYTES
    assert np.array_equal(spoken(path), by_ffmpeg(payloads, "PCMU"))


def test_a_sequence_number_that_wraps_is_no_gap(tmp_path: Path) -> None:
    packets = [packet(number, SPEECH[number - 65500], stamp=number * UNITS) for number in range(65500, 65560)]
    voice = Voice(survey(spooled(tmp_path / "a.rtp", packets)), 8000, START + 65500 * PTIME)
    samples = np.concatenate([piece.samples for piece in voice.pieces()])
    assert np.array_equal(samples, by_ffmpeg(SPEECH, "PCMU"))
    assert voice.counts.lost == 0


@settings(max_examples=60, deadline=None)
@given(
    payloads=st.lists(st.binary(max_size=200), min_size=1, max_size=20),
    kinds=st.lists(st.sampled_from([0, 8, 9]), min_size=20, max_size=20),
)
def test_any_payloads_give_sound_of_bounded_length(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], kinds: list[int]
) -> None:
    packets = [packet(number, payload, kinds[number]) for number, payload in enumerate(payloads)]
    samples = spoken(spooled(tmp_path_factory.mktemp("any") / "a.rtp", packets), 16000)
    assert len(samples) <= 2 * (len(payloads) * UNITS + 200)


@settings(max_examples=60, deadline=None)
@given(bodies=st.lists(st.binary(max_size=400), max_size=4))
def test_any_bytes_in_a_whole_block_are_taken(tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]) -> None:
    path = spooled(tmp_path_factory.mktemp("any") / "a.rtp", WHOLE[:3])
    with path.open("ab") as file:
        for body in bodies:
            file.write(blocks.encode(blocks.PACKETS, body))
    assert survey(path).packets >= 3


def test_several_streams_begin_with_the_first_of_them() -> None:
    streams = [
        Survey(Path("a"), first=START + SECOND, last=START + 4 * SECOND),
        Survey(Path("b"), first=START, last=START + 2 * SECOND),
    ]
    assert origin_of(streams) == START
    assert seconds_of(streams) == 4.0


# What review found


@pytest.mark.parametrize("empty", [b"", b"\x00" * 3])
def test_a_packet_of_no_length_silences_nothing_behind_it(tmp_path: Path, empty: bytes) -> None:
    """A keep-alive, or something that its codec does not know, with the timestamp of the next packet."""
    gsm = Encoding("GSM", 8000)
    frame = bytes([0xD5, *bytes(32)])
    packets = [packet(0, empty, 3, stamp=UNITS), *(packet(number, frame, 3) for number in range(1, 50))]
    voice = Voice(survey(spooled(tmp_path / "a.rtp", packets, encodings={3: gsm})), 8000, START)
    pieces = list(voice.pieces())
    assert sum(len(piece.samples) for piece in pieces) == 49 * UNITS
    assert voice.undecoded == bool(empty)


@pytest.mark.parametrize(("first", "second"), [(100, 50), (50, 100)])
@pytest.mark.parametrize("opus_first", [True, False])
def test_a_stream_that_changes_to_a_codec_of_another_clock_is_heard_in_full(
    tmp_path: Path, first: int, second: int, opus_first: bool
) -> None:
    opus = Encoding("OPUS", 48000, 2)
    coded = CODERS[opus][1]((8000 * np.sin(2 * np.pi * 440 * np.arange(48000 * 3) / 48000)).astype(np.int16))
    rows = [(96, 960, coded), (0, 160, SPEECH * 3)]
    (one, one_step, one_payloads), (other, other_step, other_payloads) = rows if opus_first else rows[::-1]
    packets = [packet(number, one_payloads[number], one, stamp=5_000 + number * one_step) for number in range(first)]
    packets += [
        packet(number, other_payloads[number - first], other, stamp=70_000 + number * other_step)
        for number in range(first, first + second)
    ]
    path = spooled(tmp_path / "a.rtp", packets, encodings={0: PCMU, 96: opus})
    voice = Voice(survey(path), 48000, START)
    pieces = list(voice.pieces())
    assert pieces[0].start == 0
    heard = sum(len(piece.samples) for piece in pieces)
    assert heard == pytest.approx((first + second) * 960, rel=0.01)
    assert pieces[-1].start + len(pieces[-1].samples) == pytest.approx((first + second) * 960, abs=960)
    assert (voice.undecoded, voice.counts.lost) == (0, 0)


def test_timestamps_of_another_clock_may_wrap(tmp_path: Path) -> None:
    pcm16 = Encoding("L16", 16000)
    packets = [packet(number, bytes(640), 97, stamp=0xFFFFFFFF - 5 * 320 + number * 320) for number in range(20)]
    packets += [packet(20 + number, SPEECH[number], 0, stamp=0xFFFFFFFF - 5 * 160 + number * 160) for number in range(20)]
    voice = Voice(survey(spooled(tmp_path / "a.rtp", packets, encodings={0: PCMU, 97: pcm16})), 16000, START)
    assert sum(len(piece.samples) for piece in voice.pieces()) == 40 * 320


def test_interleaved_payloads_are_heard_without_a_gap_and_a_lost_one_costs_its_frames(tmp_path: Path) -> None:
    """AMR-WB in groups of three payloads with four frames each: each is stamped, and sent, 20 ms behind the one before it."""
    encoding = Encoding("AMR-WB", 16000, 1, "interleaving=12")
    frames = amr_wideband((8000 * np.sin(2 * np.pi * 440 * np.arange(16000 * 3) / 16000)).astype(np.int16))[:144]
    places = [12 * (number // 3) + number % 3 for number in range(36)]
    packets = [
        packet(number, payload, 97, stamp=320 * place, delay=(place - number) * PTIME)
        for number, (place, payload) in enumerate(zip(places, amr_interleaved("AMR-WB", frames, 3, 4), strict=True))
    ]
    path = spooled(tmp_path / "a.rtp", packets, encodings={97: encoding})
    heard = spoken(path, 16000).reshape(144, 320)
    assert heard[1:].any(axis=1).all()
    spooled(path, packets[:16] + packets[17:], encodings={97: encoding})
    heard = spoken(path, 16000).reshape(144, 320)
    assert [place for place in range(1, 144) if not heard[place].any()] == [64, 67, 70], "and the first of its four is interpolated"


def test_long_stretches_are_decoded_in_parts(tmp_path: Path) -> None:
    """A hostile packet of one octet may stand for a tenth of a second: memory stays bounded."""
    opus = Encoding("OPUS", 48000, 2)
    packets = [packet(number, bytes([0x1B, 0x02]), 96, stamp=number * 5760) for number in range(3000)]
    voice = Voice(survey(spooled(tmp_path / "a.rtp", packets, encodings={96: opus}, a_block=3000)), 48000, START)
    assert max(len(piece.samples) for piece in voice.pieces()) <= (RUN_S + 1) * 48000


def test_speech_whose_first_packet_was_delayed_keeps_its_beginning(tmp_path: Path) -> None:
    """The others say when it was spoken: a little before it came, and so before the origin."""
    delayed = [packet(number, payload, delay=0 if number else 5 * MILLISECOND) for number, payload in enumerate(SPEECH)]
    found = survey(spooled(tmp_path / "a.rtp", delayed))
    pieces = list(Voice(found, 8000, origin_of([found])).pieces())
    assert pieces[0].start == -40
    assert sum(len(piece.samples) for piece in pieces) == len(SPEECH) * UNITS


# Short losses


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_a_short_loss_is_interpolated_and_a_longer_one_is_silence(tmp_path: Path, missing: int) -> None:
    path = spooled(tmp_path / "a.rtp", WHOLE[:20] + WHOLE[20 + missing :])
    made = [piece for piece in Voice(survey(path), 8000, START).pieces() if piece.made]
    assert [(piece.start, len(piece.samples)) for piece in made] == ([(20 * UNITS, missing * UNITS)] if missing <= 3 else [])
    whole, thinned = (spoken(spooled(tmp_path / "b.rtp", WHOLE))), spoken(path)
    gap = slice(20 * UNITS, (20 + missing) * UNITS)
    wrong = np.sqrt(np.mean((whole[gap].astype(float) - thinned[gap]) ** 2)) / np.sqrt(np.mean(whole[gap].astype(float) ** 2))
    assert wrong < 0.25 if missing <= 3 else wrong == 1


def test_a_pause_of_the_senders_own_is_no_loss(tmp_path: Path) -> None:
    """Its numbers go on (silence suppression), or the packet behind it says that speech begins (the marker)."""
    goes_on = [
        *WHOLE[:20],
        *(packet(number - 2, SPEECH[number], stamp=number * UNITS, delay=2 * PTIME) for number in range(22, 60)),
    ]
    begins = [*WHOLE[:20], packet(22, SPEECH[22], 128), *WHOLE[23:]]
    for packets in (goes_on, begins):
        samples = spoken(spooled(tmp_path / "a.rtp", packets)).reshape(-1, UNITS)
        assert len(samples) == 60
        assert (np.flatnonzero(~samples.any(axis=1))).tolist() == [20, 21]


def test_nothing_is_interpolated_between_two_codecs(tmp_path: Path) -> None:
    other = tone("PCMA", 440, 60)
    packets = [*WHOLE[:20], *(packet(number, other[number], 8) for number in range(22, 60))]
    samples = spoken(spooled(tmp_path / "a.rtp", packets)).reshape(-1, UNITS)
    assert (np.flatnonzero(~samples.any(axis=1))).tolist() == [20, 21]


@pytest.mark.parametrize("lost", [[9000], [9000, 9001], list(range(8, 25000, 10))])
def test_a_loss_between_two_slices_is_interpolated_too(tmp_path: Path, lost: list[int]) -> None:
    count = 2 * SLICE_BYTES // (UNITS + 22) + 100
    kept = [packet(number, SPEECH[number % 50]) for number in range(count) if number not in set(lost)]
    found = Voice(survey(spooled(tmp_path / "a.rtp", kept, a_block=50)), 8000, START)
    made = sum(len(piece.samples) for piece in found.pieces() if piece.made)
    assert made == UNITS * len([number for number in lost if number < count - 1]) == UNITS * found.counts.lost
