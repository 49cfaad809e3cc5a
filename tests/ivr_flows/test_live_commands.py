"""`appliance ivr run` explains itself; what it does is in test_running.py."""

from __future__ import annotations

from tests.bed.program import appliance


def test_its_help_names_the_ports_and_the_canary() -> None:
    said = appliance("ivr", "run", "--help").out
    for option in ("--ari-port", "--ami-port", "--canary", "--data"):
        assert option in said
