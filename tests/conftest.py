"""What all tests share. A test that cannot run here is skipped with its reason; under APPLIANCE_TEST_STRICT (set by `make test` as root)
no reason counts but the absence of ../shared.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from appliance.box import Box
from appliance.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.needs import ABSENT

# No deadline, for that asserts a time. The same examples each time, so that a change is judged by what it changed; `make explore` looks
# for new ones.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("house")
STRICT = bool(os.environ.get("APPLIANCE_TEST_STRICT"))


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves when it is told to."""
    return FakeClock()


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """An empty box in a folder of its own, with the default settings."""
    return Box.at(tmp_path / "var")


@pytest.fixture
def ledger(box: Box) -> Iterator[Ledger]:
    """The box's ledger, open."""
    with Ledger.open(box.folders.ledger) as opened:
        yield opened


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What a program set up for its log inside a test goes with the test: its standard error is closed by then."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers[:]:
        if handler not in handlers:
            root.removeHandler(handler)
    root.setLevel(level)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip that hides a gap into a failure."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if ABSENT not in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped where nothing may be: {reason}"
    return report
