"""tshark gives a second opinion: calls, streams, packets, loss and jitter agree on every public capture and on our own cases, or README.md
says why they do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import CallRinging, RecordingReady, SegmentClosed
from capture.replay import replay
from tests import needs
from tests.bed import tshark
from tests.bed.cases import CASES

pytestmark = needs.program("tshark")

PUBLIC = sorted(needs.PCAPS.glob("*.pcap*")) if needs.PCAPS.is_dir() else []
OURS = [
    CASES / name / "capture.pcap"
    for name in (
        "plain", "nested", "fragments-ipv4", "fragments-ipv6", "tcp", "nat", "early-media", "ssrc-change", "port-change", "hold-music",
        "hold-silent", "silence-suppression", "loss", "jitter", "duplicated", "digits-rfc4733", "codec-g722", "codec-opus", "codec-g723",
    )
]  # fmt: skip
OTHERWISE = {"ws-SIP_DTMF2.pcap": {"jitter"}}
"""Where tshark sees it otherwise; README.md says why."""


class Ours(NamedTuple):
    """One stream as we see it."""

    packets: int
    lost: int
    jitter: float | None
    """Where its side has no other stream."""


def name_of(capture: Path) -> str:
    return capture.parent.name if capture.parent.parent == CASES else capture.name


def heard(capture: Path, folder: Path) -> tuple[set[str], dict[tuple[str, str, int], Ours]]:
    """Call-IDs and streams of a replay."""
    box = Box.at(folder)
    replay(box, capture)
    with Ledger.open(box.folders.ledger) as ledger:
        records = [row.record for row in ledger.since(0, limit=100_000)]
    quality = {record.call: record.quality for record in records if isinstance(record, RecordingReady)}
    segments = [record for record in records if isinstance(record, SegmentClosed)]
    found = {}
    for segment in segments:
        alone = sum(1 for other in segments if (other.call, other.side) == (segment.call, segment.side)) == 1
        rated: dict[str, Any] = quality.get(segment.call, {}).get(segment.side, {})
        found[segment.source, segment.destination, segment.ssrc] = Ours(
            segment.packets, segment.lost, rated.get("jitter") if alone else None
        )
    return {record.sip_call_id for record in records if isinstance(record, CallRinging)}, found


def differences(capture: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """(what, in words) of everything that tshark sees otherwise."""
    calls, ours = heard(capture, folder)
    theirs = tshark.calls(capture)
    if calls != theirs:
        yield "calls", f"{sorted(calls)} and {sorted(theirs)}"
    streams = {(stream.source, stream.destination, stream.ssrc): stream for stream in tshark.streams(capture)}
    for key, mine in ours.items():
        other = streams.get(key)
        if other is None:
            yield "streams", f"{key} is unknown to tshark"
            continue
        if mine.packets != other.packets:
            yield "packets", f"{key}: {mine.packets} and {other.packets}"
        if mine.lost != max(0, other.lost):
            yield "loss", f"{key}: {mine.lost} and {other.lost}"
        if mine.jitter is not None and abs(mine.jitter - other.jitter) > 0.002 + 0.02 * other.jitter:
            yield "jitter", f"{key}: {mine.jitter} and {other.jitter}"


@pytest.mark.parametrize("capture", OURS, ids=name_of)
def test_tshark_agrees_on_a_case_of_ours(capture: Path, tmp_path: Path) -> None:
    found = list(differences(capture, tmp_path / "var"))
    assert {what for what, _ in found} == OTHERWISE.get(name_of(capture), set()), found


@needs.shared
@pytest.mark.parametrize("capture", PUBLIC, ids=name_of)
def test_tshark_agrees_on_a_public_capture(capture: Path, tmp_path: Path) -> None:
    found = list(differences(capture, tmp_path / "var"))
    assert {what for what, _ in found} == OTHERWISE.get(name_of(capture), set()), found


def test_every_difference_is_explained() -> None:
    text = (CASES / "README.md").read_text("utf-8")
    for name in OTHERWISE:
        assert f"`{name}`" in text
