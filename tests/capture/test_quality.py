"""Jitter, losses and what they do to speech: as RFC 3550 writes it down, as tshark counts it, as G.107 tabulates it."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import pcapfile, rtp
from capture.frames import Datagram, Dissector
from capture.quality import BEST, IMPAIRMENTS, Jitter, Losses, opinion, rating
from capture.timeline import MAX_DROPOUT
from tests import needs
from tests.bed.made import MadeCall
from tests.bed.recorded import all_recordings, recorded

MS = 1_000_000


def plainly(at: list[int], timestamp: list[int], clock: int) -> list[float]:
    """RFC 3550 §A.8, written as it stands there, in units of the clock."""
    jitter, found = 0.0, []
    for (before, stamp_before), (now, stamp) in pairwise(zip(at, timestamp, strict=True)):
        difference = abs((now - before) * clock / 1e9 - (stamp - stamp_before))
        jitter += (difference - jitter) / 16
        found.append(jitter)
    return found


@given(st.lists(st.integers(-30 * MS, 30 * MS), min_size=2, max_size=300), st.integers(1, 80))
def test_jitter_is_that_of_the_rfc_in_slices_of_any_size(delays: list[int], cut: int) -> None:
    at = [1_000_000_000 + place * 20 * MS + delay for place, delay in enumerate(delays)]
    stamps = [place * 160 for place in range(len(delays))]
    jitter = Jitter(8000)
    for begin in range(0, len(at), cut):
        jitter.add(np.array(at[begin : begin + cut]), np.array(stamps[begin : begin + cut]))
    expected = plainly(at, stamps, 8000)
    assert jitter.mean == pytest.approx(sum(expected) / len(expected) / 8)
    assert jitter.most == pytest.approx(max(expected) / 8)


def test_a_timestamp_that_wraps_or_is_set_anew_is_no_jitter() -> None:
    at = np.arange(100) * 20 * MS
    wrapped = (0xFFFFFFFF - 50 * 160 + np.arange(100) * 160) % (1 << 32)
    anew = np.where(np.arange(100) < 50, 0, 1_000_000) + np.arange(100) * 160
    for stamps in (wrapped, anew):
        jitter = Jitter(8000)
        jitter.add(at, stamps)
        assert (jitter.mean, jitter.most) == (0.0, 0.0)


def test_nothing_has_no_jitter_and_no_losses() -> None:
    jitter, losses = Jitter(8000), Losses()
    jitter.add(np.array([], np.int64), np.array([], np.int64))
    losses.add(np.array([], np.int64), MAX_DROPOUT)
    assert (jitter.mean, jitter.most, losses.ratio, losses.burst_ratio) == (0.0, 0.0, 0.0, 1.0)


def test_losses_are_counted_in_runs_across_slices() -> None:
    losses = Losses()
    for part in ([1, 2, 4], [5, 9, 10], [20_000, 20_001]):
        losses.add(np.array(part), MAX_DROPOUT)
    assert (losses.received, losses.lost, losses.bursts, losses.longest) == (8, 4, 2, 3)
    assert losses.burst_ratio == pytest.approx(2 * (1 - 4 / 12))


def lost(percent: float, run: int = 1) -> Losses:
    losses = Losses(received=round(10_000 * (1 - percent / 100)), lost=round(100 * percent))
    losses.bursts, losses.longest = max(1, losses.lost // run), run
    return losses


@pytest.mark.parametrize(
    ("encoding", "percent", "expected"),
    [("PCMU", 0, 93.2), ("PCMA", 0, 93.2), ("G729", 0, 82.2), ("G723", 0, 78.2), ("GSM", 0, 73.2), ("G726-32", 0, 86.2),
     ("AAL2-G726-16", 0, 43.2), ("PCMU", 5, 77.4), ("G729", 5, 64.7)],
)  # fmt: skip
def test_the_rating_is_that_of_the_formula(encoding: str, percent: float, expected: float) -> None:
    """With random losses: 93.2 - Ie - (95 - Ie) * Ppl / (Ppl + Bpl)."""
    assert rating(encoding, lost(percent)) == pytest.approx(expected, abs=0.15)


def test_losses_in_a_row_are_worse_than_the_same_losses_apart() -> None:
    found = [rating("PCMU", lost(3, run)) for run in (1, 2, 5)]
    assert None not in found
    assert found == sorted(found, key=lambda value: -(value or 0))
    assert rating("OPUS", lost(0)) is None


@pytest.mark.parametrize(
    ("r", "mos"), [(-1, 1.0), (0, 1.0), (50, 2.58), (60, 3.1), (70, 3.6), (80, 4.03), (90, 4.34), (93.2, 4.41), (100, 4.5)]
)
def test_the_opinion_is_that_of_the_table(r: float, mos: float) -> None:
    """ITU-T G.107, table B.1."""
    assert opinion(r) == pytest.approx(mos, abs=0.01)


@given(st.sampled_from(sorted(IMPAIRMENTS)), st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 100))
def test_every_rating_is_on_the_scale(encoding: str, received: int, missing: int, run: int) -> None:
    losses = Losses(received=received, lost=missing, bursts=-(-missing // run))
    found = rating(encoding, losses)
    assert found is not None
    assert 0 <= found <= BEST
    assert 1 <= opinion(found) <= 4.5


def test_a_recording_says_how_each_side_arrived(tmp_path: Path) -> None:
    call = MadeCall(talk=2.0)
    frames = call.frames()
    spoken = [place for place, one in enumerate(frames) if one.frame[50:54] == call.ssrc(0).to_bytes(4, "big")]
    missing = {*spoken[20:23], *spoken[40:41]}
    box = recorded(tmp_path / "var", frames=[one for place, one in enumerate(frames) if place not in missing])
    (recording,) = all_recordings(box)
    caller, called = (recording.facts.quality[side] for side in ("caller", "called"))
    assert (caller["bursts"], caller["longest_burst"], caller["lost"]) == (2, 3, 4)
    assert (called["bursts"], called["r"], called["mos"], called["jitter"]) == (0, 93.2, 4.41, 0.0)
    assert caller["mos"] < 4.3
    assert "G.107" in called["method"]


@needs.shared
@needs.program("tshark")
@pytest.mark.parametrize("name", ["ws-SIP_CALL_RTP_G711.pcap", "ws-sip-rtp-g711.pcap", "ws-sip-rtp-g729a.pcap"])
def test_tshark_counts_the_same_losses_and_much_the_same_jitter(name: str) -> None:
    """Where silence is not sent, tshark leaves out the first packet of each stretch of speech; RFC 3550 does not."""
    shown = subprocess.run(
        ["tshark", "-r", str(needs.PCAPS / name), "-q", "-z", "rtp,streams"], check=True, capture_output=True, text=True
    ).stdout
    streams: dict[int, list[tuple[int, int, int]]] = {}
    dissector = Dissector()
    for link, frame, at in pcapfile.frames(needs.PCAPS / name):
        one = dissector.dissect(link, frame, at)
        if isinstance(one, Datagram) and rtp.looks_like_rtp(one.payload):
            try:
                packet = rtp.parse(one.payload)
            except rtp.RtpError:
                continue
            streams.setdefault(packet.ssrc, []).append((at, packet.timestamp, packet.sequence))
    compared = 0
    for line in shown.splitlines():
        told = re.search(r"0x([0-9A-F]{8}).*?(\d+)\s+(-?\d+) \([-\d.]+%\)((?:\s+[\d.]+)+)", line)
        if told is None or int(told[1], 16) not in streams:
            continue
        rows = np.array(streams[int(told[1], 16)])
        jitter, losses = Jitter(8000), Losses()
        jitter.add(rows[:, 0], rows[:, 1])
        losses.add(np.unique(rows[:, 2]), MAX_DROPOUT)
        assert losses.lost == int(told[3])
        *_, mean, most = (float(word) for word in told[4].split())
        if np.ptp(np.diff(rows[:, 1])) == 0:
            assert jitter.most == pytest.approx(most, rel=0.1, abs=0.1)
            assert jitter.mean == pytest.approx(mean, rel=0.1, abs=0.1)
        compared += 1
    assert compared
