"""`calls`, `recordings` and `verify` say the same to people and to scripts, and a wrong word costs one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance import ids
from appliance.cli import main
from appliance.moments import from_iso
from appliance.records import UploadParked
from tests.appliance.furnished import Furnished
from tests.fakes import facts

RECORDED = ["internal", "outbound", "anonymous", "inbound"]
"""Newest first."""
CALL_KEYS = {
    "call", "caller", "caller_name", "caller_reason", "caller_e164", "caller_raw", "called", "called_e164", "called_raw", "line",
    "direction", "started_at", "ringing_at", "answered_at", "ended_at", "end_reason", "sip_status", "start_seen", "end_seen", "duration",
    "via", "main", "tied_by", "recorded", "not_recorded_reason", "not_recorded_detail", "recording",
}  # fmt: skip
RECORDING_KEYS = {
    "id", "call", "file", "manifest", "started_at", "duration", "sha256", "plain_sha256", "format", "channels", "sample_rate", "codecs",
    "packets", "lost", "late", "one_sided", "cut", "bytes", "quality", "recipients", "sequence", "chain", "store", "key", "stored_at",
    "held", "local",
}  # fmt: skip


class Ran:
    """What a command said and how it ended."""

    def __init__(self, capsys: pytest.CaptureFixture[str], at: Furnished, *words: str) -> None:
        self.code = main([*words, "--data", str(at.box.folders.data)])
        self.out, self.err = capsys.readouterr()

    @property
    def json(self) -> list[dict[str, Any]]:
        """One object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def test_calls_are_listed_newest_first_with_what_became_of_them(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, furnished, "calls", "--json")
    assert ran.code == 0 and ran.err == ""
    assert [call["started_at"] for call in ran.json] == sorted((call["started_at"] for call in ran.json), reverse=True)
    assert {call["call"] for call in ran.json} == set(furnished.calls.values())
    by_id = {call["call"]: call for call in ran.json}
    assert all(set(call) == CALL_KEYS for call in ran.json)
    inbound, missed = by_id[furnished.calls["inbound"]], by_id[furnished.calls["missed"]]
    assert (inbound["caller_e164"], inbound["recorded"], inbound["direction"]) == ("+819012345678", True, "inbound")
    assert (
        inbound["started_at"].endswith("+09:00")
        and from_iso(inbound["started_at"]) == furnished.call("inbound").started_at // 1000 * 1000
    )
    assert set(inbound["recording"]) == RECORDING_KEYS
    assert Path(inbound["recording"]["file"]) == furnished.sealed("inbound")
    assert (missed["recorded"], missed["recording"], missed["caller_reason"]) == (False, None, "payphone")
    assert missed["not_recorded_reason"] == "not_answered"


def test_people_get_a_line_a_call(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    lines = Ran(capsys, furnished, "calls").out.splitlines()
    assert len(lines) == 6
    (inbound,) = [line for line in lines if line.startswith(furnished.calls["inbound"])]
    assert "090-1234-5678 → 03-1234-5678" in inbound and "recorded " in inbound
    (missed,) = [line for line in lines if line.startswith(furnished.calls["missed"])]
    assert "payphone → 03-1234-5678" in missed and missed.endswith("not_answered")


@pytest.mark.parametrize(
    ("words", "samples"),
    [
        (["--number", "０９０-1234-5678"], {"inbound"}),
        (["--number", "佐藤"], {"internal"}),
        (["--number", "%"], set()),
        (["--direction", "outbound"], {"outbound"}),
        (["--direction", "unknown"], set()),
        (["--from", "2099-01-01"], set()),
        (["--to", "2000-01-01"], set()),
        (["--number", "\udcff\udcfe"], set()),
    ],
)
def test_conditions_narrow_the_list(
    furnished: Furnished, capsys: pytest.CaptureFixture[str], words: list[str], samples: set[str]
) -> None:
    ran = Ran(capsys, furnished, "calls", "--json", *words)
    assert ran.code == 0
    assert {call["call"] for call in ran.json} == {furnished.calls[name] for name in samples}


def test_a_date_means_the_whole_day_at_the_site(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    edges = {"2026-11-10T23:59:59+09:00": "a" * 16, "2026-11-11T00:00:00+09:00": "b" * 16, "2026-11-11T23:59:59+09:00": "c" * 16,
             "2026-11-12T00:00:00+09:00": "d" * 16}  # fmt: skip
    with own.ledger() as ledger:
        ledger.append(*(facts.ringing(call=call, at=from_iso(moment)) for moment, call in edges.items()))
    found = [call["call"] for call in Ran(capsys, own, "calls", "--json", "--from", "2026-11-11", "--to", "2026-11-11").json]
    assert found == ["c" * 16, "b" * 16]
    exact = ["--from", "2026-11-11T00:00:00", "--to", "2026-11-11T23:59:59"]
    assert [call["call"] for call in Ran(capsys, own, "calls", "--json", *exact).json] == ["b" * 16]
    other_zone = ["--from", "2026-11-10T15:00:00Z", "--to", "2026-11-10T15:00:01Z"]
    assert [call["call"] for call in Ran(capsys, own, "calls", "--json", *other_zone).json] == ["b" * 16]


@pytest.mark.parametrize("limit", ["1", "3", "0", "-5", "99999999999999999999"])
def test_a_limit_bounds_the_list(furnished: Furnished, capsys: pytest.CaptureFixture[str], limit: str) -> None:
    found = Ran(capsys, furnished, "calls", "--json", f"--limit={limit}").json
    assert len(found) == max(1, min(6, int(limit)))


@pytest.mark.parametrize("option", ["--from", "--to"])
@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "22.11.2026", "9999-12-32", "0", "２０２６-11-22"])
def test_what_is_no_time_is_said_with_an_example(
    furnished: Furnished, capsys: pytest.CaptureFixture[str], option: str, moment: str
) -> None:
    ran = Ran(capsys, furnished, "calls", option, moment)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"appliance: {option} {moment}: is no time") and "2026-11-22" in ran.err


@pytest.mark.parametrize("moment", ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59.999999", "0001-01-01T00:00"])
def test_the_first_and_the_last_day_of_all_are_no_reason_to_break(
    furnished: Furnished, capsys: pytest.CaptureFixture[str], moment: str
) -> None:
    for option in ("--from", "--to"):
        assert Ran(capsys, furnished, "calls", option, moment).code in (0, 2)


def test_recordings_are_listed_with_where_they_are(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    with own.ledger() as ledger:
        ledger.append(facts.stored(recording=own.recording("inbound").facts.recording, key="v1/x"))
        ledger.append(
            UploadParked(at=own.now, recording=own.recording("internal").facts.recording, store="s3", reason="r", attempts=9)
        )
    ran = Ran(capsys, own, "recordings", "--json")
    assert [found["call"] for found in ran.json] == [own.calls[name] for name in RECORDED]
    assert all(set(found) == RECORDING_KEYS for found in ran.json)
    assert [found["key"] for found in ran.json] == [None, None, None, "v1/x"]
    states = [line.split("  ")[-1] for line in Ran(capsys, own, "recordings").out.splitlines()]
    assert states == ["parked", "waits for the store", "waits for the store", "stored"]


def test_what_was_not_recorded_is_no_recording(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    assert Ran(capsys, furnished, "recordings", "--number", "03-1234-5679").out == ""


def test_every_recording_of_a_sound_box_verifies(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, furnished, "verify", "--all")
    assert (ran.code, ran.out, ran.err) == (0, "4 recordings hold, the chain has no gap\n", "")
    found = Ran(capsys, furnished, "verify", "--all", "--json").json
    assert [set(verdict) for verdict in found] == [{"recording", "holds", "problems", "opened", "local"}] * 4
    assert all(verdict["holds"] and verdict["opened"] and verdict["local"] for verdict in found)


def test_one_is_verified_by_its_id_or_that_of_its_call(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    recording = furnished.recording("inbound").facts.recording
    for name in (recording, furnished.calls["inbound"]):
        ran = Ran(capsys, furnished, "verify", name)
        assert (ran.code, ran.out) == (0, f"{recording}: sealed file, audio, manifest and signature hold\n")


def test_what_could_not_be_opened_is_not_said_to_hold_inside(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    (own.box.folders.keys / "playback.key").unlink()
    assert Ran(capsys, own, "verify", own.calls["inbound"]).out.endswith(": sealed file and signature hold\n")


def test_what_does_not_hold_is_named_with_exit_code_4(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    own.sealed("internal").write_bytes(b"")
    recording = own.recording("internal").facts.recording
    ran = Ran(capsys, own, "verify", "--all")
    assert ran.code == 4
    assert ran.out == f"{recording}: its file was changed (SHA-256 of the sealed file)\n"
    assert ran.err == "appliance: 1 of 4 recordings do not hold\n"
    ran = Ran(capsys, own, "verify", "--all", "--json")
    assert ran.code == 4
    assert [verdict["holds"] for verdict in ran.json] == [True, True, False, True]


@pytest.mark.parametrize("words", [[], ["--all", "aaaaaaaaaaaaaaaa"]])
def test_verify_must_be_told_what(furnished: Furnished, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    ran = Ran(capsys, furnished, "verify", *words)
    assert (ran.code, ran.err) == (2, "appliance: verify: name recordings, a bundle's folder, or use --all\n")


def test_a_recording_that_there_is_not_is_said(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("aaaaaaaaaaaaaaaa", "", "%", furnished.calls["missed"]):
        ran = Ran(capsys, furnished, "verify", name)
        assert ran.code == 2
        assert ran.err == f"appliance: {name}: there is no such recording; `appliance recordings` lists them\n"


@pytest.mark.parametrize("command", [["calls"], ["recordings"], ["verify", "--all"]])
def test_a_folder_without_a_ledger_is_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main([*command, "--data", str(tmp_path)]) == 4
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "no ledger here" in err
    assert not list(tmp_path.iterdir())


def test_a_reader_that_goes_away_is_no_error(own: Furnished) -> None:
    with own.ledger() as ledger:
        ledger.append(*(facts.ringing(call=ids.hash_id(place)) for place in range(2000)))
    command = [sys.executable, "-m", "appliance", "calls", "--limit", "5000", "--json", "--data", str(own.box.folders.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0
