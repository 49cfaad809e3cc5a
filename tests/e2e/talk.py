"""The call that several of these tests hold."""

from __future__ import annotations

from tests.bed import speech
from tests.bed.encode import encode
from tests.bed.sipp import Talk

CALLER, CALLED = "09011112222", "0312345678"
TURNS = (
    ("called", "Good morning, this is the Tokyo branch of the company."),
    ("caller", "Hello, I am calling because of the delivery."),
    ("called", "It is on its way to you."),
)


def held() -> tuple[Talk, dict[str, speech.Samples]]:
    """A call, and what each side says in it (16 kHz)."""
    tracks = dict(zip(("caller", "called"), speech.conversation(TURNS), strict=True))
    payloads = {side: encode(track, speech.RATE, "PCMU") for side, track in tracks.items()}
    length = len(tracks["caller"]) * 1000 // speech.RATE
    talk = Talk(
        caller=CALLER,
        called=CALLED,
        caller_payload=payloads["caller"],
        called_payload=payloads["called"],
        talk_ms=length + 200,
    )
    return talk, tracks
