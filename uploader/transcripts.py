"""What was said, as a program of the site's own heard it: the sound on its standard input, the text on its standard output.

It runs with a bare environment for at most so long, and of what it prints only so much is taken, as plain text: a program that hangs,
fails, or prints something else costs the transcript and never the mail.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
import tempfile
import time
import unicodedata

from appliance.errors import CouldNotError

MOST_BYTES = 64 * 1024
MOST_LETTERS = 8000
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
_NOT_TEXT = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


class TranscriptError(CouldNotError):
    """There is none; the sentence says why."""


def transcribe(program: str, sound: bytes, seconds: float) -> str:
    """What the program heard, "" where that is nothing. Raises TranscriptError."""
    with tempfile.TemporaryFile() as given:
        given.write(sound)
        given.seek(0)
        try:
            running = subprocess.Popen(  # noqa: S603 - named by the box's own configuration
                shlex.split(program), stdin=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_ENVIRONMENT, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise TranscriptError(f"{program}: cannot be started ({error})") from error
    try:
        said = _read(running, time.monotonic() + seconds)
    except TimeoutError as error:
        raise TranscriptError(f"{program}: took longer than {seconds:.0f} s") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    if running.returncode and running.returncode != -signal.SIGKILL:
        raise TranscriptError(f"{program}: ended with {running.returncode}")
    return plain(said)


def _read(running: subprocess.Popen[bytes], until: float) -> bytes:
    """Its output, or as much of it as is taken; it has ended, or will be ended. Raises TimeoutError."""
    assert running.stdout is not None  # it was asked for
    said = b""
    with running.stdout as pipe:
        while len(said) < MOST_BYTES:
            if not select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError
            piece = os.read(pipe.fileno(), MOST_BYTES - len(said))
            if not piece:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.wait(max(0.0, until - time.monotonic()))
                break
            said += piece
    return said


def plain(said: bytes) -> str:
    """Text and line breaks alone: nothing that turns writing around, hides in it, or controls a terminal."""
    text = said.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = "".join(letter for letter in text if letter == "\n" or unicodedata.category(letter) not in _NOT_TEXT)
    lines = [line.rstrip() for line in kept[:MOST_LETTERS].splitlines()]
    return "\n".join(line for place, line in enumerate(lines) if line or (place and lines[place - 1])).strip()
