"""The capture engine's settings refuse what makes no sense, and have defaults with which an office records at once."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from appliance.capture_settings import Capture, Rule


def test_without_a_word_everything_is_recorded_lossless() -> None:
    assert (Capture().format, Capture().digits, Capture().early_media) == ("flac", "keep", "keep")


@pytest.mark.parametrize("wrong", [{"ring_megabytes": 1}, {"opus_kilobits": 500}, {"digits": "some"}, {"pause_digits": "x"}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Capture.model_validate(wrong)


def test_a_rule_has_a_name_and_an_action() -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate({"name": "", "action": "never"})
    with pytest.raises(ValidationError):
        Rule.model_validate({"name": "night", "action": "perhaps"})
    assert Rule.model_validate({"name": "night", "action": "never", "hours": "22:00-06:00"}).hours == "22:00-06:00"
