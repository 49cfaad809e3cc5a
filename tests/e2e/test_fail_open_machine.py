"""The phone system fails open when the machine itself is in trouble: a disk that is full, a clock that somebody sets."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests import needs
from tests.bed import disks
from tests.bed.exchange import PROGRAM
from tests.bed.house import wait_for
from tests.e2e.test_fail_open import INSIDE, NODES, SILENCE_S, everywhere, exchange_of, goes_on, new_callers_are_served

pytestmark = [needs.root, needs.namespaces(), needs.program("mmdebstrap", "sipp")]


def test_disk_full(tmp_path: Path) -> None:
    with disks.disk(tmp_path / "bed", 60_000), exchange_of(tmp_path / "bed" / "pbx") as exchange:
        exchange.start()
        talked = everywhere(exchange)
        filler = disks.fill(tmp_path / "bed")
        goes_on(exchange, talked)
        filler.unlink()
        wait_for("what happened meanwhile", lambda: exchange.nodes().count("first") >= 2 * len(NODES))
        exchange.kill()
        exchange.expected += ["Stasis app 'appliance' not active", "No space left", "write"]
        exchange.settled()


@pytest.mark.parametrize("hours", [-5, 5])
def test_clock_jump(tmp_path: Path, hours: int) -> None:
    program = (*PROGRAM[:1], "-m", "tests.bed.jumping", str(hours))
    with exchange_of(tmp_path / "pbx", program) as exchange:
        exchange.start()
        talked = everywhere(exchange)
        exchange.signal(signal.SIGUSR1)
        time.sleep(SILENCE_S)
        assert exchange.talking() == talked
        assert len(exchange.inside()) == len(INSIDE), "no caller's time is over, and none waits for ever"
        new_callers_are_served(exchange)
        exchange.kill()
        exchange.expected.append("Stasis app 'appliance' not active")
        exchange.settled()
