"""Open JTalk speaks every line of a text, not just its first; where it is missing, that is said."""

from pathlib import Path

from ivr_flows.prompts.engine import NOTHING
from ivr_flows.prompts.engines import open_jtalk
from ivr_flows.prompts.wave_file import seconds


def test_line_breaks_do_not_end_the_words(tmp_path: Path) -> None:
    if lacks := open_jtalk.available(NOTHING):  # its voice is in Debian's contrib, which not every machine has
        assert "install" in lacks
        return
    open_jtalk.speak("お電話ありがとうございます。", "ja", tmp_path / "one.wav", NOTHING)
    open_jtalk.speak("お電話ありがとうございます。\nお電話ありがとうございます。", "ja", tmp_path / "two.wav", NOTHING)
    assert seconds(tmp_path / "two.wav") > 1.6 * seconds(tmp_path / "one.wav")
