"""Ports of the media, and Japanese tones."""

from __future__ import annotations

from provisioning.asterisk import sounds
from tests.bed.boxes import section, wiring


def test_ports_and_tones() -> None:
    assert section(sounds.rtp(wiring()), "general")["rtpstart"] == "10000"
    assert section(sounds.indications(), "jp")["ring"] == "400*16/1000,0/2000"
    assert section(sounds.indications(), "general")["country"] == "jp"
