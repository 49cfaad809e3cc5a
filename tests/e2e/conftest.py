"""The office in which live talks are held: once for all tests that ask for it, and it has closed when they begin to look."""

from __future__ import annotations

import pytest

from tests.bed.asterisk import UnavailableError
from tests.e2e.live import Live, hold_all


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Every talk, held and recorded."""
    try:
        return hold_all(tmp_path_factory.mktemp("live"))
    except UnavailableError as error:
        pytest.skip(str(error))
