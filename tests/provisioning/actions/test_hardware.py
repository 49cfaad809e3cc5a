"""`provisioning hardware` leaves what it found where the health checks look."""

from __future__ import annotations

import json
from pathlib import Path

from appliance import hardware
from appliance.box import Box
from tests.bed.program import appliance


def test_what_it_found_is_printed_and_left(tmp_path: Path) -> None:
    said = json.loads(appliance("provisioning", "hardware", "--data", tmp_path / "var").out)
    found = hardware.read(Box.at(tmp_path / "var").folders)
    assert found is not None and found.at == said["at"]
