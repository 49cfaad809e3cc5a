"""Hold music: the office's folder, else what Asterisk came with."""

from __future__ import annotations

from appliance.phone_settings import Music
from provisioning.asterisk import music
from tests.bed.boxes import section, wiring


def test_there_is_always_a_default() -> None:
    assert section(music.render(wiring(music=[])), "default")["directory"] == "moh"
    named = music.render(wiring(music=[Music(name="jazz", folder="/srv/jazz", shuffle=False)]))
    assert section(named, "jazz") == {"mode": "files", "directory": "/srv/jazz", "sort": "alpha"}
    assert section(named, "default")["directory"] == "moh"
