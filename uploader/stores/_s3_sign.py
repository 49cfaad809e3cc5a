"""AWS Signature Version 4 as S3 wants it, in headers. Pure: the moment and the body's hash come in, the header goes out.

Source: Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)". S3 encodes a path
once and normalises nothing, which sets it apart from Amazon's other services.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

EMPTY = hashlib.sha256().hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"


class Keys(NamedTuple):
    """Who signs, and for which region."""

    access: str
    secret: str
    region: str


class Question(NamedTuple):
    """What is signed; path and query are encoded already."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """All of them are signed; names in small letters, `host` and `x-amz-date` among them."""


def path_of(key: str) -> str:
    """A key as a part of a path."""
    return quote(key, safe="/~")


def query_of(wanted: Mapping[str, str]) -> str:
    """A query in the order in which it is signed."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(wanted.items()))


def authorization(question: Question, sha256: str, keys: Keys) -> str:
    """The header `Authorization` for a body of this SHA-256."""
    moment = question.headers["x-amz-date"]
    names = sorted(question.headers)
    signed = ";".join(names)
    lines = "".join(f"{name}:{question.headers[name].strip()}\n" for name in names)
    canonical = f"{question.method}\n{question.path}\n{question.query}\n{lines}\n{signed}\n{sha256}"
    scope = f"{moment[:8]}/{keys.region}/s3/aws4_request"
    text = f"{_ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(_key(keys.secret, keys.region, moment[:8]), text.encode(), hashlib.sha256).hexdigest()
    return f"{_ALGORITHM} Credential={keys.access}/{scope}, SignedHeaders={signed}, Signature={signature}"


@lru_cache(maxsize=8)
def _key(secret: str, region: str, day: str) -> bytes:
    """The key of one day, region and service."""
    found = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        found = hmac.digest(found, part.encode(), "sha256")
    return found
