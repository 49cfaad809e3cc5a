"""RTP put to its call: who speaks is read from who announced which address, and every table has a bound."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ids import CallId, segment_id
from appliance.records import Side
from capture.effects import KeepReport, Watch
from capture.frames import Address, Datagram
from capture.media import MAX_CLAIMS, MAX_STREAMS_PER_CALL, Media, Stream, stream_key
from capture.payloads import Encoding
from capture.rtcp import Block
from capture.sdp import Media as Section
from capture.walk import Walker, fastest
from tests.bed.reports import receiver
from tests.capture.playbook import CALL, frame, rtp, sdp
from tests.capture.rig import DESK, HANG_UP, PHONE, Rig, carried, talk

ONE, TWO = CallId("a" * 16), CallId("b" * 16)
CALLER = Address(b"\xc6\x33\x64\x0a", 4000)
CALLED = Address(b"\xc0\x00\x02\x0a", 6000)
BEHIND_NAT = Address(b"\xcb\x00\x71\x05", 50000)
RELAY = Address(b"\xcb\x00\x71\x63", 7000)
PCMU = {0: Encoding("PCMU", 8000)}


def watch(side: Side, address: Address, call: CallId = ONE, encodings: dict[int, Encoding] | None = None) -> Watch:
    section = Section(kind="audio", host=address.host, port=address.port, protocol="RTP/AVP", encodings=encodings or PCMU)
    return Watch(call, side, address, section)


def watched(*watches: Watch, walker: Walker | None = None) -> Media:
    media = Media(walker)
    for each in watches or (watch(Side.CALLER, CALLER), watch(Side.CALLED, CALLED)):
        media.watch(each)
    return media


def find(media: Media, source: Address, destination: Address, packet: bytes | None = None, ssrc: int = 1) -> Stream | None:
    packet = packet or rtp(1, ssrc=ssrc)
    key = stream_key(source, destination, int.from_bytes(packet[8:12], "big"))
    return media.known(key) or media.find(Datagram(source, destination, packet), key)


def found(media: Media, source: Address, destination: Address, ssrc: int = 1) -> Stream:
    stream = find(media, source, destination, ssrc=ssrc)
    assert stream is not None
    return stream


def test_who_announced_the_destination_listens_and_the_other_speaks() -> None:
    media = watched()
    forth, back = found(media, CALLER, CALLED), found(media, CALLED, CALLER)
    assert (forth.speaker, forth.sure, forth.call) == (Side.CALLER, True, ONE)
    assert (back.speaker, back.sure, back.call) == (Side.CALLED, True, ONE)
    assert found(media, CALLER, CALLED) is forth
    assert media.streams(ONE) == [forth, back]


def test_the_sender_may_use_another_address_than_it_announced() -> None:
    assert found(watched(), BEHIND_NAT, CALLED).speaker is Side.CALLER


def test_a_listener_behind_nat_is_known_by_who_sends_to_it() -> None:
    media = watched()
    stream = found(media, CALLER, BEHIND_NAT)
    assert (stream.speaker, stream.sure) == (Side.CALLER, False)


def test_strangers_belong_to_no_call() -> None:
    assert find(watched(), BEHIND_NAT, RELAY) is None
    assert find(Media(), CALLER, CALLED) is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_relay_that_passes_on_the_other_sides_speech_is_told_from_the_phone(order: tuple[int, ...]) -> None:
    """The caller is heard at the called party's address, and something comes from the caller's address too: the relay."""
    media = watched(watch(Side.CALLER, CALLER), watch(Side.CALLER, RELAY), watch(Side.CALLED, CALLED))
    ways = [(CALLER, CALLED, 1), (RELAY, BEHIND_NAT, 2), (RELAY, BEHIND_NAT, 3)]
    streams = {way: found(media, *ways[way]) for way in order}
    assert streams[0].speaker is Side.CALLER
    assert {streams[1].speaker, streams[2].speaker} == {Side.CALLED}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_who_speaks_does_not_depend_on_which_stream_was_seen_first(order: tuple[int, ...]) -> None:
    """Once both sides are heard at announced addresses, nothing speaks for a relay any more."""
    media = watched(watch(Side.CALLER, CALLER), watch(Side.CALLER, RELAY), watch(Side.CALLED, CALLED))
    ways = [(CALLER, CALLED, 1), (RELAY, BEHIND_NAT, 2), (CALLED, CALLER, 3)]
    streams = {way: found(media, *ways[way]) for way in order}
    assert [streams[way].speaker for way in range(3)] == [Side.CALLER, Side.CALLER, Side.CALLED]


def test_a_speaker_that_changes_is_described_anew() -> None:
    media = watched(watch(Side.CALLER, RELAY), watch(Side.CALLED, CALLED))
    unsure = found(media, RELAY, BEHIND_NAT)
    unsure.described = True
    sure = found(media, CALLER, CALLED, ssrc=2)
    assert (unsure.speaker, unsure.described, sure.speaker) == (Side.CALLED, False, Side.CALLER)


@pytest.mark.parametrize(
    "packet",
    [
        b"\x80\xc8\x00\x06" + bytes(24), b"\x81\xcb\x00\x01" + bytes(8), b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),
        b"\x80\x00" * 5, b"\x16\xfe\xfd" + bytes(20),
    ],
    ids=["RTCP SR", "RTCP BYE", "STUN", "too short", "DTLS"],
)  # fmt: skip
def test_what_is_no_rtp_begins_no_stream(packet: bytes) -> None:
    media = watched()
    assert find(media, CALLER, CALLED, packet) is None
    assert find(media, CALLER, BEHIND_NAT, packet) is None
    assert media.streams(ONE) == []


def test_a_port_used_again_belongs_to_the_later_call() -> None:
    media = watched(watch(Side.CALLED, CALLED, ONE))
    first = found(media, CALLER, CALLED, ssrc=1)
    media.watch(watch(Side.CALLER, CALLED, TWO))
    second = found(media, CALLER, CALLED, ssrc=2)
    assert (first.call, second.call, second.speaker) == (ONE, TWO, Side.CALLED)
    assert found(media, CALLER, CALLED, ssrc=1) is first
    assert media.close(ONE) == [first]
    assert found(media, CALLER, CALLED, ssrc=3).call == TWO
    assert found(media, CALLER, CALLED, ssrc=1).call == TWO


def test_a_closed_call_leaves_nothing_behind() -> None:
    media = watched()
    forth, back = found(media, CALLER, CALLED), found(media, CALLED, CALLER)
    assert media.close(ONE) == [forth, back]
    assert find(media, CALLER, CALLED) is None
    assert media.streams(ONE) == media.close(ONE) == []


def test_an_address_announced_anew_brings_its_encodings() -> None:
    media = watched()
    stream = found(media, CALLER, CALLED)
    stream.described = True
    media.watch(watch(Side.CALLED, CALLED, encodings={96: Encoding("OPUS", 48000, 2)}))
    assert stream.encodings == {**PCMU, 96: Encoding("OPUS", 48000, 2)}
    assert not stream.described
    assert (stream.name(96), stream.name(8), stream.name(97)) == ("OPUS", "PCMA", "PT97")


def test_streams_of_one_call_have_a_bound_and_the_rest_is_counted() -> None:
    media = watched()
    streams = [find(media, CALLER, CALLED, ssrc=ssrc) for ssrc in range(MAX_STREAMS_PER_CALL + 9)]
    assert streams[MAX_STREAMS_PER_CALL:] == [None] * 9
    assert (len(media.streams(ONE)), media.refused) == (MAX_STREAMS_PER_CALL, 9)
    media.watch(watch(Side.CALLED, BEHIND_NAT, TWO))
    assert find(media, CALLER, BEHIND_NAT) is not None


def test_a_stream_of_a_stopped_recorder_is_taken_over() -> None:
    old = found(watched(), CALLER, CALLED)
    media = watched()
    media.resume(old)
    assert found(media, CALLER, CALLED) is old
    assert media.close(ONE) == [old]


def test_ids_are_hashes_of_what_was_seen() -> None:
    one, same = found(watched(), CALLER, CALLED), found(watched(), CALLER, CALLED)
    assert one.segment == same.segment == segment_id(ONE, "caller", str(CALLER), str(CALLED), 1)
    media = watched()
    others = [found(media, *ends) for ends in ((CALLER, CALLED, 2), (CALLED, CALLER, 1), (BEHIND_NAT, CALLED, 1))]
    assert len({one.segment, *(other.segment for other in others)}) == 4


@given(st.integers(0, 65535), st.integers(0, 65535), st.integers(0, 2**32 - 1), st.binary(min_size=8, max_size=8))
def test_the_key_is_what_stands_in_an_ordinary_frame(sport: int, dport: int, ssrc: int, hosts: bytes) -> None:
    source, destination = Address(hosts[:4], sport), Address(hosts[4:], dport)
    data = frame(source, destination, rtp(1, ssrc=ssrc))
    assert stream_key(source, destination, ssrc) == data[26:38] + data[50:54]


def counted(*sequences: int, types: tuple[int, ...] = (0,), parts: int = 1) -> Stream:
    """A stream that gathered these packets, a millisecond apart, taken in so many parts."""
    walker = fastest()
    stream = found(watched(walker=walker), CALLER, CALLED)
    size = -(-len(sequences) // parts)
    for number, sequence in enumerate(sequences):
        packet = rtp(sequence, payload_type=types[number % len(types)])
        assert walker.gather(stream_key(CALLER, CALLED, 1), 1000 + number, packet)
        if (number + 1) % size == 0 or number + 1 == len(sequences):
            ((owner, _, told),) = walker.take()
            assert owner is stream
            stream.count(told)
    assert walker.take() == []
    return stream


@pytest.mark.parametrize("parts", [1, 2, 5])
@pytest.mark.parametrize(
    ("sequences", "lost", "late"),
    [
        ((10, 11, 12, 13, 14), 0, 0),
        ((10, 11, 14, 15), 2, 0),
        ((10, 12, 11, 13), 0, 1),
        ((65534, 65535, 0, 1), 0, 0),
        ((65535, 2), 2, 0),
        ((7,), 0, 0),
        ((5, 5, 6), 0, 0),
    ],
)
def test_packets_are_counted_as_they_are_taken(sequences: tuple[int, ...], lost: int, late: int, parts: int) -> None:
    stream = counted(*sequences, parts=parts)
    assert (stream.packets, stream.lost, stream.late) == (len(sequences), lost, late)
    assert (stream.first, stream.last) == (1000, 999 + len(sequences))


def test_what_was_heard_is_named() -> None:
    assert counted(1, 2, 3, 4, types=(0, 101, 8)).codecs == ("PCMA", "PCMU", "PT101")
    assert found(watched(), CALLER, CALLED).codecs == ()
    assert found(watched(), CALLER, CALLED).lost == 0


def test_an_address_that_two_calls_announce_goes_back_when_the_newer_one_is_over() -> None:
    media = watched(watch(Side.CALLER, CALLER), watch(Side.CALLER, CALLER, TWO))
    assert found(media, CALLED, CALLER).call == TWO
    media.close(TWO)
    assert found(media, CALLED, CALLER).call == ONE
    media.close(ONE)
    assert find(media, CALLED, CALLER) is None


def test_the_older_of_two_calls_at_an_address_may_be_over_first() -> None:
    media = watched(watch(Side.CALLER, CALLER), watch(Side.CALLER, CALLER, TWO))
    media.close(ONE)
    assert found(media, CALLED, CALLER).call == TWO
    media.close(TWO)
    assert find(media, CALLED, CALLER) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=120))
def test_claims_of_one_address_are_bounded_and_end_with_their_calls(said: list[tuple[int, bool]]) -> None:
    media, under_way = Media(), []
    for number, begins in said:
        call = CallId(f"call{number}")
        if begins and call not in under_way:
            media.watch(watch(Side.CALLER, CALLER, call))
            under_way.append(call)
        elif not begins:
            media.close(call)
            under_way = [other for other in under_way if other != call]
        assert len(media._before.get(CALLER, [])) <= MAX_CLAIMS
        stream = find(media, CALLED, CALLER, ssrc=number)
        assert stream is None or stream.call in under_way
        if len(under_way) <= MAX_CLAIMS:
            assert (stream is None) == (not under_way) or len(said) > MAX_CLAIMS
    for call in under_way:
        media.close(call)
    assert (media._before, media._expected) == ({}, {})


def test_rtcp_is_kept_where_the_description_says_that_it_arrives() -> None:
    """RFC 3605: another port, on another address even."""
    other, elsewhere = PHONE._replace(port=53020), DESK._replace(host=bytes([192, 0, 2, 77]), port=61000)
    offer = sdp("198.51.100.10", 4000, "a=rtcp:53020")
    answer = sdp("192.0.2.10", 6000, "a=rtcp:61000 IN IP4 192.0.2.77")
    told = [receiver(number, [Block(1, 0, 0, number, 0, 0, 0)]) for number in range(4)]
    rig = Rig().feed(carried(CALL.invite(offer)), carried(CALL.response(200, answer), by=Side.CALLED), *talk(2))
    rig.feed(frame(DESK._replace(port=9), other, told[0]), frame(PHONE._replace(port=9), elsewhere, told[1]))
    rig.feed(frame(PHONE._replace(port=9), elsewhere._replace(port=61001), told[2]))
    assert kept(rig) == told[:2]
    rig.feed(*HANG_UP).wait(3).feed(frame(DESK._replace(port=9), other, told[3]))
    assert kept(rig) == told[:2], "the call is over"


def kept(rig: Rig) -> list[bytes]:
    return [effect.raw for effect in rig.take().effects if isinstance(effect, KeepReport)]
