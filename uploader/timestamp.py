"""Time stamps (RFC 3161): an authority vouches that a checkpoint existed at a moment. The `openssl` program asks and checks.

The authority sees a SHA-256 and nothing else. What it answers is taken only when it verifies against the certificates of the
configuration, so that a captive portal's page or another box's stamp is never kept.
"""

from __future__ import annotations

import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from uploader.store import StoreAgainError, StoreRefusedError

SECONDS = 30
_LARGEST = 1 << 20
_TYPE = "application/timestamp-query"


def stamp(url: str, ca_file: str, sha256: str) -> bytes:
    """The authority's checked answer (a TimeStampResp) for this hash. Raises StoreAgainError or StoreRefusedError."""
    with tempfile.TemporaryDirectory(prefix="appliance-") as name:
        query, answer = Path(name) / "query", Path(name) / "answer"
        _openssl("-query", "-digest", sha256, "-sha256", "-cert", "-out", str(query))
        answer.write_bytes(_ask(url, query.read_bytes()))
        try:
            _openssl("-verify", "-queryfile", str(query), "-in", str(answer), "-CAfile", ca_file)
        except StoreRefusedError as error:
            raise StoreRefusedError(f"{url}: its time stamp does not hold ({error}); check proof.timestamp_ca") from error
        return answer.read_bytes()


def _ask(url: str, query: bytes) -> bytes:
    request = urllib.request.Request(url, data=query, headers={"Content-Type": _TYPE})  # noqa: S310 - http or https, see config
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as reply:  # noqa: S310
            return bytes(reply.read(_LARGEST))
    except (OSError, ValueError) as error:
        raise StoreAgainError(f"{url}: the time-stamping authority is not reached ({error}); check proof.timestamp_url") from error


def _openssl(*words: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["openssl", "ts", *words],  # noqa: S607
            capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreRefusedError(f"openssl: cannot be run ({error}); install it, or clear proof.timestamp_url") from error
    if done.returncode:
        raise StoreRefusedError((done.stderr.strip() or done.stdout.strip() or "refused").splitlines()[0])
