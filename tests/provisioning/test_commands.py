"""Every action of `appliance provisioning` explains itself."""

from __future__ import annotations

import pytest

from appliance import registry
from tests.bed.program import appliance


def test_there_are_actions() -> None:
    assert {"apply", "prepare", "hardware"} <= set(registry.names("provisioning.actions"))


@pytest.mark.parametrize("name", registry.names("provisioning.actions"))
def test_every_action_is_listed_with_its_help(name: str) -> None:
    said = appliance("provisioning", "--help").out
    assert name.replace("_", "-") in said or name in said
