"""A speech service over HTTPS, as `[speech]` of the configuration names it: text, language and voice go as JSON, a sound comes back.

It is asked when a flow is published, never during a call. Whatever comes back is decoded like an upload: as something hostile.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

from ivr_flows.prompts.engine import PATIENCE_S, EngineError, Told

LANGUAGES = ("ja", "en")
WELL = ("ja", "en")
LARGEST = 32 << 20


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the token to somebody else; it is an error."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> None:
        """None: urllib raises the answer as an error."""
        return


def available(told: Told) -> str:
    """Whether the configuration names a service, and means it."""
    return "" if told.url and told.engine == "web" else "set speech.engine to web and speech.url to a speech service"


def speak(text: str, language: str, out: Path, told: Told) -> None:
    """Ask the service, and write its answer to `out`. Raises EngineError."""
    if lacks := available(told):
        raise EngineError(f"web: is not there; {lacks}")
    body = json.dumps({"text": text, "language": language, "voice": told.voice}).encode()
    headers = {"Content-Type": "application/json", "Accept": "audio/*"}
    if told.token:
        headers["Authorization"] = f"Bearer {told.token}"
    request = urllib.request.Request(told.url, body, headers)  # noqa: S310 - the configuration allows https and this machine only
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=PATIENCE_S) as answer:
            sound = answer.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise EngineError(f"web: the speech service answered {error.code}; check speech.url and speech.token") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EngineError(f"web: the speech service cannot be reached ({error}); check speech.url") from error
    if not sound or len(sound) > LARGEST:
        raise EngineError(f"web: the speech service answered {len(sound)} bytes, which is no prompt")
    out.write_bytes(sound)
