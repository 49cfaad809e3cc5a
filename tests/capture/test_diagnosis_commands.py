"""Diagnosis on the command line: a file is laid out as text, JSON and a drawing; what cannot be done is one sentence."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests import needs
from tests.bed.made import MadeCall, write_pcap
from tests.bed.program import appliance

CALL = MadeCall(talk=0.4)


@needs.program("tshark")
def test_a_file_is_laid_out(tmp_path: Path) -> None:
    file, data = write_pcap(tmp_path / "a.pcap", CALL.frames()), tmp_path / "var"
    said = appliance("capture", "ladder", file, "--data", data, "--svg", tmp_path / "a.svg").out
    assert "INVITE + SDP" in said and "180 Ringing" in said and "200 OK (BYE)" in said
    assert f"{CALL.packets} packets, 0 lost (0.0 %)" in said
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    (call_id,) = [line.split()[1] for line in said.splitlines() if line.startswith("call ")]
    (told,) = appliance("capture", "ladder", file, "--data", data, "--json", "--call-id", call_id).lines
    assert len(told["steps"]) == 6 and len(told["streams"]) == 2
    empty = write_pcap(tmp_path / "b.pcap", [])
    assert "holds no call" in appliance("capture", "ladder", empty, "--data", data, code=4).sentence


def test_what_cannot_be_done_is_one_sentence(tmp_path: Path) -> None:
    assert "no service of the box is running" in appliance("capture", "take", "--data", tmp_path, code=4).sentence
    assert "is not here any more" in appliance("capture", "ladder", "20260101-000000-00000000", "--data", tmp_path, code=4).sentence
    assert appliance("capture", "captures", "--data", tmp_path).out == ""
