"""The walker in C and its twin in Python take the same frames, give the same runs and counters, and fail on none."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import walk
from capture.frames import LINK_ETHERNET, Address, Datagram, Dissector, FrameError
from capture.media import stream_key
from capture.walk import STAMP, Counters, Odd, Twin, Walker, fastest, with_tag
from tests import needs
from tests.capture.playbook import frame, rtp

BLOCK = 1 << 16
CALLER, CALLED = Address(bytes([10, 0, 0, 1]), 4000), Address(bytes([10, 0, 0, 2]), 6000)
SIX = Address(bytes(range(16)), 4000), Address(bytes(range(16, 32)), 6000)
KEY = stream_key(CALLER, CALLED, 1)
SIX_KEY = stream_key(*SIX, 1)
SPEECH = rtp(7, ssrc=1)
PLAIN = frame(CALLER, CALLED, SPEECH)
OWNER, OTHER = object(), object()


def six(packet: bytes = SPEECH) -> bytes:
    """An IPv6 frame."""
    length = 8 + len(packet)
    head = bytes([0x60, 0, 0, 0]) + struct.pack(">HBB", length, 17, 64) + SIX[0].host + SIX[1].host
    return PLAIN[:12] + b"\x86\xdd" + head + struct.pack(">HHHH", 4000, 6000, length, 0) + packet


def tagged(data: bytes, *tags: bytes) -> bytes:
    """With VLAN tags."""
    return data[:12] + b"".join(tag + b"\x00\x05" for tag in tags) + data[12:]


def fast() -> Walker:
    """The one in C."""
    if not needs.core():
        pytest.skip("the C core was not built: install gcc and libpython3-dev, then run make test again")
    return fastest()


@pytest.fixture(params=[Twin, fast], ids=["python", "c"])
def walker(request: pytest.FixtureRequest) -> Walker:
    make: Callable[[], Walker] = request.param
    made = make()
    made.learn(KEY, OWNER)
    made.learn(SIX_KEY, OTHER)
    return made


def pcap(*frames: tuple[bytes, int], order: str = "<") -> bytes:
    """Records of a pcap file in nanoseconds."""
    return b"".join(struct.pack(order + "4I", at // 10**9, at % 10**9, len(data), len(data)) + data for data, at in frames)


def block(*frames: tuple[bytes, int, int, int, int]) -> bytes:
    """A TPACKET_V3 block: (frame, time, status, TCI, TPID) each."""
    out = bytearray(48)
    for place, (data, at, status, tci, tpid) in enumerate(frames):
        size = -(-(48 + 16 + len(data)) // 16) * 16
        step = size if place + 1 < len(frames) else 0
        head = struct.pack("=6IHHIIHH", step, at // 10**9, at % 10**9, len(data), len(data), status, 64, 78, 0, tci, tpid, 0)
        out += (head.ljust(64, b"\0") + data).ljust(size, b"\0")
    struct.pack_into("=5I", out, 0, 1, 0, 1, len(frames), 48)
    return bytes(out).ljust(BLOCK, b"\0")


def records(walker: Walker, *frames: bytes) -> Odd:
    """What is left of these frames, a nanosecond apart."""
    return walker.records(pcap(*((data, place + 1) for place, data in enumerate(frames))), 0, False, 1, 1 << 62)[3]


def runs(walker: Walker) -> list[tuple[object, list[tuple[int, bytes]], Counters]]:
    """What was gathered, taken apart."""
    return [(owner, list(unpacked(run)), Counters(*counted)) for owner, run, counted in walker.take()]


def unpacked(run: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(run):
        at, length = STAMP.unpack_from(run, place)
        place += STAMP.size + length
        yield at, run[place - length : place]


@pytest.mark.parametrize(
    ("data", "owner"),
    [
        (PLAIN, OWNER),
        (PLAIN + b"padding", OWNER),
        (tagged(PLAIN, b"\x81\x00"), OWNER),
        (tagged(PLAIN, b"\x88\xa8", b"\x81\x00"), OWNER),
        (tagged(PLAIN, b"\x91\x00", b"\x92\x00", b"\x93\x00", b"\x81\x00"), OWNER),
        (six(), OTHER),
        (tagged(six(), b"\x88\xa8", b"\x81\x00"), OTHER),
    ],
    ids=["plain", "padded", "vlan", "qinq", "four tags", "ipv6", "ipv6 in qinq"],
)
def test_speech_of_a_known_stream_is_taken(walker: Walker, data: bytes, owner: object) -> None:
    assert records(walker, data) == []
    assert runs(walker) == [(owner, [(1, SPEECH)], Counters(1, 1, 1, 0, 0x10007, 0x10007, 1, 0))]
    assert (walker.frames, walker.taken, walker.buffered) == (1, 1, 0)


def changed(place: int, value: int, data: bytes = PLAIN) -> bytes:
    return data[:place] + bytes([value]) + data[place + 1 :]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0" * 13, PLAIN[:53], PLAIN[:-1], changed(14, 0x46), changed(20, 0x20), changed(21, 1), changed(23, 6), changed(17, 1),
        changed(39, 7), changed(42, 0x40), changed(43, 200), changed(53, 2), changed(29, 9), changed(35, 9),
        tagged(PLAIN, *[b"\x81\x00"] * 5), tagged(PLAIN, b"\x81\x00")[:17], PLAIN[:12] + b"\x88\x47" + PLAIN[14:],
        changed(20, 44, six()), changed(19, 1, six()), changed(14, 0x40, six()), six()[:-1],
    ],
)  # fmt: skip
def test_whatever_is_unusual_is_left_for_python(walker: Walker, data: bytes) -> None:
    assert records(walker, data) == [(data, 1, 0)]
    assert walker.take() == []


def test_times_sequence_numbers_and_payload_types_are_counted(walker: Walker) -> None:
    sequences = (0xFFFE, 0xFFFF, 1, 0, 2)
    packets = [rtp(sequence, ssrc=1, payload_type=number * 30) for number, sequence in enumerate(sequences)]
    assert records(walker, *(frame(CALLER, CALLED, packet) for packet in packets)) == []
    ((owner, found, counted),) = runs(walker)
    assert (owner, found) == (OWNER, list(enumerate(packets, 1)))
    assert counted == Counters(1, 5, 5, 1, 0x1FFFE, 0x20002, 1 | 1 << 30 | 1 << 60, 1 << (90 - 64) | 1 << (120 - 64))


def test_runs_come_in_the_order_in_which_they_began_and_only_once(walker: Walker) -> None:
    records(walker, six(), PLAIN, six())
    assert [(owner, len(found)) for owner, found, _ in runs(walker)] == [(OTHER, 2), (OWNER, 1)]
    assert runs(walker) == []
    records(walker, PLAIN)
    assert [counted.packets for _, _, counted in runs(walker)] == [2], "counters go on"


def test_runs_are_taken_a_few_at_a_time_and_what_comes_between_waits_behind_the_rest(walker: Walker) -> None:
    walker.learn(KEY[:-1] + b"\x02", third := object())
    records(walker, six(), PLAIN, frame(CALLER, CALLED, rtp(7, ssrc=2)))
    whole = walker.buffered
    ((owner, run, _),) = walker.take(1)
    assert (owner, walker.buffered) == (OTHER, whole - len(run))
    records(walker, six(), PLAIN)
    walker.learn(KEY)  # forgotten while its run waits
    assert [owner for owner, _, _ in walker.take(2)] == [OWNER, third]
    assert [(owner, len(found)) for owner, found, _ in runs(walker)] == [(OTHER, 1)]
    assert (walker.take(5), walker.take(0), walker.buffered) == ([], [], 0)


def test_an_ignored_key_is_passed_over_until_it_is_forgotten(walker: Walker) -> None:
    walker.learn(KEY, None)
    assert (records(walker, PLAIN), walker.take()) == ([], [])
    walker.learn(KEY)
    assert records(walker, PLAIN) == [(PLAIN, 1, 0)]
    walker.learn(KEY)


def test_what_was_gathered_outlives_the_key(walker: Walker) -> None:
    records(walker, PLAIN)
    walker.learn(KEY, OTHER)
    records(walker, PLAIN)
    walker.learn(KEY)
    assert [(owner, counted.packets) for owner, _, counted in runs(walker)] == [(OWNER, 1), (OTHER, 1)]


def test_a_packet_found_the_long_way_joins_its_stream(walker: Walker) -> None:
    assert walker.gather(KEY, 5, SPEECH)
    assert not walker.gather(stream_key(CALLER, CALLED, 2), 5, SPEECH)
    assert not walker.gather(KEY, 5, SPEECH[:11])
    assert not walker.gather(b"short", 5, SPEECH)
    assert [found for _, found, _ in runs(walker)] == [[(5, SPEECH)]]


def test_a_key_of_another_length_is_refused(walker: Walker) -> None:
    with pytest.raises(ValueError, match="16 or 40 bytes"):
        walker.learn(b"x" * 17, OWNER)


def test_walking_stops_at_a_moment_and_at_what_is_cut(walker: Walker) -> None:
    data = pcap((PLAIN, 10), (b"odd", 20), (PLAIN, 30))
    place, following, latest, odd = walker.records(data, 0, False, 1, 30)
    assert (following, latest, odd) == (30, 20, [(b"odd", 20, 0)])
    assert walker.records(data, place, False, 1, 31) == (len(data), 0, 30, [])
    assert walker.records(data[:-1], place, False, 1, 31) == (place, 0, 0, [])
    assert walker.records(data, len(data) + 5, False, 1, 31)[3] == []


def test_both_byte_orders_and_units(walker: Walker) -> None:
    for order, big in (("<", False), (">", True)):
        data = struct.pack(order + "4I", 2, 3, 3, 3) + b"odd"
        assert walker.records(data, 0, big, 1000, 1 << 62) == (19, 0, 2 * 10**9 + 3000, [(b"odd", 2 * 10**9 + 3000, 0)])


def test_a_block_of_the_ring_is_walked_with_the_tags_that_the_kernel_took_out(walker: Walker) -> None:
    found = walker.block(
        b"\0" * BLOCK + block((PLAIN, 10**9 + 7, 1, 0, 0), (b"x" * 60, 8, 0x11, 100, 0), (b"y" * 60, 9, 0x51, 0x2064, 0x88A8)),
        BLOCK, 2 * BLOCK,
    )  # fmt: skip
    assert found == [(b"x" * 60, 8, 0x8100 << 16 | 100), (b"y" * 60, 9, 0x88A8 << 16 | 0x2064)]
    assert [at for _, packets, _ in runs(walker) for at, _ in packets] == [10**9 + 7]


def test_a_tag_goes_back_where_it_was() -> None:
    assert with_tag(tagged(PLAIN, b"\x88\xa8")[:12] + PLAIN[12:], 0x88A80005) == tagged(PLAIN, b"\x88\xa8")
    assert (with_tag(PLAIN, 0), with_tag(b"short", 1)) == (PLAIN, b"short")


def test_many_keys_come_and_go(walker: Walker) -> None:
    keys = [struct.pack(">QII", 0, number, number) for number in range(5000)]
    for number, key in enumerate(keys):
        walker.learn(key, number)
    for key in keys[::2]:
        walker.learn(key)
    assert [walker.gather(key, 1, SPEECH) for key in keys] == [bool(number % 2) for number in range(5000)]
    assert [owner for owner, _, _ in runs(walker)] == list(range(1, 5000, 2))


FRAMES = st.lists(
    st.one_of(
        st.sampled_from([PLAIN, six(), tagged(PLAIN, b"\x81\x00"), tagged(six(), b"\x88\xa8", b"\x81\x00")]),
        st.builds(
            lambda data, place, value: changed(place % len(data), value, data),
            st.sampled_from([PLAIN, six(), tagged(PLAIN, b"\x81\x00")]), st.integers(0, 80), st.integers(0, 255),
        ),
        st.builds(lambda data, size: data[:size], st.sampled_from([PLAIN, six()]), st.integers(0, 240)),
        st.binary(max_size=80),
    ),
    max_size=12,
)  # fmt: skip


@given(FRAMES, st.integers(0, 400), st.integers(0, 3))
def test_the_two_agree_on_any_frames(frames: list[bytes], cut: int, most: int) -> None:
    data = pcap(*((one, place * 3) for place, one in enumerate(frames)))
    data = data[: len(data) - cut % (len(data) + 1)] if cut % 3 == 0 else data
    told = []
    for made in (Twin(), fast()):
        made.learn(KEY, OWNER)
        made.learn(SIX_KEY, OTHER)
        reached = made.records(data, 0, False, 1, 20)
        few = made.take(most)
        told.append(
            (reached, few, made.records(data, reached[0], False, 1, 1 << 62), made.frames, made.taken, made.buffered, made.take())
        )
    assert told[0] == told[1]


@given(
    st.binary(max_size=400), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 70_000), st.integers(0, 70_000)
)
def test_the_two_agree_on_any_block(rest: bytes, count: int, first: int, start: int, end: int) -> None:
    memory = struct.pack("=5I", 1, 0, 1, count % 50, first % 500 if first % 3 else first).ljust(48, b"\0") + rest
    made = Twin(), fast()
    assert made[0].block(memory, 0, len(memory)) == made[1].block(memory, 0, len(memory))
    assert made[0].block(memory, start, end) == made[1].block(memory, start, end)
    assert made[0].frames == made[1].frames


@given(st.builds(changed, st.integers(0, len(PLAIN) - 1), st.integers(0, 255)))
def test_what_is_taken_is_what_the_long_way_finds(data: bytes) -> None:
    made = fast()
    made.learn(KEY, OWNER)
    if records(made, data):
        return
    try:
        found = Dissector().dissect(LINK_ETHERNET, data, 0)
    except FrameError as error:
        raise AssertionError("taken, and yet it contradicts itself") from error
    assert isinstance(found, Datagram)
    assert [packets for _, packets, _ in runs(made)] == [[(1, found.payload)]]
    assert (found.source, found.destination) == (CALLER, CALLED)


def test_without_the_one_in_c_python_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "capture._walk", None)
    monkeypatch.delattr("capture._walk", raising=False)
    assert isinstance(walk.fastest(), Twin)
