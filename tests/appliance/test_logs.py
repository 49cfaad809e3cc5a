"""The log: journald knows each line's weight, and trouble that repeats is said once a minute with its count, and its end."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.logs import Trouble
from tests.fakes.clock import FakeClock

SPEAK = """
import logging
from appliance import logs
logs.set_up("tap")
log = logging.getLogger("somewhere")
log.debug("a detail")
log.info("all is well")
log.warning("disk %s", "full")
log.error("first line\\nsecond line")
log.critical("東京")
"""


def spoken(**environment: str) -> list[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("JOURNAL_STREAM", "APPLIANCE_LOG")}
    done = subprocess.run(
        [sys.executable, "-c", SPEAK],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env=clean | environment,
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


@pytest.fixture
def trouble(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> Trouble:
    """Trouble of one kind, its log at hand."""
    caplog.set_level(logging.INFO, "trouble")
    return Trouble(logging.getLogger("trouble"), clock.monotonic)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "trouble"]


def test_journald_gets_each_lines_weight() -> None:
    assert spoken(JOURNAL_STREAM="8:1") == [
        "<6>tap: all is well",
        "<4>tap: disk full",
        "<3>tap: first line",
        " second line",
        "<2>tap: 東京",
    ]


def test_a_person_gets_time_service_and_weight_as_a_word() -> None:
    lines = spoken()
    assert lines[0].endswith(" tap INFO all is well")
    assert lines[1].endswith(" tap WARNING disk full")
    assert lines[0][:4].isdigit()


@pytest.mark.parametrize(
    ("level", "first"),
    [("debug", "<7>tap: a detail"), ("DEBUG", "<7>tap: a detail"), ("warning", "<4>tap: disk full"), ("Error", "<3>tap: first line"),
     ("", "<6>tap: all is well"), ("loud", "<6>tap: all is well"), ("10", "<6>tap: all is well")],
)  # fmt: skip
def test_the_environment_says_from_which_weight_on(level: str, first: str) -> None:
    assert spoken(JOURNAL_STREAM="8:1", APPLIANCE_LOG=level)[0] == first


def test_the_first_time_is_said_at_once(trouble: Trouble, caplog: pytest.LogCaptureFixture) -> None:
    trouble.happened("no space")
    assert said(caplog) == ["no space"]


def test_what_repeats_is_said_once_a_minute_with_its_count(
    trouble: Trouble, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(121):
        trouble.happened("no space")
        clock.forward(0.5)
    assert said(caplog) == ["no space", "no space (120 times)"]


def test_the_wall_clock_being_set_does_not_matter(trouble: Trouble, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    trouble.happened("no space")
    clock.step(10_000)
    trouble.happened("no space")
    assert said(caplog) == ["no space"]


def test_its_end_is_said_once_and_only_after_trouble(trouble: Trouble, caplog: pytest.LogCaptureFixture) -> None:
    trouble.over("space again")
    assert said(caplog) == []
    trouble.happened("no space")
    trouble.over("space again")
    trouble.over("space again")
    assert said(caplog) == ["no space", "space again"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.INFO]


def test_after_its_end_the_next_trouble_is_new(trouble: Trouble, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        trouble.happened("no space")
        trouble.happened("no space")
        trouble.over("space again")
    assert said(caplog) == ["no space", "space again"] * 2


def test_a_percent_sign_in_a_message_is_only_a_percent_sign(trouble: Trouble, caplog: pytest.LogCaptureFixture) -> None:
    trouble.happened("disk 100% full %s %d")
    trouble.over("50% free %s")
    assert said(caplog) == ["disk 100% full %s %d", "50% free %s"]


def test_f34_a_full_log_keeps_nobody_from_his_work() -> None:
    with Path("/dev/full").open("w") as full:
        program = "from appliance import logs; logs.say('nobody hears this'); print('done')"
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, text=True)
    assert done.stdout == "done\n"
