"""What tshark prints becomes messages and streams; garbage, hostile names and a tshark that is missing or slow are borne."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from appliance.errors import CouldNotError, UsageError
from capture import tshark
from tests import needs
from tests.bed.made import MadeCall, write_pcap
from tests.house.sources import ROOT

LINE = (
    "     0.530000      1.430000   198.51.100.10  4000      192.0.2.10  6000 0x0000000A  g711U, telephone-event   55     "
    "5 (8.3%)          20.000          34.615         200.000           0.100           1.500           2.000 X"
)


def test_a_line_of_its_table_is_a_stream() -> None:
    (stream,) = tshark.parse([LINE + "\n", "=====\n", "  Start time   End time\n"]).streams
    assert (stream.source, stream.destination, stream.ssrc) == ("198.51.100.10:4000", "192.0.2.10:6000", "0000000a")
    assert (stream.codecs, stream.packets, stream.lost, stream.gap) == ("g711U, telephone-event", 55, 5, 200.0)
    assert (stream.jitter, stream.jitter_most) == (1.5, 2.0)


def test_the_innermost_address_counts_and_more_than_enough_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tshark, "MAX_MESSAGES", 2)
    layers = {"frame_time_epoch": ["1790000000.5"], "ip_src": ["10.0.0.1", "10.1.1.1"], "udp_srcport": ["1", "5060"],
              "ipv6_dst": ["fd00::1"], "tcp_dstport": ["5061"], "sip_Status-Line": ["SIP/2.0 486 Busy Here"],
              "sip_CSeq_method": ["INVITE"], "sip_Call-ID": ["x" * 1000]}  # fmt: skip
    seen = tshark.parse([json.dumps({"layers": layers})] * 3)
    message = seen.messages[0]
    assert (len(seen.messages), seen.beyond) == (2, 1)
    assert (message.source, message.destination, message.at) == ("10.1.1.1:5060", "[fd00::1]:5061", 1_790_000_000_500_000_000)
    assert (message.status, message.reason, message.method, len(message.call_id)) == (486, "Busy Here", "INVITE", 300)


@given(
    some.text()
    | some.builds(
        lambda value: json.dumps({"layers": value}),
        some.dictionaries(
            some.sampled_from([field.replace(".", "_") for field in tshark.FIELDS]),
            some.text() | some.integers() | some.lists(some.text()),
        ),
    )
)
def test_garbage_is_passed_over(line: str) -> None:
    tshark.parse([line, LINE, "{" + line, LINE.replace("g711U", line)])


@needs.program("tshark")
@pytest.mark.parametrize("name", ["plain", "loss", "ipv6", "tcp", "geneve"])
def test_it_sees_the_messages_and_streams_of_a_capture(name: str) -> None:
    seen = tshark.read(ROOT / "tests" / "captures" / name / "capture.pcap")
    assert [message.method for message in seen.messages if not message.status][:1] == ["INVITE"]
    assert 200 in {message.status for message in seen.messages}
    assert len(seen.streams) == 2
    assert (sum(stream.lost for stream in seen.streams) > 0) == (name == "loss")
    ends = {end for message in seen.messages for end in message.media}
    assert all({stream.source, stream.destination} & ends for stream in seen.streams)


@needs.program("tshark")
def test_what_is_no_capture_is_said(tmp_path: Path) -> None:
    (tmp_path / "-w x").write_bytes(b"rubbish" * 100)
    with pytest.raises(CouldNotError, match="does not understand this file"):
        tshark.read(tmp_path / "-w x")
    with pytest.raises(UsageError, match="no such file"):
        tshark.read(tmp_path / "none")


def _fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """A tshark of this script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "tshark").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "tshark").chmod(0o755)
    for path in (folder, *folder.parents):
        if path.is_relative_to("/tmp/pytest-of-root"):
            path.chmod(path.stat().st_mode | 0o055)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return write_pcap(tmp_path / "a.pcap", MadeCall(talk=0.1).frames())


def test_without_it_one_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CouldNotError, match="apt install tshark"):
        tshark.read(tmp_path / "a.pcap")


def test_it_gets_so_much_time_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _fake(tmp_path, monkeypatch, "exec sleep 60")
    with pytest.raises(CouldNotError, match="needed more than 0 s"):
        tshark.read(file, tshark.Limits(seconds=0.2))


def test_no_more_than_so_much_of_what_it_says_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _fake(tmp_path, monkeypatch, "exec yes rubbish")
    assert tshark.read(file, tshark.Limits(output=100_000)).messages == ()


def test_it_runs_as_nobody_and_without_capabilities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = '{"layers": {"sip_Method": ["INVITE"], "frame_time_epoch": ["1.0"], "sip_Call-ID": ["%s"]}}'
    file = _fake(tmp_path, monkeypatch, f"printf '{said}\\n' \"$(id -u) $(grep CapEff /proc/self/status | cut -f2)\"")
    (message,) = tshark.read(file).messages
    user = tshark.NOBODY if os.geteuid() == 0 else os.geteuid()
    assert message.call_id == f"{user} 0000000000000000"
