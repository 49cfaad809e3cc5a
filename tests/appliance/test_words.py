"""A sentence keeps its values beside it, so that it can be said in any language."""

from __future__ import annotations

import pytest

from appliance.words import N_, Text

DISK = Text(N_("%(free)s of %(disk)s are free"), {"free": 3, "disk": "/var"})


def test_the_command_line_says_the_english() -> None:
    assert str(DISK) == "3 of /var are free"


def test_a_catalogue_may_put_the_values_elsewhere() -> None:
    japanese = {"%(free)s of %(disk)s are free": "%(disk)s の空きは %(free)s です"}
    assert DISK.translated(japanese.__getitem__) == "/var の空きは 3 です"


def test_a_sentence_without_places_may_hold_a_percent_sign_written_twice() -> None:
    assert str(Text("100 %% full")) == "100 % full"


def test_a_value_is_never_taken_for_a_place() -> None:
    assert str(Text("%(name)s", {"name": "%(other)s %d"})) == "%(other)s %d"


def test_a_place_without_a_value_is_loud() -> None:
    with pytest.raises(KeyError):
        str(Text("%(missing)s"))


def test_marking_changes_nothing() -> None:
    assert N_("as it is") == "as it is"
