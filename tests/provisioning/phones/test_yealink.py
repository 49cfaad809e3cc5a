"""Yealink: the first line names the form, without which the telephone takes nothing."""

from __future__ import annotations

from provisioning.phones import yealink
from tests.bed.desk_sets import sets


def test_its_settings_are_in_its_own_words() -> None:
    text = yealink.render(sets()["yealink"])
    assert text.startswith("#!version:1.0.0.1\n")
    for wanted in ("account.1.user_name = 201\n", "account.1.codec.g722.priority = 1\n", "linekey.2.value = 201\n"):
        assert wanted in text
