"""The S3 client as we need it: one try a question, small buffers, a clock learnt from the server, and every answer put into a class.

The durable queue and `uploader/retry.py` are our retries, so botocore does none. The send buffer is small, so that a slow line shows its
progress to the time-outs instead of swallowing a part and answering a minute later. A box whose clock is wrong by years signs with the
server's time: the first refusal tells it (RequestTimeTooSkewed, `Date`).
"""

from __future__ import annotations

import configparser
import os
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import boto3
from botocore.auth import AUTH_TYPE_MAPS, SIGV4_TIMESTAMP, S3SigV4Auth
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session

from uploader.store import MissingObjectError, ObjectRefusedError, StoreAgainError, StoreError, StoreRefusedError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CREDENTIALS = "s3.credentials"
SEND_BUFFER = 256 * 1024
_SIGNER = "appliance-s3v4"
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
_SKEWED = "RequestTimeTooSkewed"


class _Signer(S3SigV4Auth):
    """Signs with our clock and what was learnt of the server's, and for the hash that the body had when it was sealed.

    So nothing is read twice to be signed, and what a disk or the memory has changed since is refused by every server that checks a
    signature (SigV4: x-amz-content-sha256), also by those that ignore x-amz-checksum-sha256.
    """

    def payload(self, request: Any) -> str:
        """The SHA-256 that is signed."""
        return getattr(request.body, "sha256", "") or super().payload(request)

    def _modify_request_before_signing(self, request: Any) -> None:
        skew: timedelta = request.context["client_config"].appliance_clock.offset
        request.context["timestamp"] = (datetime.now(UTC) + skew).strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)  # type: ignore[misc] # the types leave it out


AUTH_TYPE_MAPS[_SIGNER] = _Signer


class ServerClock:
    """What the server's answers say about the time."""

    def __init__(self) -> None:
        self.offset = timedelta()
        """Added to our clock when we sign; zero until the server has refused our time."""
        self.seen = timedelta()
        """How far the server's clock is ahead of ours, by its last answer."""

    def look(self, date: str) -> None:
        """An answer bore this `Date`."""
        try:
            self.seen = parsedate_to_datetime(date) - datetime.fromtimestamp(time.time(), UTC)
        except (TypeError, ValueError):
            return

    def believe(self) -> None:
        """Our time was refused: sign with the server's from now on."""
        self.offset = self.seen


class Client:
    """A boto3 client and what was learnt over it."""

    def __init__(self, client: S3Client, bucket: str, clock: ServerClock) -> None:
        self.s3 = client
        self.bucket = bucket
        self.clock = clock

    def give_up(self, key: str, error: ClientError | BotoCoreError) -> NoReturn:
        """The provider's answer as one of our errors."""
        raise self.classed(key, error) from error

    def classed(self, key: str, error: ClientError | BotoCoreError) -> StoreError:
        """What this answer means."""
        name = f"bucket {self.bucket}"
        if isinstance(error, BotoCoreError):
            return StoreAgainError(f"{name}: not reached ({unreached(error)}); check network, DNS and store.options.endpoint")
        code = code_of(error)
        answer = error.response.get("ResponseMetadata", {})
        status = int(answer.get("HTTPStatusCode", 0))
        if code in _MISSING:
            return MissingObjectError(f"{key}: there is no such object in {name}")
        if code == _SKEWED:
            self.clock.believe()
            ahead = self.clock.seen.total_seconds()
            return StoreAgainError(f"{name}: says that this box's clock is wrong (by {ahead:.0f} s); check the time", 0.0)
        if code in _FULL or status == 507:
            return StoreRefusedError(f"{name}: has no room left ({code}); raise the quota with the provider, the backlog is kept")
        if code in _LATER or (status >= 500 and status != 501) or status in (408, 409, 425, 429):
            return StoreAgainError(f"{name}: asks to try again ({code})", _retry_after(answer))
        if code in _THIS_OBJECT or status in (411, 413):
            return ObjectRefusedError(f"{key}: {name} refuses this object ({code}, HTTP {status}); ask the provider why")
        return StoreRefusedError(
            f"{name}: refuses ({code}, HTTP {status}); check the bucket's name, the rights of the key in "
            f"{CREDENTIALS}, and the contract with the provider"
        )


def make(options: Any, keys: Path) -> Client:
    """The client of these options (`uploader.stores.s3.Options`). Raises StoreRefusedError."""
    access, secret = _credentials(keys / CREDENTIALS)
    clock = ServerClock()
    wanted = ClientConfig(
        connect_timeout=options.connect_seconds,
        read_timeout=options.read_seconds,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path" if options.path_style else "virtual", "payload_signing_enabled": True},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        signature_version="s3v4",
    )
    try:
        client = boto3.client(
            "s3",
            region_name=options.region,
            endpoint_url=options.endpoint or None,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            verify=options.ca_file or None,
            config=wanted,
        )
    except (BotoCoreError, ValueError) as error:
        raise StoreRefusedError(f"bucket {options.bucket}: {error}; correct store.options") from error
    client.meta.config.appliance_clock = clock  # type: ignore[attr-defined]
    client.meta.events.register("choose-signer.s3", _our_signer)
    client.meta.events.register("before-send.s3", _body_leaves)
    client.meta.events.register("response-received.s3", lambda response_dict=None, **_: _heard(clock, response_dict))
    _use_small_buffers(client, options)
    return Client(client, options.bucket, clock)


def code_of(error: ClientError) -> str:
    """The provider's word for what is wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_missing(error: ClientError) -> bool:
    """Whether the answer says that there is no such thing (and not that the bucket is missing)."""
    return code_of(error) in _MISSING


def unreached(error: BotoCoreError) -> str:
    """Why the server was not reached, told apart for a person: DNS, certificate, refused, silent, broken off."""
    causes: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and len(causes) < 10:
        causes.append(found)
        found = getattr(found, "kwargs", {}).get("error") or found.__cause__ or found.__context__
    text = " ".join(f"{type(cause).__name__} {cause}" for cause in causes)
    for sign, words in _SIGNS:
        if sign in text:
            return f"{words}: {error}"
    return str(error)


_SIGNS = (
    ("NameResolutionError", "DNS does not know the name"),
    ("gaierror", "DNS does not know the name"),
    ("CERTIFICATE_VERIFY_FAILED", "the certificate is not from an authority that this box trusts; set store.options.ca_file or see "
     "whether a sign-in page or a filter stands in between"),
    ("SSLError", "TLS failed, does a sign-in page or a filter stand in between"),
    ("Connection refused", "the server refuses connections"),
    ("Network is unreachable", "there is no way to the network"),
    ("No route to host", "there is no way to the server"),
    ("ConnectTimeout", "the server does not answer"),
    ("ReadTimeout", "the server fell silent"),
    ("timed out", "the line stands still"),
)  # fmt: skip


def _our_signer(**_: Any) -> Any:
    """The name under which `_Signer` is known."""
    return _SIGNER


def _body_leaves(request: Any, **_: Any) -> None:
    """Signing has read the body; what is read from now on leaves the box."""
    hush = getattr(request.body, "hush", None)
    if hush is not None:
        hush(False)


def _heard(clock: ServerClock, response: Any) -> None:
    date = (response or {}).get("headers", {}).get("date") or (response or {}).get("headers", {}).get("Date")
    if date:
        clock.look(date)


def _use_small_buffers(client: S3Client, options: Any) -> None:
    """botocore has no setting for socket options; its session does."""
    authority: Any = options.ca_file or os.environ.get("AWS_CA_BUNDLE") or True
    socket_options: Any = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER),
    ]
    client._endpoint.http_session = URLLib3Session(  # type: ignore[attr-defined]
        verify=authority,
        timeout=(options.connect_seconds, options.read_seconds),  # type: ignore[arg-type] # the types know less than it
        socket_options=socket_options,
    )


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


def _retry_after(answer: Any) -> float | None:
    """Seconds that the provider asks for, where it says a number (RFC 9110 §10.2.3)."""
    value = answer.get("HTTPHeaders", {}).get("retry-after", "")
    return float(value) if value.isdigit() else None
