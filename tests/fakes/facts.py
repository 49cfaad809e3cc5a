"""Ready-made records of one call, from ringing to stored: a test changes the fields that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from appliance.moments import SECOND
from appliance.records import CallAnswered, CallEnded, CallNotRecorded, CallRinging, RecordingReady, UploadDone
from tests.fakes.clock import START

CALL = "callaaaaaaaaaaaa"
RECORDING = "recordingaaaaaaa"
HASH = "ab" * 32


def ringing(**changes: Any) -> CallRinging:
    """An inbound call of 03-1234-5678."""
    fact = CallRinging(
        at=START, call=CALL, direction="inbound", caller="0312345678", caller_raw="0312345678", caller_e164="+81312345678",
        caller_name="", caller_reason=None, called="0398765432", called_raw="03-9876-5432", called_e164="+81398765432",
        line="03-9876-5432", start_seen=True, via="tap", sip_call_id="a@b", headers=("From: <sip:0312345678@ntt>",),
    )  # fmt: skip
    return replace(fact, **changes)


def answered(**changes: Any) -> CallAnswered:
    """Three seconds later."""
    return replace(CallAnswered(at=START + 3 * SECOND, call=CALL), **changes)


def ended(**changes: Any) -> CallEnded:
    """A minute after the answer."""
    fact = CallEnded(
        at=START + 63 * SECOND, call=CALL, reason="bye", sip_status=200, started_at=START, ringing_at=START + SECOND,
        answered_at=START + 3 * SECOND, end_seen=True,
    )  # fmt: skip
    return replace(fact, **changes)


def not_recorded(**changes: Any) -> CallNotRecorded:
    """No audio was seen."""
    return replace(CallNotRecorded(at=START + 64 * SECOND, call=CALL, reason="no_media", detail="no RTP"), **changes)


def poor(silent: str = "") -> dict[str, Any]:
    """The quality of a recording in which all went wrong that can be told."""
    arrival = {
        "packets": 3000, "lost": 14, "late": 4, "concealed": 60, "outage": 2020, "longest_burst": 3, "jitter": 12.34, "r": 71.2,
        "mos": 3.62, "method": "ITU-T G.107", "drift": 31.5, "drift_method": "Theil–Sen", "round_trip": 48.2, "network_lost": 3,
        "mirror_lost": 4, "unknown_lost": 7, "beyond_lost": 5, "origin_method": "RTCP receiver reports", "receiver_says": {"mos": 3.4},
    }  # fmt: skip
    unreported = {"packets": 3000, "lost": 2, "jitter": 1.0, "longest_burst": 1, "drift": -12.0, "drift_method": "Theil–Sen"}
    return {"caller": arrival, "called": unreported, "silent": silent, "kernel_dropped": 12}


def ready(**changes: Any) -> RecordingReady:
    """The call's recording."""
    fact = RecordingReady(
        at=START + 65 * SECOND, recording=RECORDING, call=CALL, file="2026/09/21/r.flac.age", manifest="2026/09/21/r.json.age",
        manifest_sha256=HASH,
        format="flac", channels=2, sample_rate=8000, seconds=60.0, started_at=START + 3 * SECOND, bytes=1000, sealed_sha256=HASH,
        plain_sha256=HASH, codecs=("PCMU",), packets=6000, lost=0, late=0, one_sided=False, cut=False, quality={"mos": 4.2},
        recipients=("playback",), epoch=1, sequence=1, previous="0" * 64, chain=HASH, signature=HASH,
    )  # fmt: skip
    return replace(fact, **changes)


def stored(**changes: Any) -> UploadDone:
    """The recording's object."""
    fact = UploadDone(
        at=START + 70 * SECOND, recording=RECORDING, store="folder", key="v1/local/1/r.flac.age",
        manifest_key="v1/local/1/r.json.age", bytes=1000, sha256=HASH, verified="read-back",
    )  # fmt: skip
    return replace(fact, **changes)
