"""Frames in, effects and packets out: the short way and the long way agree, a replay gives the same, and memory has a bound."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from appliance.config import Config
from appliance.moments import SECOND
from appliance.records import CallEnded, CallRinging, Side
from capture import pcapfile
from capture.effects import Effect, Emit, Keep, KeepReport, Watch, Weird
from capture.engine import MAX_REPORTS_PER_CALL, kept
from capture.frames import LINK_ETHERNET, LINK_RAW, Address
from capture.media import MAX_STREAMS_PER_CALL
from capture.rtcp import Block
from capture.walk import STAMP
from tests import needs
from tests.bed.reports import bye, receiver, sdes
from tests.capture.playbook import ANSWER, CALL, OFFER, START, Call, frame, office, rtp, sdp
from tests.capture.rig import DESK, HANG_UP, PHONE, Heard, Rig, carried, opened, talk, unpacked

MAC = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")


def test_a_call_becomes_records_packets_and_a_close() -> None:
    rig = Rig().feed(*opened(), *talk(50), *HANG_UP).wait(3)
    assert rig.words == ["ringing inbound", "answered", "ended hangup_caller", "close"]
    assert rig.packets(Side.CALLER) == [rtp(n, ssrc=1, payload=b"\x11" * 160) for n in range(50)]
    assert rig.packets(Side.CALLED) == [rtp(n, ssrc=2, payload=b"\x22" * 160) for n in range(50)]
    assert [keep.raw for keep in kept(rig.effects) if isinstance(keep, Keep)][:2] == [
        CALL.invite(OFFER),
        CALL.response(200, ANSWER),
    ]
    engine = rig.engine
    assert (engine.frames, engine.sip, engine.rtp, engine.buffered) == (105, 5, 100, 0)
    assert len(engine.peers) == 2, "who speaks SIP is shown to who sets the box up"


def test_watches_are_the_engines_own_business() -> None:
    assert not [effect for effect in Rig().feed(*opened(), *talk(2)).wait(1).effects if isinstance(effect, Watch)]


def test_each_packet_stands_behind_its_time_and_length() -> None:
    rig = Rig().feed(*opened())
    at = rig.at + SECOND // 50
    rig.feed(*talk(1))
    (stream, block), *_ = rig.engine.take_streams(rig.at)
    assert STAMP.unpack_from(block) == (at, 172)
    assert (stream.first, stream.last, stream.packets) == (at, at, 1)
    assert rig.engine.take_streams(rig.at) == []


def test_rtp_before_and_after_the_call_belongs_to_nobody() -> None:
    rig = Rig().feed(*talk(5), *opened(), *HANG_UP).wait(3).feed(*talk(5)).wait(1)
    assert rig.spool == {}
    assert rig.engine.rtp == 0


def test_early_media_and_packets_that_come_a_little_late_are_kept() -> None:
    early = [opened()[0], carried(CALL.response(183, ANSWER), by=Side.CALLED), *talk(3)]
    rig = Rig().feed(*early, *opened()[1:], *HANG_UP, *talk(1)).wait(3)
    assert len(rig.packets(Side.CALLER)) == len(rig.packets(Side.CALLED)) == 4


def test_a_silent_call_that_is_heard_does_not_end() -> None:
    rig = Rig(office(capture={"idle_minutes": 1})).feed(*opened())
    for _ in range(4):
        rig.wait(50).feed(*talk(1))
    assert rig.words == ["ringing inbound", "answered"]
    assert rig.wait(70).words[2:] == ["ended end_not_seen", "close"]


def test_rtcp_and_stun_on_the_media_port_are_passed_over() -> None:
    others = [b"\x80\xc8\x00\x06" + bytes(24), b"\x00\x01\x00\x08\x21\x12\xa4\x42" + bytes(20), b"\x16\xfe\xfd" + bytes(30)]
    ssrc = (1).to_bytes(4, "big")
    others += [b"\x81\xc9\x00\x07" + bytes(4) + ssrc + bytes(20), b"\x00\x01\x00\x08\x21\x12\xa4\x42" + ssrc + bytes(16)]
    noise = [frame(PHONE, DESK, data) for data in others]
    rig = Rig().feed(*opened(), *noise, *talk(3), *noise, *HANG_UP).wait(3)
    assert rig.packets(Side.CALLER) == [rtp(n, ssrc=1, payload=b"\x11" * 160) for n in range(3)]
    assert rig.words == ["ringing inbound", "answered", "ended hangup_caller", "close"]


def reports(rig: Rig) -> list[bytes]:
    return [effect.raw for effect in rig.take().effects if isinstance(effect, KeepReport)]


def test_rtcp_of_a_call_is_kept_on_its_port_and_the_next_and_nobody_elses() -> None:
    told = [receiver(number, [Block(1, 0, 0, number, 0, 0, 0)]) for number in range(6)]
    behind, desk = PHONE._replace(port=PHONE.port + 1), DESK._replace(port=DESK.port + 1)
    other = PHONE._replace(port=PHONE.port + 2)
    rig = Rig().feed(frame(PHONE, DESK, told[0]), *opened(), frame(PHONE, DESK, told[1]), frame(desk, behind, told[2]))
    rig.feed(frame(other, other, told[3]), *HANG_UP).wait(3).feed(frame(PHONE, DESK, told[4]))
    assert reports(rig) == told[1:3]


def test_rtcp_that_tells_nothing_of_speech_is_passed_over() -> None:
    noise = [
        sdes(1, "a@b"),
        bye(1),
        b"\x80\xcc\x00\x02" + bytes(4) + b"name",
        receiver(1, [])[:-1] + b"..........",
        receiver(1, []) + bytes(1500),
    ]
    assert reports(Rig().feed(*opened(), *(frame(PHONE, DESK, data) for data in noise))) == []


def test_the_reports_of_a_call_have_a_bound_and_it_is_said() -> None:
    rig = Rig().feed(*opened())
    data = frame(PHONE, DESK, receiver(1, []) + sdes(1, "a@b"))
    for _ in range(MAX_REPORTS_PER_CALL + 3):
        rig.engine.frame(LINK_ETHERNET, data, rig.at, rig.at)
    assert len(reports(rig)) == MAX_REPORTS_PER_CALL
    rig.wait(1)
    assert [effect.name for effect in rig.effects if isinstance(effect, Weird)] == ["rtcp-many"] * 3


def test_a_port_used_again_belongs_to_the_later_call() -> None:
    other = Call(call_id="second", caller_tag="second")
    second = [carried(other.invite(OFFER)), carried(other.response(200, ANSWER), by=Side.CALLED)]
    rig = (
        Rig().feed(*opened(), *talk(2), *HANG_UP).wait(3).feed(*second, *talk(3), carried(other.request("BYE", sequence=2))).wait(3)
    )
    assert [len(unpacked(heard.packets)) for heard in rig.spool.values()] == [2, 2, 3, 3]
    assert rig.words.count("close") == 2


def test_the_sender_behind_nat_is_heard_on_its_side() -> None:
    nat = Address(b"\xcb\x00\x71\x05", 33333)
    rig = Rig().feed(*opened(), frame(DESK, nat, rtp(1, ssrc=9)), frame(nat, DESK, rtp(1, ssrc=8))).wait(1)
    assert {heard.speaker: unpacked(heard.packets) for heard in rig.spool.values()} == {
        Side.CALLED: [rtp(1, ssrc=9)],
        Side.CALLER: [rtp(1, ssrc=8)],
    }


def test_a_line_that_is_never_recorded_leaves_no_packet() -> None:
    told = Config.model_validate({"lines": [{"number": "0312345678", "record": False}]})
    rig = Rig(told).feed(*opened(), *talk(20), *HANG_UP).wait(3)
    assert (rig.spool, rig.engine.rtp) == ({}, 0)


def test_ipv6_calls_are_recorded() -> None:
    hosts = [bytes.fromhex("20010db8") + bytes(11) + bytes([n]) for n in (1, 2)]
    phone, desk = Address(hosts[0], 4000), Address(hosts[1], 6000)
    invite = frame(Address(hosts[0], 5060), Address(hosts[1], 5060), CALL.invite(sdp("2001:db8::1", 4000)))
    answer = frame(Address(hosts[1], 5060), Address(hosts[0], 5060), CALL.response(200, sdp("2001:db8::2", 6000)))
    rig = Rig().feed(invite, answer, *(frame(phone, desk, rtp(n)) for n in range(5))).wait(1)
    assert len(rig.packets(Side.CALLER)) == 5


def test_sip_is_found_on_any_port_and_in_fragments() -> None:
    body = CALL.invite(OFFER, extra=[f"X-{n}: {'x' * 90}" for n in range(20)])
    whole = IP(src="198.51.100.10", dst="192.0.2.10", id=7) / UDP(sport=15060, dport=25060) / Raw(body)
    pieces = [bytes(MAC / piece) for piece in fragment(whole, fragsize=600)]  # type: ignore[no-untyped-call]
    assert len(pieces) > 2
    rig = Rig().feed(*reversed(pieces))
    assert rig.words == ["ringing inbound"]
    (invite,) = kept(rig.effects)
    assert isinstance(invite, Keep)
    assert invite.raw == body


def segments(data: bytes, size: int) -> list[bytes]:
    starts = range(0, len(data), size)
    return [
        bytes(
            MAC
            / IP(src="198.51.100.10", dst="192.0.2.10")
            / TCP(sport=40000, dport=5060, seq=1 + at, flags="PA")
            / Raw(data[at : at + size])
        )
        for at in starts
    ]


def test_sip_over_tcp_begins_a_call() -> None:
    rig = Rig().feed(*segments(CALL.invite(OFFER) + CALL.request("BYE", sequence=2), 100))
    assert rig.words == ["ringing inbound", "ended hangup_caller"]


def test_a_hole_in_a_tcp_stream_holds_a_call_up_for_seconds_only() -> None:
    options, lost = CALL.request("OPTIONS", sequence=5), CALL.request("INFO", sequence=6)
    frames = segments(options, 9999) + segments(options + lost + CALL.invite(OFFER), len(options + lost))[1:]
    rig = Rig().feed(*frames)
    assert rig.words == []
    assert rig.wait(4).words == ["ringing inbound", "weird tcp-gap"]


def test_a_message_that_the_capture_cut_is_read_as_far_as_it_goes_and_said() -> None:
    cut = carried(CALL.invite(OFFER))[:400]
    assert Rig().feed(cut).words == ["weird sip-cut-by-capture", "ringing inbound"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x00" * 13, "ethernet-short"),
        (frame(PHONE, DESK, b"INVITE sip:a SIP/3.0\r\n\r\n"), "sip-version"),
        (frame(PHONE, DESK, b"SIP/2.0 999 x\r\n\r\n"), "sip-status-range"),
        (carried(CALL.request("BYE")), "sip-bye-without-call"),
    ],
)
def test_a_surprise_is_a_weird_with_a_sample(data: bytes, name: str) -> None:
    rig = Rig().feed(data).take()
    (weird,) = [effect for effect in rig.effects if isinstance(effect, Weird)]
    assert weird.name == name
    assert weird.sample in data


def test_bounds_that_were_reached_are_counted_once() -> None:
    flood = [frame(PHONE, DESK, rtp(1, ssrc=ssrc)) for ssrc in range(MAX_STREAMS_PER_CALL + 5)]
    rig = Rig().feed(*opened(), *flood).wait(3)
    assert rig.words.count("weird media-streams-many") == 5


def test_fragments_whose_rest_never_came_are_counted() -> None:
    whole = IP(src="198.51.100.10", dst="192.0.2.10", id=7) / UDP(sport=5060, dport=5060) / Raw(b"x" * 2000)
    first, *_ = fragment(whole, fragsize=600)  # type: ignore[no-untyped-call]
    rig = Rig().feed(bytes(MAC / first)).wait(31).feed(bytes(MAC / first)).wait(1)
    assert rig.words == ["weird ip-fragments-lost"]


def test_the_end_of_a_capture_closes_every_call() -> None:
    rig = Rig().feed(*opened(), *talk(3)).take()
    rig.engine.finish()
    assert rig.words == ["ringing inbound", "answered", "ended end_not_seen", "close"]


def test_a_resumed_call_waits_only_shortly_for_a_sign() -> None:
    rig = Rig().feed(*opened()).take()
    (call,) = rig.engine.tracker.dialogs
    rig.engine.resume(call)
    assert rig.wait(9).words == ["ringing inbound", "answered"]
    assert rig.wait(5).words[2:] == ["ended recorder_stopped", "close"]
    again = Rig().feed(*opened()).take()
    again.engine.resume(call)
    assert again.feed(*talk(1)).wait(60).words == ["ringing inbound", "answered"]


def played(frames: Sequence[bytes], link: int = LINK_ETHERNET) -> tuple[list[Effect], dict[str, Heard]]:
    rig = Rig(link=link).feed(*frames).wait(3)
    return rig.effects, rig.spool


def test_a_replay_gives_the_same_ids_records_and_packets() -> None:
    frames = [*opened(), *talk(20), *HANG_UP]
    assert played(frames) == played(frames)
    (rang,) = [effect.record for effect in played(frames)[0] if isinstance(effect, Emit) and isinstance(effect.record, CallRinging)]
    assert rang.at == START + SECOND // 50


def test_plain_frames_tagged_frames_and_raw_packets_give_the_same() -> None:
    plain = [*opened(), *talk(20), *HANG_UP]
    tagged = [*opened([7]), *talk(20, [7, 8]), *[data[:12] + b"\x88\xa8\x00\x05" + data[12:] for data in HANG_UP]]
    assert played(plain) == played(tagged) == played([data[14:] for data in plain], LINK_RAW)


LENGTHS = st.one_of(st.none(), st.integers(0, 80), st.integers(0, 65535))
FIRST = st.sampled_from([0x80, 0x90, 0xA1, 0x00, 0x49, 0xC0])


@given(FIRST, st.integers(0, 255), st.binary(max_size=40), LENGTHS, LENGTHS, st.integers(-20, 30))
def test_the_short_way_and_the_long_way_agree_on_frames_that_lie(
    first: int, second: int, payload: bytes, ip_length: int | None, udp_length: int | None, trailer: int
) -> None:
    """What is no RTP, lengths of IP and UDP that lie, trailers and cuts, on the addresses of a known stream."""
    packet = bytes([first, second]) + rtp(3, ssrc=1, payload=payload)[2:]
    data = bytearray(frame(PHONE, DESK, packet))
    if ip_length is not None:
        data[16:18] = ip_length.to_bytes(2, "big")
    if udp_length is not None:
        data[38:40] = udp_length.to_bytes(2, "big")
    data = data + bytes(trailer) if trailer >= 0 else data[:trailer]

    def outcome(tag: bytes) -> tuple[list[bytes], list[str]]:
        rig = Rig().feed(*opened(), *talk(1)).feed(bytes(data[:12] + tag + data[12:]))
        return rig.packets(Side.CALLER), [effect.name for effect in rig.effects if isinstance(effect, Weird)]

    assert outcome(b"") == outcome(b"\x81\x00\x00\x07")


def test_a_frame_that_leaves_its_length_open_cannot_overflow_the_spool() -> None:
    huge = bytearray(frame(PHONE, DESK, rtp(1, ssrc=1, payload=b"")) + bytes(100_000))
    huge[16:18] = huge[38:40] = b"\x00\x00"
    (packet,) = Rig().feed(*opened(), bytes(huge)).packets(Side.CALLER)
    assert len(packet) < 65536


def mixed(dice: random.Random, number: int) -> bytes:
    """One frame of a flood of everything."""
    kind = number % 6
    if kind == 0:
        return carried(Call(call_id=f"flood-{number}", caller_tag=f"{number}").invite(OFFER))
    if kind == 1:
        return frame(Address(dice.randbytes(4), number & 0xFFFF), DESK, rtp(number, ssrc=number))
    if kind == 2:
        head = bytearray(frame(PHONE, DESK, b"x" * 640))
        head[18:20], head[20] = (number // 6 & 0xFFFF).to_bytes(2, "big"), 0x20
        return bytes(head)
    if kind == 3:
        segment = number.to_bytes(4, "big") + b"\x13\xc4" + dice.randbytes(8) + b"\x50\x18" + bytes(6) + b"INVITE sip:" + b"x" * 600
        head = bytearray(frame(PHONE, DESK, b""))[:34]
        head[16:18], head[23] = (20 + len(segment) - 2).to_bytes(2, "big"), 6
        return bytes(head) + segment[2:]
    if kind == 4:
        return carried(CALL.request("INVITE", sdp(port=number % 60000 + 1), sequence=number, branch=f"{number}"))
    return carried(CALL.response(180 + dice.randrange(400), tag=f"{number}", branch=f"{number}"), by=Side.CALLED)


def test_the_taps_memory_is_bounded() -> None:
    """A flood of new calls, senders, fragments, connections and branches: once the tables are full nothing grows."""
    rig, dice = Rig(office(capture={"max_calls": 20})), random.Random(1)
    rig.feed(*opened())

    def flood(begin: int, end: int) -> None:
        for number in range(begin, end):
            rig.at += 1000
            rig.engine.frame(LINK_ETHERNET, mixed(dice, number), rig.at, rig.at)
            if number % 500 == 0:
                rig.engine.take_streams(rig.at)
                rig.engine.take_effects()
        rig.engine.take_streams(rig.at)
        rig.engine.take_effects()

    tracemalloc.start()
    try:
        flood(0, 13_000)
        full = tracemalloc.get_traced_memory()[0]
        flood(13_000, 17_000)
        grown = tracemalloc.get_traced_memory()[0] - full
    finally:
        tracemalloc.stop()
    assert len(rig.engine.tracker) <= 20
    assert grown < 400_000


@given(st.lists(st.tuples(st.sampled_from([0, 1, 101, 113, 276]), st.binary(max_size=120)), max_size=30))
def test_any_frames_give_effects_and_no_exception(frames: list[tuple[int, bytes]]) -> None:
    rig = Rig().feed(*opened())
    for link, data in frames:
        rig.feed(data, link=link)
    rig.wait(2)
    assert rig.engine.frames == 3 + len(frames)


@needs.shared
@pytest.mark.parametrize(
    ("name", "calls", "answered"),
    [
        ("ws-SIP_CALL_RTP_G711.pcap", 2, 1),
        ("ws-SIP_DTMF2.pcap", 2, 1),
        ("ws-sip-rtp-g711.pcap", 2, 2),
        ("ws-sip-rtp-l16.pcap", 4, 4),
        ("nextcaller-sip-tcp.pcap", 5, 5),
        ("ndpi-http-on-sip-port.pcap", 0, 0),
        ("ndpi-linecall-falsepositive.pcap", 0, 0),
        ("ndpi-teamspeak3.pcap", 0, 0),
    ],
)
def test_public_captures_hold_the_calls_their_index_says(name: str, calls: int, answered: int) -> None:
    rig = Rig(Config())
    for link, data, at in pcapfile.frames(needs.PCAPS / name):
        rig.at = max(rig.at, at) if rig.at != START else at
        rig.engine.frame(link, data, at, rig.at)
    rig.engine.finish()
    ended = [effect.record for effect in rig.take().effects if isinstance(effect, Emit) and isinstance(effect.record, CallEnded)]
    assert (len(ended), sum(record.answered_at is not None for record in ended)) == (calls, answered)
    assert len({keep.call for keep in rig.effects if isinstance(keep, Keep)}) == calls


@needs.shared
def test_the_sides_of_a_public_call_are_heard_as_its_index_says() -> None:
    """891 packets of one side and 548 of the other, whose silence is suppressed."""
    rig = Rig(Config())
    for link, data, at in pcapfile.frames(needs.PCAPS / "ws-SIP_CALL_RTP_G711.pcap"):
        rig.engine.frame(link, data, at, at)
    streams = rig.engine.take_streams(rig.at)
    assert sorted(len(unpacked(packets)) for _, packets in streams) == [548, 891]
    assert {stream.speaker for stream, _ in streams} == set(Side)
    assert {stream.codecs for stream, _ in streams} == {("PCMA",)}
