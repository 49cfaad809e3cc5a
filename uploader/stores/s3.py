"""S3 and its like, through boto3's low-level client.

The body is sent with its SHA-256, which an honest provider checks; since some do not (`storage-facts.md`), nothing counts until it was
read back, or until the canary has proven that this one refuses. Large objects go in parts; which parts have arrived is our ledger's
knowledge, not the library's. Credentials lie in the keys folder, in the form of the AWS tools, mode 0600; they need to create below
the contract's prefix, and better may not do more.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any, Literal, cast

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

from appliance import config
from appliance.folders import Folders
from appliance.moments import SECOND
from uploader.source import Slice, Source
from uploader.store import AlreadyThereError, StoreAgainError, Stored, StoreError, StoreRefusedError, Unfinished
from uploader.stores._s3_client import CREDENTIALS as CREDENTIALS
from uploader.stores._s3_client import Client, code_of, is_missing, make

_PIECE = 1 << 20
_MOST_PARTS = 10_000
_TRUTH = ("PreconditionFailed", "ConditionalRequestConflict")
"""How a provider says that the key exists already."""


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
    connect_seconds: int = Field(
        default=20, ge=1, title="Connect time-out", description="Seconds for a connection, and for 64 kB to leave."
    )
    read_seconds: int = Field(default=60, ge=1, title="Read time-out", description="Seconds without any progress before giving up.")
    part_megabytes: int = Field(
        default=8,
        ge=5,
        le=512,
        title="Part size",
        description="What is larger goes in parts of this size, in MB, each resumed alone.",
    )
    checksum: Literal["sha256", "md5"] = Field(
        default="sha256", title="Checksum", description="sha256, or md5 where the provider does not take x-amz-checksum headers."
    )
    only_new: bool = Field(
        default=True, title="Only new", description="true: asks the provider not to overwrite (If-None-Match); a help, not a lock."
    )
    acl: Literal["", "bucket-owner-full-control"] = Field(
        default="",
        title="Access list",
        description="bucket-owner-full-control where the box's key belongs to another account than the bucket: else its owner may "
        "read nothing.",
    )


class S3Store:
    """One bucket."""

    def __init__(self, client: Client, options: Options) -> None:
        self._client = client
        self._s3 = client.s3
        self._bucket = client.bucket
        self._options = options

    def put(self, key: str, source: Source) -> None:
        """Send the bytes with their checksum; what is there already stays. Raises StoreError."""
        fresh = {"IfNoneMatch": "*"} if self._options.only_new else {}
        try:
            self._put(key, source, **fresh)
        except ClientError as error:
            if code_of(error) in _TRUTH:
                raise AlreadyThereError(f"{key}: is in bucket {self._bucket} already") from error
            self._give_up(key, error)
        except BotoCoreError as error:
            self._give_up(key, error)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The object's bytes [start, end) in pieces. Raises MissingObjectError or StoreError."""
        if end is not None and end <= start:
            return
        wanted: dict[str, Any] = {} if (start, end) == (0, None) else {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key, **wanted)
            self._genuine(answer)
            left = answer["ContentLength"]
            for piece in answer["Body"].iter_chunks(_PIECE):
                left -= len(piece)
                yield piece
        except ClientError as error:
            if code_of(error) == "InvalidRange":
                return
            self._give_up(key, error)
        except BotoCoreError as error:
            self._give_up(key, error)
        if left > 0:
            raise StoreAgainError(f"bucket {self._bucket}: the answer broke off {left} bytes before its end")

    def look(self, key: str) -> Stored | None:
        """The object's size. Raises StoreError."""
        try:
            answer = self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if is_missing(error):
                return None
            self._give_up(key, error)
        except BotoCoreError as error:
            self._give_up(key, error)
        self._genuine(answer)
        return Stored(key, answer["ContentLength"])

    def list(self, prefix: str) -> Iterator[Stored]:
        """Objects by key. Raises StoreError."""
        with self._classed(prefix):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                if "IsTruncated" not in page:
                    raise StoreAgainError(f"bucket {self._bucket}: the answer is no list; does a sign-in page stand in between?")
                for item in page.get("Contents", []):
                    yield Stored(item["Key"], item["Size"])

    def part_bytes(self, size: int) -> int:
        """How large the parts of an object of this size are; 0 where it is sent whole. No object has more than 10,000."""
        part = self._options.part_megabytes << 20
        if size <= part:
            return 0
        return max(part, -(-size // _MOST_PARTS))

    def begin(self, key: str) -> str:
        """Begin an object in parts. Raises StoreError."""
        with self._classed(key):
            algorithm: Any = {"ChecksumAlgorithm": "SHA256"} if self._options.checksum == "sha256" else {}
            answer = self._s3.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType="application/octet-stream", **algorithm, **self._access
            )
            upload = answer.get("UploadId", "")
            if not upload:
                raise StoreAgainError(
                    f"bucket {self._bucket}: began an upload without a name; does a sign-in page stand in between?"
                )
            return upload

    def put_part(self, key: str, upload: str, number: int, source: Source) -> str:
        """Send one part with its checksum; returns its ETag. Raises StoreError."""
        with self._classed(key), self._opened(source) as body:
            answer = self._s3.upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload, PartNumber=number, Body=cast(IO[bytes], body), ContentLength=body.size,
                **self._checksum(source, body),
            )  # fmt: skip
            self._genuine(answer)
            return answer["ETag"]

    def complete(self, key: str, upload: str, parts: Sequence[tuple[str, str]]) -> None:
        """Make one object of the parts. Raises StoreError."""
        named: list[Any] = [
            {"PartNumber": number, "ETag": tag}
            | ({"ChecksumSHA256": _base64(sha256)} if self._options.checksum == "sha256" else {})
            for number, (tag, sha256) in enumerate(parts, 1)
        ]
        with self._classed(key):
            self._s3.complete_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": named})

    def abort(self, key: str, upload: str) -> None:
        """Let the parts go. Raises StoreError."""
        try:
            self._s3.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
        except ClientError as error:
            if not is_missing(error):
                self._give_up(key, error)
        except BotoCoreError as error:
            self._give_up(key, error)

    def unfinished(self, prefix: str) -> Iterator[Unfinished]:
        """What was begun and never ended. Raises StoreError."""
        with self._classed(prefix):
            for page in self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=prefix):
                for item in page.get("Uploads", []):
                    yield Unfinished(item["Key"], item["UploadId"], round(item["Initiated"].timestamp()) * SECOND)

    def remove(self, key: str) -> int:
        """Erase the object with its versions, markers and unfinished parts; returns how many were there. Raises StoreError."""
        gone = 0
        for found in [found for found in self.unfinished(key) if found.key == key]:
            self.abort(key, found.upload)
            gone += 1
        with self._classed(key):
            for version in self._versions(key):
                self._s3.delete_object(Bucket=self._bucket, Key=key, VersionId=version)
                gone += 1
            if self.look(key) is not None:  # a provider without versions
                self._s3.delete_object(Bucket=self._bucket, Key=key)
                gone += 1
        return gone

    def dare_wrong_checksum(self, key: str, source: Source) -> bool:
        """Whether bytes are taken with the checksum of others. Raises StoreError."""
        if self._options.checksum == "sha256":
            return self._dared(key, lambda: self._put(key, Source(source.path, hashlib.sha256(b"others").hexdigest())))
        return self._dared(key, lambda: self._put(key, source, ContentMD5=_md5(hashlib.md5(b"others", usedforsecurity=False))))

    def dare_replace(self, key: str, source: Source) -> bool:
        """Whether bytes are put in the place of others, where the request itself does not forbid it. Raises StoreError.

        A bucket with versions lays them on top instead, and keeps what was there.
        """
        kept: list[bool] = []
        let = self._dared(key, lambda: kept.append(self._put(key, source).get("VersionId", "null") != "null"))
        return let and not any(kept)

    def dare_delete(self, key: str) -> bool:
        """Whether the object can be deleted for good. Raises StoreError."""

        def delete() -> None:
            with suppress(ClientError):
                for version in self._versions(key):
                    self._s3.delete_object(Bucket=self._bucket, Key=key, VersionId=version)
                    return
            self._s3.delete_object(Bucket=self._bucket, Key=key)

        return self._dared(key, delete)

    def dare_list(self, prefix: str) -> bool:
        """Whether others' objects can be listed. Raises StoreError."""
        return self._dared(prefix, lambda: self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=1))

    def clock_offset(self) -> float:
        """How far the server's clock is ahead of ours, in seconds."""
        return self._client.clock.seen.total_seconds()

    def _dared(self, key: str, deed: Any) -> bool:
        """Whether it was let happen; only a refusal is a no."""
        try:
            deed()
        except (ClientError, BotoCoreError) as error:
            classed = self._client.classed(key, error)
            refused = isinstance(classed, StoreRefusedError) or (isinstance(error, ClientError) and _is_refusal(error))
            if not refused:
                raise classed from error
            return False
        return True

    @property
    def _access(self) -> Any:
        return {"ACL": self._options.acl} if self._options.acl else {}

    def _put(self, key: str, source: Source, **more: Any) -> Any:
        with self._opened(source) as body:
            sent: Any = {**self._checksum(source, body), **self._access, **more}
            answer = self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=cast(IO[bytes], body), ContentLength=body.size,
                ContentType="application/octet-stream", **sent,
            )  # fmt: skip
            self._genuine(answer)
            return answer

    def _genuine(self, answer: Any) -> None:
        """A server of objects names what it took or gives; a sign-in page, which says 200 to everything, does not."""
        if not answer.get("ETag"):
            raise StoreAgainError(
                f"bucket {self._bucket}: the answer is not an object store's; does a sign-in page stand in between?"
            )

    def _versions(self, key: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key)
        for page in pages:
            for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                if item["Key"] == key:
                    yield item["VersionId"]

    def _checksum(self, source: Source, body: Slice) -> Any:
        if self._options.checksum == "sha256" and source.sha256:
            return {"ChecksumSHA256": _base64(source.sha256)}
        digest = hashlib.md5(usedforsecurity=False)
        while piece := body.read(_PIECE):
            digest.update(piece)
        body.seek(0)
        return {"ContentMD5": _md5(digest)}

    @contextmanager
    def _opened(self, source: Source) -> Iterator[Slice]:
        """The bytes, silent until the request is signed. Raises StoreAgainError."""
        try:
            body = source.open()
        except OSError as error:
            raise StoreAgainError(f"{source.path}: cannot be read ({error.strerror})") from error
        with body:
            body.hush(True)
            yield body

    @contextmanager
    def _classed(self, key: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            self._give_up(key, error)

    def _give_up(self, key: str, error: ClientError | BotoCoreError) -> Any:
        self._client.give_up(key, error)


def open_store(options: Options, folders: Folders) -> S3Store:
    """The store of these options. Raises StoreRefusedError where the credentials are missing or open to others."""
    return S3Store(make(options, folders.keys), options)


def _is_refusal(error: ClientError) -> bool:
    """Whether the provider found fault with what we did (a wrong checksum counts as later when it is an accident)."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return code_of(error) in ("BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch", *_TRUTH) or status == 400


def _md5(digest: Any) -> str:
    return base64.b64encode(digest.digest()).decode("ascii")


def _base64(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode("ascii")


__all__ = ["CREDENTIALS", "Options", "S3Store", "StoreError", "open_store"]
