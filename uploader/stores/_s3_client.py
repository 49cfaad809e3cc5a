"""A bucket as we ask it: every answer is put into a class, and a clock that is wrong is learnt from the server.

The durable queue and `uploader/retry.py` are our retries, so a question is asked once. A box whose clock is wrong by years signs with the
server's time: the first refusal tells it (RequestTimeTooSkewed, `Date`).
"""

from __future__ import annotations

import configparser
import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit
from xml.etree import ElementTree

from uploader.store import MissingObjectError, ObjectRefusedError, StoreAgainError, StoreError, StoreRefusedError
from uploader.stores._s3_sign import Keys
from uploader.stores._s3_wire import Answer, Ask, Patience, Place, UnreachedError, Wire

CREDENTIALS = "s3.credentials"
_MISSING = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchUpload"})
_LATER = frozenset({
    "SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted", "RequestTimeTooSkewed",
    "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "Throttling", "ThrottlingException",
    "IncompleteBody", "ConditionalRequestConflict",
})  # fmt: skip
_THIS_OBJECT = frozenset({
    "EntityTooLarge", "EntityTooSmall", "MissingContentLength", "KeyTooLongError", "InvalidPart", "InvalidPartOrder",
})  # fmt: skip
_FULL = frozenset({"QuotaExceeded", "InsufficientStorage", "ServiceQuotaExceeded", "XMinioStorageFull"})
_ELSEWHERE = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})
_SKEWED = "RequestTimeTooSkewed"


class RefusalError(Exception):
    """The server answered, and not as was hoped. Its own word for that is the code."""

    def __init__(self, status: int, code: str, retry_after: str | None = None) -> None:
        super().__init__(f"{code} (HTTP {status})")
        self.status, self.code, self.retry_after = status, code, retry_after or ""

    @property
    def missing(self) -> bool:
        """Whether it says that there is no such thing (and not that the bucket is missing)."""
        return self.code in _MISSING


FAILURES = (RefusalError, UnreachedError)
"""What a question may end with."""


class Client:
    """A bucket and the way to it."""

    def __init__(self, wire: Wire, bucket: str) -> None:
        self.wire = wire
        self.bucket = bucket

    def ask(self, ask: Ask) -> Answer:
        """Ask, and read all of the answer. Raises RefusalError, UnreachedError."""
        answer = self.wire.ask(ask)
        if answer.status >= 300:
            raise RefusalError(answer.status, _code(answer.body) or str(answer.status), answer.headers.get("retry-after"))
        return answer

    @contextmanager
    def opened(self, ask: Ask) -> Iterator[HTTPResponse]:
        """Ask, and read the answer in the block. Raises RefusalError, UnreachedError."""
        with self.wire.asked(ask) as answer:
            if answer.status >= 300:
                raise RefusalError(
                    answer.status, _code(answer.read(1 << 16)) or str(answer.status), answer.headers.get("retry-after")
                )
            yield answer

    def page(self, ask: Ask, root: str) -> ElementTree.Element:
        """Ask for a document of this name. Raises RefusalError (an error may have a good status), StoreAgainError where it is none."""
        found = _tree(self.ask(ask).body)
        if found is not None and found.tag == "Error":
            raise RefusalError(500, found.findtext("Code", ""))
        if found is None or found.tag != root:
            raise self.strange(f"the answer is no {root}")
        return found

    def strange(self, what: str) -> StoreAgainError:
        """An answer that no store gives."""
        return StoreAgainError(f"bucket {self.bucket}: {what}; does a sign-in page stand in between?")

    def give_up(self, key: str, error: RefusalError | UnreachedError) -> NoReturn:
        """The provider's answer as one of our errors."""
        raise self.classed(key, error) from error

    def classed(self, key: str, error: RefusalError | UnreachedError) -> StoreError:
        """What this answer means."""
        name = f"bucket {self.bucket}"
        if isinstance(error, UnreachedError):
            return StoreAgainError(f"{name}: not reached ({error}); check network, DNS and store.options.endpoint")
        code, status = error.code, error.status
        if code in _MISSING:
            return MissingObjectError(f"{key}: there is no such object in {name}")
        if code == _SKEWED:
            self.wire.clock.believe()
            ahead = self.wire.clock.seen.total_seconds()
            return StoreAgainError(f"{name}: says that this box's clock is wrong (by {ahead:.0f} s); check the time", 0.0)
        if code in _FULL or status == 507:
            return StoreRefusedError(f"{name}: has no room left ({code}); raise the quota with the provider, the backlog is kept")
        if code in _LATER or (status >= 500 and status != 501) or status in (307, 408, 409, 425, 429):
            return StoreAgainError(f"{name}: asks to try again ({code})", _seconds(error.retry_after))
        if code in _ELSEWHERE:
            return StoreRefusedError(f"{name}: is in another region ({code}); correct store.options.region or .endpoint")
        if code in _THIS_OBJECT or status in (411, 413):
            return ObjectRefusedError(f"{key}: {name} refuses this object ({code}, HTTP {status}); ask the provider why")
        return StoreRefusedError(
            f"{name}: refuses ({code}, HTTP {status}); check the bucket's name, the rights of the key in "
            f"{CREDENTIALS}, and the contract with the provider"
        )


def make(options: Any, keys: Path) -> Client:
    """The client of these options (`uploader.stores.s3.Options`). Raises StoreRefusedError."""
    access, secret = _credentials(keys / CREDENTIALS)
    try:
        place = _place(options)
        authority = options.ca_file or os.environ.get("AWS_CA_BUNDLE") or None
        context = ssl.create_default_context(cafile=authority) if place.secure else None
    except (ValueError, OSError) as error:
        raise StoreRefusedError(f"bucket {options.bucket}: {error}; correct store.options") from error
    wire = Wire(place, Keys(access, secret, options.region), Patience(options.connect_seconds, options.read_seconds), context)
    return Client(wire, options.bucket)


def _place(options: Any) -> Place:
    """Where these options say that the bucket is. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9-]+", options.region):
        raise ValueError(f"{options.region!r} is no region")
    china = ".cn" if options.region.startswith("cn-") else ""
    parts = urlsplit(options.endpoint or f"https://s3.{options.region}.amazonaws.com{china}")
    if not parts.hostname:
        raise ValueError(f"{options.endpoint!r} names no host")
    secure = parts.scheme == "https"
    host = parts.hostname if options.path_style else f"{options.bucket}.{parts.hostname}"
    path = parts.path.rstrip("/") + (f"/{options.bucket}" if options.path_style else "")
    return Place(secure, host, parts.port or (443 if secure else 80), path)


def _tree(body: bytes) -> ElementTree.Element | None:
    """A document without its namespace, which providers spell in several ways; None where it is none.

    No provider declares types or entities, and whoever does is not read: so nothing can be blown up.
    """
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        return None
    try:
        return ElementTree.fromstring(  # noqa: S314 - see above
            re.sub(rb"\sxmlns=(\"[^\"]*\"|'[^']*')", b"", body)
        )
    except ElementTree.ParseError:
        return None


def _code(body: bytes) -> str:
    """The provider's word for what is wrong; "" where it has none."""
    found = _tree(body)
    return "" if found is None or found.tag != "Error" else found.findtext("Code", "")


def _seconds(retry_after: str) -> float | None:
    """What the provider asks for, where it says a number (RFC 9110 §10.2.3)."""
    return float(retry_after) if retry_after.isdigit() else None


def _credentials(path: Path) -> tuple[str, str]:
    """(access key, secret key) from a file as the AWS tools write it."""
    try:
        if path.stat().st_mode & 0o077 and "CREDENTIALS_DIRECTORY" not in os.environ:
            raise StoreRefusedError(f"{path}: is open to others; run: chmod 600 {path}")
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(path.read_text("utf-8"))
        section = parser["default"]
        return section["aws_access_key_id"], section["aws_secret_access_key"]
    except OSError as error:
        raise StoreRefusedError(
            f"{path}: the bucket's credentials are missing ({error.strerror}); see uploader/README.md"
        ) from error
    except (configparser.Error, KeyError, UnicodeDecodeError) as error:
        raise StoreRefusedError(f"{path}: is no credentials file ([default] with the two aws_ lines is expected)") from error
