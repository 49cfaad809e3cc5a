"""eSpeak NG is the engine of last resort for Japanese, and the first for English."""

from ivr_flows.prompts.engines import espeak_ng
from ivr_flows.prompts.rendering import engines


def test_it_speaks_both_languages_and_english_well() -> None:
    assert set(espeak_ng.LANGUAGES) == {"ja", "en"}
    assert espeak_ng.WELL == ("en",)
    assert engines("ja")[-1][0] == "espeak_ng"
