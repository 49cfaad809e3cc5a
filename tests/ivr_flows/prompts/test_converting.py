"""Any audio becomes what Asterisk plays; what is none, or means to open other files, is refused with a sentence."""

from __future__ import annotations

import array
import math
import subprocess
from pathlib import Path

import pytest

from ivr_flows.prompts import converting
from ivr_flows.prompts.converting import NARROW, WIDE, SoundError
from ivr_flows.prompts.wave_file import level, samples_of, written
from tests import needs

pytestmark = needs.program("ffmpeg")


def tone(path: Path, peak: int = 8000, length: float = 1.0) -> Path:
    path.write_bytes(written(array.array("h", [round(peak * math.sin(n / 6)) for n in range(round(16000 * length))]), 16000))
    return path


@pytest.mark.parametrize("ending", ["wav", "mp3", "flac", "ogg", "m4a", "aiff", "au", "webm"])
def test_any_format_becomes_both_rates(tmp_path: Path, ending: str) -> None:
    source = tone(tmp_path / "in.wav")
    given = tmp_path / f"sound.{ending}"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, "-ar", "48000", "-ac", "2", given], check=True)
    converted = converting.playable(given)
    for data, rate in ((converted.wide, WIDE), (converted.narrow, NARROW)):
        samples, found = samples_of(data)
        assert found == rate
        assert level(samples, rate).seconds == pytest.approx(1.0, abs=0.1)
        assert level(samples, rate).peak == pytest.approx(0.173, abs=0.05)  # two channels at -3 dB each


def test_speech_is_brought_to_one_level(tmp_path: Path) -> None:
    for peak in (500, 20000):
        assert converting.convert(tone(tmp_path / "x.wav", peak), loud=True).level.peak == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("words.wav", b"these are words"),
        ("empty.wav", b""),
        ("page.mp3", b"<html>" * 100),
        ("list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.wav\n#EXT-X-ENDLIST\n"),
        ("concat.wav", b"ffconcat version 1.0\nfile secret.wav\n"),
        ("playlist.wav", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:secret.wav\n#EXT-X-ENDLIST\n"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ],
)
def test_what_is_no_sound_is_refused_and_opens_no_other_file(tmp_path: Path, name: str, data: bytes) -> None:
    tone(tmp_path / "secret.wav")
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SoundError, match=name):
        converting.playable(tmp_path / name)


def test_silence_is_refused_and_the_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="silent"):
        converting.playable(tone(tmp_path / "x.wav", 0))
    with pytest.raises(SoundError, match="empty"):
        converting.playable(tone(tmp_path / "x.wav", 8000, 0.05))


def test_a_clipped_sound_is_warned_of(tmp_path: Path) -> None:
    samples = array.array("h", [32767 if n // 20 % 2 else -32768 for n in range(16000)])
    (tmp_path / "x.wav").write_bytes(written(samples, 16000))
    assert ["clipped" in verdict.en for verdict in converting.playable(tmp_path / "x.wav").verdicts] == [True]


def test_a_file_that_is_not_there_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="gone"):
        converting.convert(tmp_path / "gone.wav")


def test_without_ffmpeg_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SoundError, match="install"):
        converting.convert(tone(tmp_path / "x.wav"))
