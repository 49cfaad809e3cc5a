"""Sounds are taken in, listed and spoken on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from ivr_flows.prompts.wave_file import samples_of
from tests import needs
from tests.ivr_flows.conftest import Ivr
from tests.ivr_flows.prompts.test_converting import tone

pytestmark = needs.program("ffmpeg", "espeak-ng")


def test_a_sound_is_taken_in_and_known_by_its_name(ivr: Ivr, tmp_path: Path) -> None:
    assert ivr("prompt", "add", tone(tmp_path / "welcome.wav")).code == 0
    assert ivr("prompt", "add", tmp_path / "welcome.wav", "--name", "other").code == 0
    assert json.loads(ivr("prompt", "list", "--json").out) == {"other": 1.0, "welcome": 1.0}
    assert "welcome" in ivr("prompt", "list").out


def test_a_sound_that_may_not_be_played_changes_nothing(ivr: Ivr, tmp_path: Path) -> None:
    ivr("prompt", "add", tone(tmp_path / "welcome.wav"))
    tone(tmp_path / "welcome.wav", 0)
    said = ivr("prompt", "add", tmp_path / "welcome.wav")
    assert (said.code, "silent" in said.err) == (4, True)
    assert json.loads(ivr("prompt", "list", "--json").out) == {"welcome": 1.0}
    assert ivr("prompt", "add", tmp_path / "welcome.wav", "--name", "../x").code == 2


def test_a_text_is_spoken_to_hear_it(ivr: Ivr, tmp_path: Path) -> None:
    assert ivr("prompt", "say", "Hello.", "--lang", "en", "-o", tmp_path / "x.wav").code == 0
    assert samples_of((tmp_path / "x.wav").read_bytes())[1] == 16000
