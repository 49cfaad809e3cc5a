"""The service says what it is about, whether Asterisk is there or not, and ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance import phone_secrets
from appliance.box import Box
from appliance.ledger import Ledger
from tests.bed.house import free_port, wait_for
from tests.bed.program import appliance


@contextmanager
def service(box: Box, notify: socket.socket | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The service of a box whose Asterisk is not there."""
    port = str(free_port())
    words = [
        sys.executable,
        "-m",
        "appliance",
        "ivr",
        "run",
        "--data",
        str(box.folders.data),
        "--ari-port",
        port,
        "--ami-port",
        port,
    ]
    env = {**os.environ, **({"NOTIFY_SOCKET": notify.getsockname()} if notify else {})}
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env) as process:
        yield process
        process.kill()


def with_secrets(box: Box) -> Box:
    for name in (phone_secrets.ARI, phone_secrets.AMI):
        phone_secrets.read_or_make(box.folders.keys, name)
    return box


def test_without_asterisk_it_is_ready_and_says_that_it_cannot_be_reached(box: Box, tmp_path: Path) -> None:
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.settimeout(20)
    with notify, service(with_secrets(box), notify) as process:
        assert notify.recv(100) == b"READY=1"
        assert notify.recv(100) == b"WATCHDOG=1"

        def states() -> list[str]:
            with Ledger.open(box.folders.ledger) as ledger:
                return [beat.state for beat in ledger.heartbeats() if beat.service == "ivr"]

        wait_for("the heartbeat", lambda: states() == ["failing: Asterisk cannot be reached over ARI"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert states() == ["stopped"]


def test_a_missing_secret_is_said_with_its_mend(box: Box) -> None:
    said = appliance("ivr", "run", "--data", box.folders.data, code=4)
    assert "ari.secret: cannot be read" in said.sentence
    assert json.dumps(said.out) == '""'
