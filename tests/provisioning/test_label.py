"""The label names the console and the code; its square code leads to the console and holds no secret."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from appliance.box import Box
from provisioning import label


def test_a_label_names_console_code_and_serial(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text('[site]\nserial = "B-7"\n[network]\nname = "rec7"\n')
    box = Box.at(tmp_path)
    assert label.address(box) == "https://rec7.local:8080"
    assert label.text(box, "AAAA-BBBB-CCCC").splitlines()[2] == "code     AAAA-BBBB-CCCC"
    picture = label.svg(box, "AAAA-BBBB-CCCC")
    tree = ElementTree.fromstring(picture)
    words = [text.text for text in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert "AAAA-BBBB-CCCC" in words
    assert "S/N B-7" in words
    assert "rec7.local" in words
    assert list(tree.iter("{http://www.w3.org/2000/svg}path")), "the square code"
