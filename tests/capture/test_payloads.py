"""The static payload types are those of RFC 3551, as tshark and FFmpeg read them too."""

from __future__ import annotations

import subprocess

import pytest

from capture.payloads import NO_AUDIO, STATIC
from tests import needs

RFC_3551_TABLE_4 = """
0 PCMU 8000 1, 3 GSM 8000 1, 4 G723 8000 1, 5 DVI4 8000 1, 6 DVI4 16000 1, 7 LPC 8000 1, 8 PCMA 8000 1, 9 G722 8000 1,
10 L16 44100 2, 11 L16 44100 1, 12 QCELP 8000 1, 13 CN 8000 1, 14 MPA 90000 1, 15 G728 8000 1, 16 DVI4 11025 1,
17 DVI4 22050 1, 18 G729 8000 1
"""
KEPT_FROM_RFC_1890 = {2: ("G726-32", 8000, 1)}
"""There it was G721; RFC 3551 reserves the number because of what devices still send."""
AS_TSHARK_SAYS = {0: "PCMU", 3: "GSM", 4: "G.723", 8: "PCMA", 9: "G.722", 13: "Comfort noise", 15: "G.728", 18: "G.729"}


def test_every_audio_type_of_the_table_is_known() -> None:
    rows = [row.split() for row in RFC_3551_TABLE_4.split(",")]
    expected = {int(number): (name, int(clock), int(channels)) for number, name, clock, channels in rows}
    assert {number: encoding[:3] for number, encoding in STATIC.items()} == expected | KEPT_FROM_RFC_1890


@pytest.mark.parametrize("number", sorted(AS_TSHARK_SAYS))
@needs.program("tshark", "text2pcap")
def test_tshark_knows_them_under_the_same_numbers(number: int, names_of_tshark: dict[int, str]) -> None:
    assert AS_TSHARK_SAYS[number].lower() in names_of_tshark[number].lower()
    said = AS_TSHARK_SAYS[number].replace(".", "").replace("Comfort noise", "CN")
    assert STATIC[number].name.startswith(said)


@pytest.fixture(scope="module")
def names_of_tshark(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What tshark calls the payload type of a packet of each number."""
    folder = tmp_path_factory.mktemp("tshark")
    dump = "".join(f"0000 {' '.join(f'{byte:02x}' for byte in bytes([0x80, number]) + bytes(10))}\n" for number in AS_TSHARK_SAYS)
    (folder / "dump").write_text(dump)
    file = folder / "types.pcap"
    subprocess.run(["text2pcap", "-q", "-u", "4000,4000", folder / "dump", file], check=True, capture_output=True)
    command = ["tshark", "-r", str(file), "-d", "udp.port==4000,rtp", "-V"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in shown.splitlines() if "Payload type:" in line]
    return dict(zip(AS_TSHARK_SAYS, lines, strict=True))


def test_comfort_noise_and_telephone_events_are_no_speech() -> None:
    assert STATIC[13].name in NO_AUDIO
    assert "TELEPHONE-EVENT" in NO_AUDIO
    assert {"PCMU", "PCMA", "G722", "G729"}.isdisjoint(NO_AUDIO)
