"""`status` gives the box in figures and `doctor` its findings with their mends; a script reads both as JSON and by exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.cli import main
from appliance.clock import SystemClock
from appliance.health.commands import status
from appliance.moments import SECOND, from_iso
from tests.appliance.furnished import Furnished
from tests.appliance.troubled import beat, job, trouble

RECORDED = ("inbound", "anonymous", "internal", "outbound")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    code = main(words)
    said = capsys.readouterr()
    return code, said.out, said.err


def figures(at: Furnished) -> dict[str, Any]:
    with at.ledger() as ledger:
        return status(at.box, ledger, at.now)


def test_every_call_is_counted_under_what_became_of_it(own: Furnished) -> None:
    assert figures(own)["calls"] == {"seen": 6, "recorded": 4, "not_recorded": 2, "open": 0, "unsettled": 0}
    with own.ledger() as ledger:
        ledger.connection.execute("UPDATE call SET not_recorded = NULL, ended_at = NULL WHERE id = ?", (own.calls["missed"],))
        ledger.connection.execute("UPDATE call SET not_recorded = NULL WHERE id = ?", (own.calls["counselling"],))
    assert figures(own)["calls"] == {"seen": 6, "recorded": 4, "not_recorded": 0, "open": 1, "unsettled": 1}


def test_an_empty_box_is_all_zeros(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["web", "password", "--data", str(tmp_path)]) == 0
    capsys.readouterr()
    code, out, _ = run(capsys, "status", "--json", "--data", str(tmp_path))
    facts = json.loads(out)
    assert code == 0
    assert set(facts["calls"].values()) == {0}
    assert facts["recordings"] == {"count": 0, "stored": 0, "bytes": 0}
    assert facts["jobs"] == facts["services"] == []


def test_the_figures_are_those_of_the_files(furnished: Furnished) -> None:
    sizes = sum(furnished.sealed(name).stat().st_size for name in RECORDED)
    assert figures(furnished)["recordings"] == {"count": 4, "stored": 0, "bytes": sizes}
    assert figures(furnished)["jobs"] == [{"kind": "upload", "state": "ready", "count": 4}]


def test_json_has_stable_keys_and_times_with_an_offset(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    now = SystemClock().now()
    with own.ledger() as ledger:
        ledger.beat(beat("render", now - 5 * SECOND, done=3))
        job(ledger, "x", "upload", now, "parked")
    code, out, err = run(capsys, "status", "--json", "--data", str(own.box.folders.data))
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert set(facts) == {"version", "data", "calls", "recordings", "jobs", "services"}
    assert facts["data"] == str(own.box.folders.data)
    assert {"kind": "upload", "state": "parked", "count": 1} in facts["jobs"]
    (service,) = facts["services"]
    assert set(service) == {"service", "state", "pid", "at", "age", "detail"}
    assert service["at"].endswith("+09:00")
    assert from_iso(service["at"]) == (now - 5 * SECOND) // 1000 * 1000
    assert service["age"] >= 5.0
    assert service["detail"] == {"megabytes": 20.5, "done": 3}


def test_people_get_the_same_figures_in_lines(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    with own.ledger() as ledger:
        ledger.beat(beat("render", SystemClock().now(), "failing: no space"))
    code, out, _ = run(capsys, "status", "--data", str(own.box.folders.data))
    assert code == 0
    assert "6 seen: 4 recorded, 2 not (each with its reason), 0 under way, 0 being made" in out
    assert "4 upload (ready)" in out
    assert "failing: no space" in out


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_folder_without_a_ledger_is_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    code, out, err = run(capsys, command, "--data", str(tmp_path))
    assert (code, out) == (4, "")
    assert err.startswith("appliance: ") and str(tmp_path) in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir()), "looking makes nothing"


def test_the_doctor_is_content_enough_without_an_error(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "doctor", "--data", str(own.box.folders.data))
    assert code == 0
    assert out.startswith("appliance ")
    assert "warning  keys: Recordings are sealed to this box's own key alone" in out
    assert "→ Make a key for the customer" in out


def test_the_doctor_says_so_where_all_is_well(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    settings = own.box.folders.data / "appliance.toml"
    key = (own.box.folders.keys / "playback.pub").read_text().strip()
    settings.write_text(f'[[recipients]]\nname = "customer"\nkey = "{key}"\n')
    code, out, _ = run(capsys, "doctor", "--data", str(own.box.folders.data))
    assert code == 0
    assert "all checks are content" in out


def test_an_error_is_exit_code_4_and_every_finding_names_its_mend(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    trouble(own)
    code, out, err = run(capsys, "doctor", "--json", "--data", str(own.box.folders.data))
    found = json.loads(out)
    errors = [item for item in found["findings"] if item["severity"] == "error"]
    assert code == 4
    assert err == f"appliance: {len(errors)} checks found an error; see above\n"
    assert set(found["versions"]) == {"appliance", "python", "sqlite", "kernel"}
    for item in found["findings"]:
        assert set(item) == {"check", "severity", "what", "mend"} and all(item.values())
