"""S3 and its like, through boto3's low-level client.

Every answer is put into one of three classes: later, a person, missing. The body is sent with its SHA-256, which an honest provider
checks; since some do not (`storage-facts.md`), nothing counts until it was read back. Credentials lie in the keys folder, in the form
of the AWS tools, mode 0600; they need to create and read below the contract's prefix, and to list it.
"""

from __future__ import annotations

import base64
import configparser
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

from appliance import config
from appliance.folders import Folders
from uploader.store import MissingObjectError, StoreAgainError, Stored, StoreRefusedError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CREDENTIALS = "s3.credentials"
_PIECE = 1 << 20
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_LATER = frozenset({
    "SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted", "RequestTimeTooSkewed",
    "BadDigest", "XAmzContentSHA256Mismatch", "Throttling", "ThrottlingException",
})  # fmt: skip
_SKEWED = "RequestTimeTooSkewed"


class Options(config.Options):
    """Settings of `kind = "s3"`."""

    endpoint: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        title="Endpoint",
        description="URL of the service, https://…; empty: Amazon's own for the region.",
    )
    region: str = Field(default="ap-northeast-1", title="Region", description="The region's name; many providers take any.")
    bucket: str = Field(min_length=3, pattern=r"^[A-Za-z0-9._-]+$", title="Bucket", description="The bucket; it must exist.")
    path_style: bool = Field(
        default=True, title="Path style", description="true: the bucket is part of the path, as most providers want it."
    )
    ca_file: str = Field(default="", title="CA file", description="PEM file of the authority to trust instead of the system's.")
    connect_seconds: int = Field(default=10, ge=1, title="Connect time-out", description="Seconds to wait for a connection.")
    read_seconds: int = Field(default=60, ge=1, title="Read time-out", description="Seconds without any progress before giving up.")


class S3Store:
    """One bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, path: Path, sha256: str) -> None:
        """Send the file with its checksum. Raises StoreAgainError or StoreRefusedError."""
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode("ascii")
        try:
            with path.open("rb") as body:
                self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=body, ChecksumSHA256=checksum, ContentType="application/octet-stream"
                )
        except (ClientError, BotoCoreError) as error:
            self._give_up(key, error)
        except OSError as error:
            raise StoreAgainError(f"{path}: cannot be read ({error.strerror})") from error

    def read(self, key: str) -> Iterator[bytes]:
        """The object in pieces. Raises MissingObjectError or StoreError."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            yield from answer["Body"].iter_chunks(_PIECE)
        except (ClientError, BotoCoreError) as error:
            self._give_up(key, error)

    def look(self, key: str) -> Stored | None:
        """The object's size. Raises StoreError."""
        try:
            answer = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            self._give_up(key, error)
        except BotoCoreError as error:
            self._give_up(key, error)
        return Stored(key, answer["ContentLength"])

    def list(self, prefix: str) -> Iterator[Stored]:
        """Objects by key. Raises StoreError."""
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                if "IsTruncated" not in page:
                    raise StoreAgainError(f"bucket {self._bucket}: the answer is no list; does a sign-in page stand in between?")
                for item in page.get("Contents", []):
                    yield Stored(item["Key"], item["Size"])
        except (ClientError, BotoCoreError) as error:
            self._give_up(prefix, error)

    def remove(self, key: str) -> int:
        """Erase the object with its versions, markers and unfinished parts; returns how many were there. Raises StoreError."""
        gone = 0
        try:
            for page in self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=key):
                for begun in (item for item in page.get("Uploads", []) if item["Key"] == key):
                    self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=begun["UploadId"])
                    gone += 1
            for version in self._versions(key):
                self._client.delete_object(Bucket=self._bucket, Key=key, VersionId=version)
                gone += 1
            if self.look(key) is not None:  # a provider without versions
                self._client.delete_object(Bucket=self._bucket, Key=key)
                gone += 1
        except (ClientError, BotoCoreError) as error:
            self._give_up(key, error)
        return gone

    def _versions(self, key: str) -> tuple[str, ...]:
        """The ids of all versions and markers; none where the provider knows no versions."""
        found: tuple[str, ...] = ()
        try:
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key):
                found += tuple(item["VersionId"] for item in page.get("Versions", []) if item["Key"] == key)
                found += tuple(item["VersionId"] for item in page.get("DeleteMarkers", []) if item["Key"] == key)
        except ClientError as error:
            if _code(error) not in ("NotImplemented", "MethodNotAllowed"):
                raise
        return found

    def _give_up(self, key: str, error: ClientError | BotoCoreError) -> NoReturn:
        """The provider's answer as one of our three errors."""
        if isinstance(error, BotoCoreError):
            raise StoreAgainError(
                f"bucket {self._bucket}: not reached ({error}); check network, DNS and store.options.endpoint"
            ) from error
        code = _code(error)
        answer = error.response.get("ResponseMetadata", {})
        status = int(answer.get("HTTPStatusCode", 0))
        if code in _MISSING:
            raise MissingObjectError(f"{key}: there is no such object in bucket {self._bucket}") from error
        if code == _SKEWED:
            raise StoreAgainError(f"bucket {self._bucket}: says that this box's clock is wrong; check the time") from error
        if code in _LATER or status >= 500 or status in (408, 409, 425, 429):
            raise StoreAgainError(f"bucket {self._bucket}: asks to try again ({code})", _retry_after(answer)) from error
        raise StoreRefusedError(
            f"bucket {self._bucket}: refuses ({code}, HTTP {status}); check the bucket's name, the rights of the key in "
            f"{CREDENTIALS}, and the contract with the provider"
        ) from error


def open_store(options: Options, folders: Folders) -> S3Store:
    """The store of these options. Raises StoreRefusedError where the credentials are missing or open to others."""
    access, secret = _credentials(folders.keys / CREDENTIALS)
    try:
        client = boto3.client(
            "s3",
            region_name=options.region,
            endpoint_url=options.endpoint or None,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            verify=options.ca_file or None,
            config=ClientConfig(
                connect_timeout=options.connect_seconds,
                read_timeout=options.read_seconds,
                retries={"total_max_attempts": 1},  # the durable queue is our retry
                s3={"addressing_style": "path" if options.path_style else "virtual"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise StoreRefusedError(f"bucket {options.bucket}: {error}; correct store.options") from error
    return S3Store(client, options.bucket)


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


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _retry_after(answer: Any) -> float | None:
    value = answer.get("HTTPHeaders", {}).get("retry-after", "")
    return float(value) if value.isdigit() else None
