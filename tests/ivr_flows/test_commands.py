"""Every word of `ivr` explains itself."""

import pytest

from appliance.cli import main
from ivr_flows.commands import PARTS


@pytest.mark.parametrize("word", ["lint", "simulate", "test", "diagram", "publish", "rollback", "history", "holidays", "prompt"])
def test_a_word_explains_itself(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["ivr", word, "--help"])
    assert caught.value.code == 0
    assert word in capsys.readouterr().out
    assert PARTS
