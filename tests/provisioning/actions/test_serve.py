"""`appliance provisioning serve` says at once what is missing."""

from __future__ import annotations

from pathlib import Path

from tests.bed.program import appliance


def test_without_an_address_it_ends_with_code_3_and_the_field(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text("[phone]\nenabled = true\n", "utf-8")
    done = appliance("provisioning", "serve", "--data", str(tmp_path), code=3)
    assert "phone.serving.host: is empty; name the voice LAN's address of the box" in done.error
