"""Panasonic KX-HDV: the first line is fixed, and values stand in quotes."""

from __future__ import annotations

from provisioning.phones import panasonic
from tests.bed.desk_sets import sets


def test_its_settings_are_in_its_own_words() -> None:
    text = panasonic.render(sets()["panasonic"])
    assert text.startswith("# Panasonic SIP Phone Standard Format File #\n")
    for wanted in ('PHONE_NUMBER_1="203"', 'CODEC_ENABLE_G722_1="Y"', 'FLEX_BUTTON_FACILITY_ARG1="201"'):
        assert wanted in text
