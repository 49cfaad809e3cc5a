"""What every speech engine must do: speak its languages audibly, take any text as words, and say what it lacks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast, get_args

import pytest

from appliance import registry
from appliance.config import Speech
from ivr_flows.prompts import converting
from ivr_flows.prompts.engine import NOTHING, Engine, EngineError
from ivr_flows.prompts.rendering import PACKAGE
from ivr_flows.sentences import LANGUAGES

ENGINES = {name: cast(Engine, module) for name, module in registry.members(PACKAGE).items()}
WORDS = {"ja": "お電話ありがとうございます。", "en": "Thank you for your call."}
LOCAL = [name for name in ENGINES if name != "web"]
SPOKEN = [(name, language) for name in LOCAL for language in ENGINES[name].LANGUAGES]


LACKS = {name: engine.available(NOTHING) for name, engine in ENGINES.items()}
HERE = [(name, language) for name, language in SPOKEN if not LACKS[name]]
"""Open JTalk's voice is in Debian's contrib, which not every machine has; then what it lacks is said, and that is tested."""


def test_what_is_not_here_says_what_to_install() -> None:
    assert {name for name, lacks in LACKS.items() if lacks} <= {"open_jtalk", "web"}
    assert all(re.match("(install|set) ", lacks) for lacks in LACKS.values() if lacks)


def test_each_language_has_an_engine() -> None:
    assert {language for engine in ENGINES.values() for language in engine.WELL} == set(LANGUAGES)
    assert all(set(engine.WELL) <= set(engine.LANGUAGES) for engine in ENGINES.values())


def test_the_configuration_knows_every_engine() -> None:
    assert set(get_args(Speech.model_fields["engine"].annotation)) == {"", *ENGINES}


@pytest.mark.parametrize(("name", "language"), HERE)
def test_it_speaks_audibly(tmp_path: Path, name: str, language: str) -> None:
    out = tmp_path / "said.wav"
    ENGINES[name].speak(WORDS[language], language, out, NOTHING)
    converted = converting.playable(out)
    assert 0.8 < converted.level.seconds < 10  # eSpeak NG spells kanji out
    assert converted.level.peak > 0.02


@pytest.mark.parametrize(("name", "language"), HERE)
@pytest.mark.parametrize("text", ["-v en; rm -rf x", "--help", "$(id) `id` 123", "1\n2\n3", "<speak>&amp;", "/etc/passwd"])
def test_any_text_is_words(tmp_path: Path, name: str, language: str, text: str) -> None:
    out = tmp_path / "said.wav"
    ENGINES[name].speak(text, language, out, NOTHING)
    assert converting.convert(out).level.seconds > 0.1
    assert [path.name for path in tmp_path.iterdir()] == ["said.wav"]


@pytest.mark.parametrize("name", LOCAL)
def test_where_it_is_missing_it_says_what_to_install(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "install" in ENGINES[name].available(NOTHING)
    with pytest.raises(EngineError, match="install"):
        ENGINES[name].speak("x", ENGINES[name].LANGUAGES[0], tmp_path / "x.wav", NOTHING)
