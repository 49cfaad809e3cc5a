"""A message handed to somebody's HTTP server: one POST, no redirect followed, every answer put into one of two classes."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from uploader.channels import ChannelAgainError, ChannelRefusedError

TIMEOUT_S = 20.0
_LATER = frozenset({408, 409, 425, 429})


def post(url: str, message: Mapping[str, Any], headers: Mapping[str, str], ca_file: str = "", encoded: bytes | None = None) -> None:
    """Hand it over as JSON. Raises ChannelAgainError or ChannelRefusedError; both name the host alone, for paths may be secrets."""
    parts = urlsplit(url)
    body = json.dumps(message, ensure_ascii=False).encode() if encoded is None else encoded
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, ca_file)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json; charset=utf-8", **headers})
        answer = connection.getresponse()
        said = answer.read(500).decode("utf-8", "replace").strip()
    except ssl.SSLCertVerificationError as error:
        raise ChannelRefusedError(
            f"{parts.hostname}: its certificate does not hold ({error.verify_message}); name its authority in ca_file"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise ChannelAgainError(f"{parts.hostname}: cannot be reached ({error})") from error
    finally:
        connection.close()
    if 200 <= answer.status < 300:
        return
    what = f"{parts.hostname}: answers {answer.status} {answer.reason} {said}".strip()
    if answer.status >= 500 or answer.status in _LATER:
        raise ChannelAgainError(what, _wait(answer.getheader("Retry-After", "")))
    raise ChannelRefusedError(f"{what}; check the address and the secret")


def _connection(scheme: str, host: str, port: int | None, ca_file: str) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise ChannelRefusedError(f"{ca_file}: holds no certificates ({error.strerror or error}); name a PEM file") from error
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)


def _wait(text: str) -> float | None:
    """Seconds that the server asks for (RFC 9110 §10.2.3); a date is not waited for."""
    return float(text) if text.isascii() and text.isdigit() else None
