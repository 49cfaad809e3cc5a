"""eSpeak NG is the engine of last resort for Japanese, and the first for English."""

from ivr_flows.prompts.engines import espeak_ng, open_jtalk


def test_it_speaks_both_languages_and_english_better() -> None:
    assert espeak_ng.LANGUAGES.index("ja") > open_jtalk.LANGUAGES.index("ja")
    assert espeak_ng.LANGUAGES[0] == "en"
