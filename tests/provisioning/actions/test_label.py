"""`provisioning label` prints the code once and writes the label for its printer."""

from __future__ import annotations

from pathlib import Path

from appliance import first_code
from appliance.box import Box
from appliance.ledger import Ledger
from tests.bed.program import appliance


def test_the_code_is_printed_once_and_stands_on_the_label(tmp_path: Path) -> None:
    data, page = tmp_path / "var", tmp_path / "label.html"
    data.mkdir()
    (data / "appliance.toml").write_text("[network]\nname = 'shop'\n[web]\nport = 443\n")
    address, code = appliance("provisioning", "label", "-o", page, "--data", data).out.splitlines()
    assert address == "https://shop.local"
    with Ledger.open(Box.at(data).folders.ledger) as ledger:
        assert first_code.fits(first_code.stored(ledger.connection), code)
    assert code in page.read_text() and address in page.read_text()
    assert page.stat().st_mode & 0o077 == 0
    assert "--again" in appliance("provisioning", "label", "--data", data, code=2).sentence
