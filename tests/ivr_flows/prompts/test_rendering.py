"""Each content is rendered once; a sound that changed, or another engine, is rendered anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import CouldNotError
from ivr_flows import prompt_folder
from ivr_flows.prompts.engine import EngineError, Told
from ivr_flows.prompts.rendering import Kitchen, engines
from ivr_flows.said import Sound, Spoken, estimate
from tests import needs
from tests.ivr_flows.prompts.test_converting import tone

pytestmark = needs.program("ffmpeg", "espeak-ng")
HELLO = Spoken("Thank you for your call. For sales, press one.", "en")


def test_words_are_rendered_once(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path, {})
    first = kitchen.render([HELLO, HELLO])
    assert list(first) == [HELLO.key]
    stamp = first[HELLO.key].wide.stat().st_mtime_ns
    assert Kitchen(tmp_path, {}).render([HELLO]) == first
    assert first[HELLO.key].wide.stat().st_mtime_ns == stamp
    assert len(list(tmp_path.iterdir())) == 2


def test_a_sound_that_changed_is_rendered_anew(tmp_path: Path) -> None:
    given = tone(tmp_path / "welcome.wav", 8000)
    first = Kitchen(tmp_path / "out", {"welcome": given}).render([Sound("welcome")])
    tone(given, 4000)
    second = Kitchen(tmp_path / "out", {"welcome": given}).render([Sound("welcome")])
    assert list(first) == list(second)
    assert first[Sound("welcome").key].wide != second[Sound("welcome").key].wide


def test_its_length_is_known_afterwards_and_the_estimate_was_fair(tmp_path: Path) -> None:
    Kitchen(prompt_folder.rendered_folder(tmp_path), {}).render([HELLO])
    known = prompt_folder.rendered(tmp_path)[HELLO.key]
    assert known / 2 < estimate(HELLO.text, "en") < known * 2


def test_what_cannot_be_rendered_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CouldNotError, match="prompt add"):
        Kitchen(tmp_path, {}).render([Sound("gone")])
    with pytest.raises(EngineError, match="divide"):
        Kitchen(tmp_path, {}).render([Spoken("x" * 5000, "en")])
    with pytest.raises(EngineError, match="choose one of"):
        Kitchen(tmp_path, {}, Told("parrot")).render([HELLO])
    assert list(tmp_path.iterdir()) == []


def test_the_best_engine_comes_first() -> None:
    assert engines("en")[0][0] == "espeak_ng"
    with pytest.raises(EngineError, match="speaks en"):
        engines("en", Told("open_jtalk"))
