"""sshd is told a name only while the door is open; a session runs, is written down, and is refused afterwards."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from appliance.ledger import Ledger
from tests.bed.program import COMMAND, appliance


def session(data: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "SSH_ORIGINAL_COMMAND": command, "SSH_CONNECTION": "192.0.2.7 1 192.0.2.1 22"}
    return subprocess.run(
        [*COMMAND, "support", "session", "--data", str(data)], capture_output=True, text=True, env={**os.environ, **environment}
    )


def test_from_open_to_closed(tmp_path: Path) -> None:
    data = tmp_path / "var"
    assert appliance("support", "principals", "--data", data).out == ""
    assert session(data, "echo in").returncode == 4
    appliance("support", "open", "--who", "tanaka", "--why", "ticket 17", "--hours", "1", "--data", data)
    assert appliance("support", "principals", "--data", data).out == "tanaka\n"
    assert "open for tanaka" in appliance("support", "show", "--data", data).out
    done = session(data, "echo in; exit 3")
    assert (done.returncode, done.stdout) == (3, "in\n")
    assert appliance("support", "close", "--data", data).out == "closed\n"
    assert appliance("support", "principals", "--data", data).out == ""
    with Ledger.open(data / "ledger.db") as ledger:
        what = [row.record.what for row in ledger.of("support")]  # type: ignore[attr-defined]
    assert what[1:] == ["session from 192.0.2.7: echo in; exit 3", "session ended (3)", "closed for tanaka"]
