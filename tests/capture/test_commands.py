"""`appliance replay`, `open` and `capture` as a person uses them: stable JSON, one sentence and the right code where it cannot be done."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import wave
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from appliance.box import Box
from appliance.errors import ConfigError
from capture.commands import check_config
from tests import needs
from tests.bed import disks
from tests.bed.house import wait_for
from tests.bed.made import MadeCall, together, write_pcap
from tests.bed.program import COMMAND, appliance
from tests.bed.recorded import all_recordings, captured

CALL_KEYS = {
    "call", "caller", "caller_name", "caller_reason", "called", "direction", "started_at", "ringing_at", "answered_at", "ended_at",
    "end_reason", "duration", "recorded", "not_recorded_reason", "recording",
}  # fmt: skip
RECORDING_KEYS = {
    "id", "file", "format", "channels", "sample_rate", "duration", "codecs", "sha256", "packets", "lost", "one_sided",
}  # fmt: skip
TALK, BUSY = MadeCall(talk=0.6), MadeCall(number=1, answered=False)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pcap(tmp_path_factory.mktemp("made") / "calls.pcap", together(TALK, BUSY))


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory, file: Path) -> tuple[Path, list[dict[str, Any]]]:
    """A box that has recorded the file, and what the command said."""
    data = tmp_path_factory.mktemp("replayed") / "var"
    return data, appliance("replay", file, "--data", data, "--json").lines


def test_json_has_the_promised_keys_for_every_call(replayed: tuple[Path, list[dict[str, Any]]]) -> None:
    _, lines = replayed
    assert len(lines) == 2
    for line in lines:
        assert line.keys() >= CALL_KEYS
    (recording,) = (line["recording"] for line in lines if line["recorded"])
    assert recording.keys() >= RECORDING_KEYS


def test_json_tells_a_recorded_call_as_it_was(replayed: tuple[Path, list[dict[str, Any]]]) -> None:
    data, lines = replayed
    (line,) = (line for line in lines if line["recorded"])
    assert (line["caller"], line["called"], line["end_reason"], line["not_recorded_reason"]) == (
        TALK.caller, TALK.called, "hangup_caller", None,
    )  # fmt: skip
    moments = [datetime.fromisoformat(line[name]) for name in ("started_at", "ringing_at", "answered_at", "ended_at")]
    assert moments == sorted(moments)
    assert all(moment.utcoffset() is not None for moment in moments)
    assert line["duration"] == (moments[3] - moments[2]).total_seconds() == 0.6
    recording = line["recording"]
    assert Path(recording["file"]).parent.parent.parent.parent == (data / "recordings").absolute()
    assert Path(recording["file"]).exists()
    assert (recording["format"], recording["channels"], recording["sample_rate"], recording["codecs"]) == (
        "flac",
        2,
        8000,
        ["PCMU"],
    )
    assert (recording["packets"], recording["lost"], recording["one_sided"]) == (2 * TALK.packets, 0, False)
    assert recording["duration"] == pytest.approx(0.601)


def test_json_tells_a_call_without_a_recording_why(replayed: tuple[Path, list[dict[str, Any]]]) -> None:
    (line,) = (line for line in replayed[1] if not line["recorded"])
    assert (line["recording"], line["not_recorded_reason"], line["answered_at"], line["duration"]) == (
        None,
        "not_answered",
        None,
        0.0,
    )


def test_twice_says_the_same(replayed: tuple[Path, list[dict[str, Any]]], file: Path) -> None:
    data, lines = replayed
    assert appliance("replay", file, "--data", data, "--json").lines == lines
    assert len(list((data / "recordings").rglob("*.flac.age"))) == 1


def test_without_json_it_is_a_line_for_people(replayed: tuple[Path, list[dict[str, Any]]], file: Path) -> None:
    said = appliance("replay", file, "--data", replayed[0]).out.splitlines()
    assert any("090-1111-2222 → 03-1234-5678" in line and "0.6 s" in line for line in said)
    assert any("not recorded: not_answered" in line for line in said)
    assert said[-1].startswith("2 calls in ")


def test_a_cut_file_is_told_up_to_its_break_with_one_sentence(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "a.pcap", together(TALK, MadeCall(number=2, begin=TALK.begin + 10**10, talk=0.4)))
    file.write_bytes(file.read_bytes()[:-5000])
    said = appliance("replay", file, "--data", tmp_path / "var", "--json", code=4)
    assert [line["recorded"] for line in said.lines] == [True, True]
    assert said.sentence.startswith(f"{file}: is cut behind frame ")


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("empty.pcap", 4, "is empty; capture again"),
        ("letter.txt", 4, "is no capture file; pcap and pcapng are understood"),
        ("missing.pcap", 2, "there is no such file"),
        ("folder", 2, "is a folder; name a capture file"),
    ],
)
def test_what_is_no_capture_is_one_sentence(tmp_path: Path, name: str, code: int, words: str) -> None:
    (tmp_path / "empty.pcap").touch()
    (tmp_path / "letter.txt").write_text("Dear sirs")
    (tmp_path / "folder").mkdir()
    said = appliance("replay", tmp_path / name, "--data", tmp_path / "var", code=code)
    assert said.out == ""
    assert words in said.sentence
    assert name in said.sentence


@needs.root
def test_a_full_disk_is_one_sentence_and_costs_nothing(
    tmp_path: Path, file: Path, replayed: tuple[Path, list[dict[str, Any]]]
) -> None:
    with disks.disk(tmp_path / "small", 200) as place:
        assert "full" in appliance("replay", file, "--data", place / "var", code=4).sentence
        disks.resize(place, 8000)
        lines = appliance("replay", file, "--data", place / "var", "--json").lines
        assert [line["call"] for line in lines] == [line["call"] for line in replayed[1]]
        assert [line["recorded"] for line in lines] == [line["recorded"] for line in replayed[1]]


@needs.root
def test_a_read_only_folder_is_one_sentence(tmp_path: Path, file: Path) -> None:
    with disks.disk(tmp_path / "small", 8000) as place:
        disks.make_read_only(place)
        assert str(place) in appliance("replay", file, "--data", place / "var", code=4).sentence


def test_a_wrong_configuration_is_said_with_its_line(tmp_path: Path, file: Path) -> None:
    (tmp_path / "appliance.toml").write_text('[capture]\nformatt = "flac"\n')
    assert "appliance.toml:2: capture.formatt" in appliance("replay", file, "--data", tmp_path, code=3).sentence


def test_a_format_that_does_not_exist_is_found_by_the_check(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text('[capture]\nformat = "mp3"\n')
    with pytest.raises(ConfigError, match=r"appliance\.toml:2: capture\.format: 'mp3' is not one of flac, opus"):
        check_config(Box.at(tmp_path))
    (tmp_path / "appliance.toml").write_text('[capture]\nformat = "opus"\n')
    check_config(Box.at(tmp_path))


def test_open_writes_sixteen_bit_stereo_of_the_right_length(replayed: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> None:
    data, lines = replayed
    (line,) = (line for line in lines if line["recorded"])
    said = appliance("open", line["recording"]["id"], "-o", tmp_path / "call.wav", "--data", data)
    assert said.out == ""
    assert said.error == f"{tmp_path / 'call.wav'}: {line['recording']['duration']:.3f} s\n"
    with wave.open(str(tmp_path / "call.wav")) as sound:
        assert (sound.getsampwidth(), sound.getnchannels(), sound.getframerate()) == (2, 2, 8000)
        assert sound.getnframes() / 8000 == pytest.approx(line["recording"]["duration"])


def test_open_without_the_right_key_or_name_says_so(replayed: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> None:
    data, out = replayed[0], tmp_path / "o.wav"
    appliance("uploader", "keys", "new", "stranger", "-o", tmp_path / "stranger.key", "--data", tmp_path / "elsewhere")
    wrong = ("--identity", tmp_path / "stranger.key", "-o", out, "--data", data)
    (line,) = (line for line in replayed[1] if line["recorded"])
    assert "no key at hand opens it" in appliance("open", line["call"], *wrong, code=4).sentence
    assert "there is no such recording" in appliance("open", "aaaaaaaaaaaaaaaa", "-o", out, "--data", data, code=2).sentence
    assert "holds no age key" in appliance(
        "open", line["call"], "--identity", data / "keys" / "box.key", "-o", out, "--data", data, code=4
    ).sentence  # fmt: skip
    assert not out.exists()


def test_render_once_makes_what_is_due_and_ends(tmp_path: Path) -> None:
    box = captured(tmp_path / "var", TALK)
    appliance("capture", "render", "--once", "--data", box.folders.data)
    assert [recording.facts.packets for recording in all_recordings(box)] == [2 * TALK.packets]


def test_the_render_service_takes_what_comes_and_stops_when_it_is_told(tmp_path: Path) -> None:
    box = captured(tmp_path / "var", TALK)
    with subprocess.Popen([*COMMAND, "capture", "render", "--data", str(box.folders.data)], stderr=subprocess.PIPE) as service:
        deadline = time.monotonic() + 30
        while not all_recordings(box) and time.monotonic() < deadline:
            time.sleep(0.05)
        service.send_signal(signal.SIGTERM)
        _, said = service.communicate(timeout=30)
    assert service.returncode == 0, said
    assert len(all_recordings(box)) == 1


def test_a_replay_shares_the_work_with_a_render_service(tmp_path: Path, file: Path) -> None:
    data = tmp_path / "var"
    with subprocess.Popen([*COMMAND, "capture", "render", "--data", str(data)], stderr=subprocess.PIPE) as service:
        wait_for("the service", (data / "run" / "render.sock").exists)
        lines = appliance("replay", file, "--data", data, "--json").lines
        service.send_signal(signal.SIGTERM)
        _, said = service.communicate(timeout=30)
    assert service.returncode == 0, said
    assert sorted(line["recorded"] for line in lines) == [False, True]
    assert len(list((data / "recordings").rglob("*.flac.age"))) == 1


def test_play_without_the_right_to_send_or_a_port_is_one_sentence(tmp_path: Path, file: Path) -> None:
    assert "nosuchport" in appliance("capture", "play", "--interface", "nosuchport", file, code=4).sentence


@pytest.mark.parametrize("words", [("replay",), ("open", "x"), ("capture",), ("capture", "play", "x"), ("replay", "x", "--what")])
def test_wrong_use_is_said_so(words: tuple[str, ...]) -> None:
    assert "usage:" in appliance(*words, code=2).error


def test_json_is_one_object_a_line_whatever_a_caller_calls_himself(tmp_path: Path) -> None:
    call = MadeCall(talk=0.2, display='"日本 \u2028\u0085 {x}" ')
    file = write_pcap(tmp_path / "a.pcap", call.frames())
    out = appliance("replay", file, "--data", tmp_path / "var", "--json").out
    (line,) = out.rstrip("\n").split("\n")
    assert "日本" in json.loads(line)["caller_name"]
