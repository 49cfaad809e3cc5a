"""A sample of `make soak`: whatever happens on the line and to the uploader, objects are recordings in the end, byte for byte, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import needs
from tests.bed.deliveries import send
from tests.bed.unpacked import UnavailableError


@needs.namespaces()
def test_with_faults_at_random_and_kills_every_few_seconds_everything_arrives_once(tmp_path: Path) -> None:
    try:
        arrived = send(tmp_path, 420, chance=0.03, deadline_s=200.0, seed=3)
    except UnavailableError as error:
        pytest.skip(str(error))
    assert arrived.problems == []
    assert arrived.kills and len(arrived.faults) >= 4
