"""The files of `ssh` are those of the golden boxes (tests/networks), and a box whose network is not configured keeps its own."""

from __future__ import annotations

import pytest

from provisioning.desired import ssh
from tests.provisioning.networks import CASES, config, golden


@pytest.mark.parametrize("case", CASES)
def test_the_files_are_the_golden_ones(case: str) -> None:
    golden(case, "ssh", ssh.files(config(case)))


def test_without_a_network_nothing_is_touched() -> None:
    assert ssh.files(config("off")) == {}
