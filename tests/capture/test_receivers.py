"""Where losses arose, as the receiver's reports tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.ledger import Ledger
from appliance.moments import MILLISECOND, SECOND
from appliance.records import Side
from capture.blocks import SipBlock
from capture.dialog import LINGER
from capture.engine import Engine
from capture.frames import Address
from capture.pcapfile import Captured
from capture.receivers import METHOD, Origin, Origins, Told, about
from capture.recorder import Recorder
from capture.recovery import rebuild
from capture.replay import replay
from capture.rtcp import Block
from capture.scribe import Inline
from capture.spool import Reel
from capture.worker import Worker
from tests import needs
from tests.bed.made import CALLED_HOST, CALLER_HOST, PTIME, MadeCall
from tests.bed.quality import answered_at, keyed, numbered
from tests.bed.recorded import all_recordings, recorded
from tests.bed.reports import receiver, reported, sender, voip

CALL = MadeCall(talk=4.0)
OUR_GAP, THEIR_GAP = range(30, 34), range(120, 123)


def told(*pairs: tuple[int, int]) -> list[Told]:
    """Reports a second apart: (highest sequence number, lost so far)."""
    return [Told(place * SECOND, highest, lost) for place, (highest, lost) in enumerate(pairs, 1)]


def origin(reports: list[Told], *missing: tuple[int, int], first: int = 0) -> Origin:
    """Of (number behind the gap, lost); fifty packets a second."""
    found = Origins(reports)
    found.begin(first)
    for number, lost in missing:
        found.miss(number, number * SECOND // 50, lost=lost, never=0)
    return found.origin


@pytest.mark.parametrize(
    ("reports", "missing", "expected"),
    [
        (told((49, 0), (99, 3)), [(70, 3)], Origin(network=3)),
        (told((49, 0), (99, 0)), [(70, 3)], Origin(mirror=3)),
        (told((49, 0), (99, 2)), [(70, 3)], Origin(network=2, mirror=1)),
        (told((49, 0), (99, 3)), [], Origin(beyond=3)),
        (told((49, 0), (99, 3)), [(20, 3)], Origin(mirror=3, beyond=3)),
        (told((49, 0)), [(70, 3)], Origin(unknown=3)),
        ([], [(70, 3)], Origin(unknown=3)),
        (told((49, 1), (99, 0)), [], Origin()),
    ],
    ids=[
        "both miss",
        "we alone",
        "we more",
        "it alone",
        "at different times",
        "after the last report",
        "no report",
        "late, not lost",
    ],
)
def test_what_both_miss_the_network_lost_and_what_we_miss_alone_the_mirror(
    reports: list[Told], missing: list[tuple[int, int]], expected: Origin
) -> None:
    assert origin(reports, *missing) == expected


def test_a_loss_belongs_to_the_report_that_covers_its_number() -> None:
    """The packet came a moment before the report, which was on its way already and does not speak of it."""
    reports = [Told(SECOND, 47, 0), Told(2 * SECOND, 97, 2)]
    assert origin(reports, (49, 2)) == Origin(network=2)


def test_numbers_that_wrap_are_compared_all_the_same() -> None:
    reports = [Told(SECOND, 0xFFF0, 0), Told(2 * SECOND, 20, 3)]
    found = Origins(reports)
    found.begin(0xFFD0)
    found.miss(0x10005, 3 * SECOND // 2, lost=3, never=0)
    assert found.origin == Origin(network=3)


def test_a_receiver_that_counts_from_before_us_or_begins_anew_accuses_nobody() -> None:
    assert origin(told((1049, 500), (1099, 502)), (1070, 2), first=1000) == Origin(network=2)
    assert origin(told((49, 80), (99, 0), (149, 1)), (120, 1), first=0xFF00) == Origin(network=1, beyond=80)


def test_numbers_that_are_no_losses_are_taken_from_the_receivers_count() -> None:
    found = Origins(told((49, 0), (99, 12)))
    found.miss(70, SECOND, lost=0, never=10)
    assert found.origin == Origin(beyond=2)


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(-(1 << 23), (1 << 23) - 1)), max_size=20),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 1 << 40), st.integers(0, 3000)), max_size=20),
)
def test_every_loss_has_one_origin(reports: list[tuple[int, int]], missing: list[tuple[int, int, int]]) -> None:
    found = Origins(told(*reports))
    for number, at, lost in missing:
        found.begin(number)
        found.miss(number, at, lost=lost, never=0)
    assert sum(found.origin[:3]) == sum(lost for *_, lost in missing)
    assert min(found.origin) >= 0


def test_the_way_to_a_party_and_back_is_measured_from_the_mirror_port() -> None:
    a, b = Address(CALLER_HOST, 20001), Address(CALLED_HOST, 20003)
    seen = [SipBlock(SECOND, a, b, sender(1, ntp=0x12345678_9ABCDEF0))]
    answer = receiver(2, [Block(1, 0, 0, 9, 0, 0x56789ABC, 65536 // 2)])
    seen.append(SipBlock(SECOND * 3 // 2 + 30 * MILLISECOND, b, a, answer))
    assert about(1, CALLER_HOST, CALLED_HOST, seen).round_trip == 30.0
    assert about(1, CALLER_HOST, CALLED_HOST, seen[1:]).round_trip is None
    assert about(1, CALLED_HOST, CALLER_HOST, seen).told == [], "who sends a stream does not report on it"


def frames(*, muxed: bool = False, extended: bool = False) -> list[Captured]:
    """We miss 30 to 33, which the called side received; nobody got 120 to 122, of which the last report tells."""
    made = numbered(CALL, 0, CALL.frames(), lambda number: number not in (*OUR_GAP, *THEIR_GAP))
    for at, highest, lost in ((1.0, 49, 0), (2.0, 99, 0), (3.0, 149, 3)):
        block = Block(CALL.ssrc(0), 0, lost, highest, 0, 0, 0)
        data = receiver(CALL.ssrc(1), [block]) + (voip(CALL.ssrc(1), CALL.ssrc(0), r=71, mos=36) if extended else b"")
        made.append(reported(CALL, answered_at(CALL) + round(at * SECOND), data, side=1, muxed=muxed))
    return sorted(made, key=lambda one: one.at)


def caller(folder: Path, made: list[Captured]) -> dict[str, Any]:
    (recording,) = all_recordings(recorded(folder / "var", frames=made))
    found: dict[str, Any] = recording.facts.quality["caller"]
    return found


@pytest.mark.parametrize("muxed", [False, True])
def test_a_recording_says_whether_the_network_or_the_mirror_lost(tmp_path: Path, muxed: bool) -> None:
    quality = caller(tmp_path, frames(muxed=muxed))
    assert quality["lost"] == 7
    assert (quality["network_lost"], quality["mirror_lost"], quality["unknown_lost"], quality["beyond_lost"]) == (3, 4, 0, 0)
    assert quality["origin_method"] == METHOD


def test_without_reports_nothing_is_said_of_the_origin(tmp_path: Path) -> None:
    made = [one for one in frames() if one.frame[36:38] != (CALL.port(0) + 1).to_bytes(2, "big")]
    quality = caller(tmp_path, made)
    assert quality["lost"] == 7
    assert not [name for name in quality if name.endswith("_lost")]


def test_what_the_telephone_says_of_itself_is_told(tmp_path: Path) -> None:
    assert caller(tmp_path, frames(extended=True))["receiver_says"] == {"r": 71, "mos": 3.6, "discarded": 0.0}


def test_keys_that_the_receiver_counts_as_lost_accuse_nobody(tmp_path: Path) -> None:
    call, made = keyed()
    block = Block(call.ssrc(0), 0, 10, 79, 0, 0, 0)
    made.append(reported(call, answered_at(call) + 80 * PTIME, receiver(call.ssrc(1), [block]), side=1))
    quality = caller(tmp_path, sorted(made, key=lambda one: one.at))
    assert (quality["lost"], quality["beyond_lost"], quality["mirror_lost"]) == (0, 0, 0)


def test_reports_survive_a_recorder_that_was_killed(tmp_path: Path) -> None:
    box, made = Box.at(tmp_path / "var"), frames()
    with Ledger.open(box.folders.ledger) as ledger:
        for part in (made[: len(made) * 3 // 5], made[len(made) * 3 // 5 :]):
            reel = Reel(box.folders.spool, "eth1")
            engine = Engine(box.config, via="eth1")
            rebuild(engine, reel, ledger, part[0].at)
            recorder = Recorder(engine, reel, Inline(ledger, reel, box.folders, SystemClock()), box.config)
            for link, frame, at in part:
                engine.frame(link, frame, at, at)
                recorder.perform(at)
            recorder.flush(part[-1].at)
            if part[-1] is made[-1]:
                engine.tick(made[-1].at + LINGER)
                recorder.perform(made[-1].at)
            reel.close()
        worker = Worker(box, ledger, SystemClock())
        while worker.one():
            pass
    (recording,) = all_recordings(box)
    quality = recording.facts.quality["caller"]
    assert (quality["network_lost"], quality["mirror_lost"], quality["unknown_lost"]) == (3, 4, 0)


@needs.shared
def test_reports_of_a_public_capture_lie_on_the_spool_and_give_round_trips(tmp_path: Path) -> None:
    box = Box.at(tmp_path / "var")
    replay(box, needs.PCAPS / "ws-SIP_CALL_RTP_G711.pcap")
    found = [recording.facts.quality[side.value] for recording in all_recordings(box) for side in Side]
    assert any(0 < quality.get("round_trip", 0) < 1000 for quality in found)
    assert all(quality["lost"] == sum(quality[f"{name}_lost"] for name in ("network", "mirror", "unknown")) for quality in found)
