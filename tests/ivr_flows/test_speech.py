"""What is asked for wins, then the locale; everything else is Japanese."""

import pytest

from ivr_flows.speech import language


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "ja"),
        ({"LANG": "C.UTF-8"}, "ja"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE"}, "ja"),
        ({"LANG": "en_US", "LC_ALL": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP", "LC_MESSAGES": "en_GB"}, "en"),
    ],
)
def test_the_locale_decides_where_nothing_is_asked(environment: dict[str, str], expected: str) -> None:
    assert language(None, environment) == expected


def test_what_is_asked_wins() -> None:
    assert language("en", {"LC_ALL": "ja_JP"}) == "en"
