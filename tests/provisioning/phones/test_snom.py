"""snom: one tree of settings with keys of their own."""

from __future__ import annotations

from provisioning.phones import snom
from tests.bed.desk_sets import sets


def test_its_settings_are_in_its_own_words() -> None:
    text = snom.render(sets()["snom"])
    assert text.rstrip().endswith("</settings>")
    for wanted in ('<user_name idx="1" perm="R">204</user_name>', "blf sip:201@192.168.20.2|**", "g722,pcmu,telephone-event"):
        assert wanted in text
