"""A speech service is asked over HTTP when the configuration says so; whatever it answers, nothing but a sound becomes a prompt."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from appliance.box import Box
from appliance.errors import CouldNotError
from ivr_flows import surroundings
from ivr_flows.prompts.engine import NOTHING, EngineError, Told
from ivr_flows.prompts.engines import web
from ivr_flows.prompts.rendering import Kitchen
from ivr_flows.said import Spoken
from tests import needs
from tests.ivr_flows.prompts.test_converting import tone

WORDS = Spoken("お電話ありがとうございます。", "ja")


class Service(ThreadingHTTPServer):
    """A speech service that answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status, self.sound = 200, b""
        self.asked: list[tuple[str, dict[str, Any], str]] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}/speak"


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        service = self.server
        assert isinstance(service, Service)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service.asked.append((self.path, body, self.headers.get("Authorization", "")))
        self.send_response(service.status)
        if service.status in (301, 302, 307):
            self.send_header("Location", f"http://127.0.0.1:{service.server_port}/elsewhere")
        self.send_header("Content-Length", str(len(service.sound)))
        self.end_headers()
        self.wfile.write(service.sound)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@needs.program("ffmpeg")
def test_its_sound_becomes_a_prompt(service: Service, tmp_path: Path) -> None:
    service.sound = tone(tmp_path / "x.wav").read_bytes()
    rendered = Kitchen(tmp_path / "out", {}, Told("web", service.url, "mai", "secret")).render([WORDS])
    assert rendered[WORDS.key].source == "web"
    assert service.asked == [("/speak", {"text": WORDS.text, "language": "ja", "voice": "mai"}, "Bearer secret")]
    Kitchen(tmp_path / "out", {}, Told("web", service.url, "mai", "secret")).render([WORDS])
    assert len(service.asked) == 1
    Kitchen(tmp_path / "out", {}, Told("web", service.url, "ken", "secret")).render([WORDS])
    assert len(service.asked) == 2


@needs.program("ffmpeg")
@pytest.mark.parametrize(
    ("status", "sound"), [(500, b""), (401, b"no"), (302, b""), (307, b""), (200, b""), (200, b"<html>sorry</html>")]
)
def test_whatever_else_it_answers_is_an_error_and_no_prompt(service: Service, tmp_path: Path, status: int, sound: bytes) -> None:
    service.status, service.sound = status, sound
    with pytest.raises(CouldNotError) as caught:
        Kitchen(tmp_path / "out", {}, Told("web", service.url, "", "secret")).render([WORDS])
    assert "secret" not in str(caught.value)
    assert [path for path, _, _ in service.asked] == ["/speak"]
    assert not (tmp_path / "out").exists()


def test_a_service_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="reached"):
        web.speak("x", "ja", tmp_path / "x", Told("web", "http://127.0.0.1:9/speak"))
    with pytest.raises(EngineError, match=r"speech\.url"):
        web.speak("x", "ja", tmp_path / "x", NOTHING)


def test_it_is_never_asked_unless_the_configuration_says_so() -> None:
    assert web.available(Told("", "https://speech.example/"))
    assert not web.available(Told("web", "https://speech.example/"))


def test_the_token_is_a_file_of_the_keys_folder(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "speech.token").write_text("secret\n")
    (tmp_path / "appliance.toml").write_text('[speech]\nengine = "web"\nurl = "https://speech.example/v1"\nvoice = "mai"\n')
    box = Box.at(tmp_path)
    assert surroundings.speech(box) == Told("web", "https://speech.example/v1", "mai", "secret")
    assert surroundings.speech(box, "espeak_ng").engine == "espeak_ng"
    (tmp_path / "keys" / "speech.token").write_bytes(b"\xff")
    with pytest.raises(CouldNotError, match=r"speech\.token"):
        surroundings.speech(box)
