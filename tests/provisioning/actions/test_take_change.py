"""`appliance config change|undo|versions` and `provisioning take-change`, as a person types them."""

from __future__ import annotations

from pathlib import Path

from tests.bed.program import appliance


def test_a_file_takes_the_place_of_the_present_one_and_goes_again(tmp_path: Path) -> None:
    data, new = tmp_path / "var", tmp_path / "new.toml"
    data.mkdir()
    (data / "appliance.toml").write_text('[site]\nname = "a"\n')
    new.write_text('[site]\nname = "b"\n')
    assert '+name = "b"' in appliance("config", "change", new, "--dry-run", "--data", data).out
    change = appliance("config", "change", new, "--why", "moved", "--who", "tanaka", "--data", data).out.strip()
    assert (data / "appliance.toml").read_text() == new.read_text()
    listed = appliance("config", "versions", "--data", data).out
    assert change in listed
    assert "tanaka  site  moved" in listed
    appliance("config", "undo", "--data", data)
    assert (data / "appliance.toml").read_text() == '[site]\nname = "a"\n'
    new.write_text("[site]\nnothing = 1\n")
    assert "is not a setting" in appliance("config", "change", new, "--data", data, code=3).error
    assert appliance("provisioning", "take-change", "--data", data).out == ""
