"""From the command line: a wipe wants to be meant, and leaves its certificate outside of the box."""

from __future__ import annotations

import json
from pathlib import Path

from appliance import manifest
from tests.bed.program import appliance
from tests.provisioning.made import old_box


def test_a_wipe_wants_to_be_meant_and_leaves_a_certificate(tmp_path: Path) -> None:
    old = old_box(tmp_path, 1)
    words = ("provisioning", "wipe", "--serial", "OLD-1", "--who", "me", "--data", old.data)
    assert "say --yes" in appliance(*words, code=2).sentence
    inside = appliance(*words, "--yes", "-o", old.data / "certificate.json", code=2)
    assert "would be wiped too" in inside.sentence
    assert "on this box alone" in appliance(*words, "--yes", code=4).sentence
    said = appliance(*words, "--yes", "--unstored", "-o", tmp_path / "certificate.json")
    signed = manifest.decode((tmp_path / "certificate.json").read_bytes())
    assert json.loads(said.out)["chain"] == signed.chain
    manifest.check_signature(signed.chain, signed.signature, signed.public_key, manifest.WIPE)
    assert not list(old.data.iterdir())
