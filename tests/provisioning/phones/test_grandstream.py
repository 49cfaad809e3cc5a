"""Grandstream: P values, the MAC inside as well as in the name."""

from __future__ import annotations

from provisioning.phones import grandstream
from tests.bed.desk_sets import sets


def test_its_settings_are_in_its_own_words() -> None:
    text = grandstream.render(sets()["grandstream"])
    assert "<mac>000b82aabbc2</mac>" in text
    for wanted in ("<P35>202</P35>", "<P57>9</P57>", "<P303>201</P303>"):
        assert wanted in text
