"""Sounds are brought, heard and removed in the console; one that a flow plays stays."""

from __future__ import annotations

import io
import math
import shutil
import struct
import wave

import pytest

from appliance.box import Box
from ivr_flows import drafts, prompt_folder
from tests.appliance.furnished import TestClient
from tests.ivr_flows.console.conftest import Post
from tests.ivr_flows.console.test_flows import SILENT

pytestmark = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg")


def tone() -> bytes:
    """Two seconds that may be played."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 16000, 0, "NONE", ""))
        out.writeframes(b"".join(struct.pack("<h", round(9000 * math.sin(place / 8))) for place in range(32000)))
    return file.getvalue()


def test_a_sound_is_brought_heard_and_removed(office: Box, client: TestClient, post: Post) -> None:
    assert post("/phone/prompts", file=("greeting.wav", tone())).headers["location"].startswith("/phone/prompts?added=greeting")
    assert list(prompt_folder.search(office.folders.data, None)) == ["greeting"]
    assert "2.0 s" in client.get("/phone/prompts").text
    heard = client.get("/phone/prompts/greeting")
    assert (heard.headers["content-type"], heard.content[:4]) == ("audio/wav", b"RIFF")
    drafts.save(
        office.folders.data, "main", drafts.Draft(SILENT.replace("{type: hangup}", "{type: hangup, prompt: greeting}"), "x", 1), ""
    )
    assert post("/phone/prompts/greeting/remove").status_code == 409
    drafts.drop(office.folders.data, "main")
    assert post("/phone/prompts/greeting/remove").status_code == 303
    assert client.get("/phone/prompts/greeting").status_code == 404


def test_what_is_no_sound_is_refused(post: Post) -> None:
    assert post("/phone/prompts", file=("x.wav", b"no sound")).status_code == 503
    assert post("/phone/prompts", file=("a b.wav", tone())).status_code == 409
    assert post("/phone/prompts").status_code == 409


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="nothing speaks here")
def test_a_text_is_spoken_and_kept(office: Box, post: Post) -> None:
    assert post("/phone/prompts/say", text="hello there, this is the office", language="en", name="hello").status_code == 303
    assert "hello" in prompt_folder.search(office.folders.data, None)
    assert post("/phone/prompts/say", text="", language="en", name="hello").status_code == 409
