"""Keys during a call: as the settings say, and none for what is not offered."""

from __future__ import annotations

from appliance.phone_lines import Codes
from provisioning.asterisk import features
from tests.bed.boxes import section, wiring


def test_keys_are_the_settings() -> None:
    assert section(features.render(wiring()), "featuremap") == {
        "blindxfer": "##",
        "atxfer": "*2",
        "automixmon": "*1",
        "parkcall": "#72",
    }
    assert "automixmon" not in section(features.render(wiring(codes=Codes(record=""))), "featuremap")
