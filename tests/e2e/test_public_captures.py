"""The public captures (../shared/pcaps) replay without a traceback, and give the calls, numbers and codecs that tshark sees."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from appliance.box import Box
from appliance.ledger import Ledger
from appliance.records import CallRinging, SegmentClosed
from tests import needs

pytestmark = [needs.shared, needs.program("tshark")]

CAPTURES = sorted(needs.PCAPS.glob("*.pcap*")) if needs.PCAPS.is_dir() else []
NAMES = {
    "g711U": "PCMU", "g711A": "PCMA", "g722": "G722", "g729": "G729", "speex": "SPEEX", "L16": "L16",
    "Exp. from Xerox PARC": "LPC", "telephone-event": "TELEPHONE-EVENT",
}  # fmt: skip


class Seen(NamedTuple):
    """One call as tshark sees it."""

    call_id: str
    caller: str
    called: frozenset[str]
    """User parts of Request-URI and To."""


def tshark(capture: Path, *words: str) -> str:
    return subprocess.run(["tshark", "-r", str(capture), *words], capture_output=True, text=True, check=False).stdout


def calls_by_tshark(capture: Path) -> dict[str, Seen]:
    fields = ("sip.Call-ID", "sip.from.user", "sip.r-uri.user", "sip.to.user")
    wanted = [word for field in fields for word in ("-e", field)]
    found: dict[str, Seen] = {}
    for line in tshark(capture, "-Y", 'sip.Method == "INVITE"', "-T", "fields", *wanted).splitlines():
        call_id, caller, *called = line.split("\t")
        found.setdefault(call_id, Seen(call_id, caller, frozenset(called)))
    return found


def streams_by_tshark(capture: Path) -> dict[str, tuple[frozenset[str], int]]:
    """SSRC → (encodings, packets) of the audio that tshark ties to a call or knows by its payload type."""
    found = {}
    for line in tshark(capture, "-q", "-z", "rtp,streams").splitlines():
        parts = re.match(r"\s*[\d.]+\s+[\d.]+\s+\S+\s+\d+\s+\S+\s+\d+\s+0x([0-9A-F]{8})\s+(.+?)\s+(\d+)\s+-?\d+ \(", line)
        if parts:
            names = frozenset(NAMES.get(name.strip(), name.strip()) for name in parts[2].split(","))
            found[parts[1]] = (names, int(parts[3]))
    return found


def replay(capture: Path, data: Path) -> tuple[int, str, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "replay", str(capture), "--data", str(data), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_a_public_capture_replays_and_agrees_with_tshark(capture: Path, tmp_path: Path) -> None:
    code, said, calls = replay(capture, tmp_path)
    assert "Traceback" not in said
    assert code == 0, said
    expected = calls_by_tshark(capture)
    with Ledger.open(Box.at(tmp_path).folders.ledger) as ledger:
        rows = [row.record for row in ledger.since(0, (CallRinging, SegmentClosed), limit=100_000)]
    ringing = {record.call: record for record in rows if isinstance(record, CallRinging)}
    assert {record.sip_call_id for record in ringing.values()} == set(expected)
    for call in calls:
        seen = expected[ringing[call["call"]].sip_call_id]
        assert (call["caller_raw"] or "") in (seen.caller, "200.57.7.195"), seen  # that caller has no user part, only a host
        assert call["called_raw"] in seen.called, seen
        assert call["recorded"] or call["not_recorded_reason"]
    if expected:
        streams = streams_by_tshark(capture)
        for record in rows:
            if isinstance(record, SegmentClosed):
                names, packets = streams[f"{record.ssrc:08X}"]
                assert set(record.codecs) & names or names == {"h263"}, (record.codecs, names)
                assert record.packets == packets


def test_an_answered_call_both_ways_is_recorded_as_the_index_says(tmp_path: Path) -> None:
    _, _, calls = replay(needs.PCAPS / "ws-SIP_CALL_RTP_G711.pcap", tmp_path)
    first, second = calls
    assert (first["recorded"], second["recorded"], second["not_recorded_reason"]) == (True, False, "not_answered")
    assert first["recording"]["packets"] == 891 + 548
    assert first["recording"]["codecs"] == ["PCMA"]
    assert first["recording"]["one_sided"] is False
    assert abs(first["recording"]["duration"] - 26.43) < 0.1  # 8.479 s to 34.909 s, silence suppression and all
    assert second["caller_name"] == "Ivan Alizade"


def test_a_wideband_call_is_recorded_in_wideband(tmp_path: Path) -> None:
    _, _, (call,) = replay(needs.PCAPS / "ws-sip-rtp-g722.pcap", tmp_path)
    assert call["recording"]["sample_rate"] == 16000
    assert call["recording"]["codecs"] == ["G722"]
    assert call["recording"]["one_sided"] is True
    assert abs(call["recording"]["duration"] - 8.5) < 0.05


@pytest.mark.parametrize(
    ("name", "encodings"),
    [
        ("ws-sip-rtp-g729a.pcap", [("G729", 8000)]),
        ("ws-sip-rtp-speex.pcap", [("SPEEX", 8000), ("SPEEX", 16000), ("SPEEX", 48000)]),
        ("ws-sip-rtp-l16.pcap", [("L16", 8000), ("L16", 16000), ("L16", 12000), ("L16", 48000)]),
    ],
)
def test_calls_of_rarer_codecs_are_recorded(name: str, encodings: list[tuple[str, int]], tmp_path: Path) -> None:
    _, _, calls = replay(needs.PCAPS / name, tmp_path)
    found = [(*call["recording"]["codecs"], call["recording"]["sample_rate"]) for call in calls]
    assert found == encodings
    for call in calls:
        assert abs(call["recording"]["duration"] - call["duration"]) < 0.05
        assert call["recording"]["quality"]["undecoded"] == {}
