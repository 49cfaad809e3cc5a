"""Channels have names of their own, and what is not a setting is refused."""

from __future__ import annotations

import pytest

from appliance.config import Source, parse
from appliance.errors import ConfigError

MAIL = '[[notify.channels]]\nname = "{0}"\nkind = "mail"\n'


def test_two_channels_of_different_names_are_fine() -> None:
    found = parse(Source("x", MAIL.format("a") + MAIL.format("b"))).notify.channels
    assert [(one.name, one.at_least, one.summary) for one in found] == [("a", "warning", False), ("b", "warning", False)]


@pytest.mark.parametrize(
    "text",
    [MAIL.format("a") * 2, MAIL.format("A b"), MAIL.format("a") + 'at_least = "notice"\n', '[notify]\nsummary_at = "25:00"\n',
     '[notify]\nlanguage = "fr"\n', "[notify]\nrepeat_hours = 0\n"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="notify"):
        parse(Source("x", text))
