"""S3 and its like.

The body is sent with its SHA-256, which an honest provider checks; since some do not (`storage-facts.md`), nothing counts until it was
read back, or until the canary has proven that this one refuses. Large objects go in parts; which parts have arrived is our ledger's
knowledge, not the library's. Credentials lie in the keys folder, in the form of the AWS tools, mode 0600; they need to create below
the contract's prefix, and better may not do more.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from http.client import HTTPMessage
from types import MappingProxyType
from typing import Literal, NoReturn
from urllib.parse import unquote
from xml.etree import ElementTree

from pydantic import Field

from appliance import config
from appliance.folders import Folders
from appliance.moments import SECOND
from uploader.source import Slice, Source
from uploader.store import AlreadyThereError, StoreAgainError, Stored, StoreError, StoreRefusedError, Unfinished
from uploader.stores._s3_client import CREDENTIALS, FAILURES, Client, RefusalError, make
from uploader.stores._s3_wire import Answer, Ask, UnreachedError

_PIECE = 1 << 20
_MOST_PARTS = 10_000
_TYPE = {"content-type": "application/octet-stream"}
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
        self._bucket = client.bucket
        self._options = options

    def put(self, key: str, source: Source) -> None:
        """Send the bytes with their checksum; what is there already stays. Raises StoreError."""
        try:
            self._put(key, source, {"if-none-match": "*"} if self._options.only_new else {})
        except RefusalError as error:
            if error.code in _TRUTH:
                raise AlreadyThereError(f"{key}: is in bucket {self._bucket} already") from error
            self._give_up(key, error)
        except UnreachedError as error:
            self._give_up(key, error)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The object's bytes [start, end) in pieces. Raises MissingObjectError or StoreError."""
        if end is not None and end <= start:
            return
        wanted = {} if (start, end) == (0, None) else {"range": f"bytes={start}-{'' if end is None else end - 1}"}
        left = 0
        try:
            with self._client.opened(Ask("GET", key, headers=wanted)) as answer:
                self._genuine(answer.headers)
                left = int(answer.headers.get("content-length", 0))
                while piece := answer.read(_PIECE):
                    left -= len(piece)
                    yield piece
        except FAILURES as error:
            if isinstance(error, RefusalError) and error.code == "InvalidRange":
                return
            self._give_up(key, error)
        if left > 0:
            raise StoreAgainError(f"bucket {self._bucket}: the answer broke off {left} bytes before its end")

    def look(self, key: str) -> Stored | None:
        """The object's size. Raises StoreError."""
        try:
            answer = self._client.ask(Ask("HEAD", key))
        except FAILURES as error:
            if isinstance(error, RefusalError) and error.missing:
                return None
            self._give_up(key, error)
        self._genuine(answer.headers)
        return Stored(key, int(answer.headers.get("content-length", 0)))

    def list(self, prefix: str) -> Iterator[Stored]:
        """Objects by key. Raises StoreError."""
        with self._classed(prefix):
            for page in self._listed(prefix):
                for item in page.iter("Contents"):
                    yield Stored(_key(page, item), int(item.findtext("Size", "0")))

    def part_bytes(self, size: int) -> int:
        """How large the parts of an object of this size are; 0 where it is sent whole. No object has more than 10,000."""
        part = self._options.part_megabytes << 20
        if size <= part:
            return 0
        return max(part, -(-size // _MOST_PARTS))

    def begin(self, key: str) -> str:
        """Begin an object in parts. Raises StoreError."""
        algorithm = {"x-amz-checksum-algorithm": "SHA256"} if self._options.checksum == "sha256" else {}
        with self._classed(key):
            answer = self._client.page(
                Ask("POST", key, {"uploads": ""}, {**_TYPE, **algorithm, **self._access}), "InitiateMultipartUploadResult"
            )
        upload = answer.findtext("UploadId", "")
        if not upload:
            raise self._client.strange("began an upload without a name")
        return upload

    def put_part(self, key: str, upload: str, number: int, source: Source) -> str:
        """Send one part with its checksum; returns its ETag. Raises StoreError."""
        with self._classed(key), self._opened(source) as body:
            query = {"uploadId": upload, "partNumber": str(number)}
            answer = self._client.ask(Ask("PUT", key, query, self._checksum(source, body), body))
            return self._genuine(answer.headers)

    def complete(self, key: str, upload: str, parts: Sequence[tuple[str, str]]) -> None:
        """Make one object of the parts. Raises StoreError."""
        named = ElementTree.Element("CompleteMultipartUpload", xmlns="http://s3.amazonaws.com/doc/2006-03-01/")
        for number, (tag, sha256) in enumerate(parts, 1):
            part = ElementTree.SubElement(named, "Part")
            told = {"PartNumber": str(number), "ETag": tag}
            if self._options.checksum == "sha256":
                told["ChecksumSHA256"] = _base64(sha256)
            for name, value in told.items():
                ElementTree.SubElement(part, name).text = value
        with self._classed(key):
            self._client.page(
                Ask("POST", key, {"uploadId": upload}, {"content-type": "application/xml"}, ElementTree.tostring(named)),
                "CompleteMultipartUploadResult",
            )

    def abort(self, key: str, upload: str) -> None:
        """Let the parts go. Raises StoreError."""
        try:
            self._client.ask(Ask("DELETE", key, {"uploadId": upload}))
        except FAILURES as error:
            if not (isinstance(error, RefusalError) and error.missing):
                self._give_up(key, error)

    def unfinished(self, prefix: str) -> Iterator[Unfinished]:
        """What was begun and never ended. Raises StoreError."""
        markers = {"key-marker": "NextKeyMarker", "upload-id-marker": "NextUploadIdMarker"}
        wanted = {"uploads": "", "prefix": prefix, "encoding-type": "url"}
        with self._classed(prefix):
            for page in self._turned("ListMultipartUploadsResult", wanted, markers):
                for item in page.iter("Upload"):
                    begun = datetime.fromisoformat(item.findtext("Initiated", ""))
                    yield Unfinished(_key(page, item), item.findtext("UploadId", ""), round(begun.timestamp()) * SECOND)

    def remove(self, key: str) -> int:
        """Erase the object with its versions, markers and unfinished parts; returns how many were there. Raises StoreError."""
        gone = 0
        for found in [found for found in self.unfinished(key) if found.key == key]:
            self.abort(key, found.upload)
            gone += 1
        with self._classed(key):
            for version in self._versions(key):
                self._client.ask(Ask("DELETE", key, {"versionId": version}))
                gone += 1
            if self.look(key) is not None:  # a provider without versions
                self._client.ask(Ask("DELETE", key))
                gone += 1
        return gone

    def dare_wrong_checksum(self, key: str, source: Source) -> bool:
        """Whether bytes are taken with the checksum of others. Raises StoreError."""
        if self._options.checksum == "sha256":
            return self._dared(key, lambda: self._put(key, Source(source.path, hashlib.sha256(b"others").hexdigest())))
        wrong = {"content-md5": _md5(hashlib.md5(b"others", usedforsecurity=False))}
        return self._dared(key, lambda: self._put(key, source, wrong))

    def dare_second(self, key: str, source: Source) -> bool:
        """Whether bytes are put in the place of others although the request forbids it. Raises StoreError."""
        try:
            self.put(key, source)
        except AlreadyThereError:
            return False
        return True

    def dare_replace(self, key: str, source: Source) -> bool:
        """Whether bytes are put in the place of others, where the request itself does not forbid it. Raises StoreError.

        A bucket with versions lays them on top instead, and keeps what was there.
        """
        kept: list[bool] = []
        let = self._dared(key, lambda: kept.append(self._put(key, source).headers.get("x-amz-version-id", "null") != "null"))
        return let and not any(kept)

    def dare_delete(self, key: str) -> bool:
        """Whether the object can be deleted for good. Raises StoreError."""

        def delete() -> None:
            with suppress(RefusalError):
                for version in self._versions(key):
                    self._client.ask(Ask("DELETE", key, {"versionId": version}))
                    return
            self._client.ask(Ask("DELETE", key))

        return self._dared(key, delete)

    def dare_list(self, prefix: str) -> bool:
        """Whether others' objects can be listed. Raises StoreError."""
        return self._dared(prefix, lambda: next(self._listed(prefix), None))

    def clock_offset(self) -> float:
        """How far the server's clock is ahead of ours, in seconds."""
        return self._client.wire.clock.seen.total_seconds()

    def close(self) -> None:
        """End the connections that are kept; the next question makes one."""
        self._client.wire.close()

    def _dared(self, key: str, deed: Callable[[], object]) -> bool:
        """Whether it was let happen; only a refusal is a no."""
        try:
            deed()
        except FAILURES as error:
            classed = self._client.classed(key, error)
            refused = isinstance(classed, StoreRefusedError) or (isinstance(error, RefusalError) and _is_refusal(error))
            if not refused:
                raise classed from error
            return False
        return True

    @property
    def _access(self) -> dict[str, str]:
        return {"x-amz-acl": self._options.acl} if self._options.acl else {}

    def _put(self, key: str, source: Source, more: Mapping[str, str] = MappingProxyType({})) -> Answer:
        with self._opened(source) as body:
            headers = {**_TYPE, **self._checksum(source, body), **self._access, **more}
            answer = self._client.ask(Ask("PUT", key, headers=headers, body=body))
        self._genuine(answer.headers)
        return answer

    def _genuine(self, headers: HTTPMessage) -> str:
        """A server of objects names what it took or gives; a sign-in page, which says 200 to everything, does not."""
        tag = headers.get("etag", "")
        if not tag:
            raise self._client.strange("the answer is not an object store's")
        return tag

    def _listed(self, prefix: str) -> Iterator[ElementTree.Element]:
        """Pages of objects. Raises RefusalError, UnreachedError."""
        wanted = {"list-type": "2", "prefix": prefix, "encoding-type": "url"}
        return self._turned("ListBucketResult", wanted, {"continuation-token": "NextContinuationToken"})

    def _versions(self, key: str) -> Iterator[str]:
        markers = {"key-marker": "NextKeyMarker", "version-id-marker": "NextVersionIdMarker"}
        for page in self._turned("ListVersionsResult", {"versions": "", "prefix": key, "encoding-type": "url"}, markers):
            for item in page:
                if item.tag in ("Version", "DeleteMarker") and _key(page, item) == key:
                    yield item.findtext("VersionId", "null")

    def _turned(self, root: str, wanted: Mapping[str, str], markers: Mapping[str, str]) -> Iterator[ElementTree.Element]:
        """Page after page of a list; a marker's name in the question → in the answer. Raises RefusalError, UnreachedError."""
        query = dict(wanted)
        while True:
            page = self._client.page(Ask("GET", query=query), root)
            if page.find("IsTruncated") is None:
                raise self._client.strange("the answer is no list")
            yield page
            found = {name: _text(page, there) for name, there in markers.items()}
            if page.findtext("IsTruncated") != "true" or not any(found.values()):
                return
            query = {**wanted, **{name: value for name, value in found.items() if value}}

    def _checksum(self, source: Source, body: Slice) -> dict[str, str]:
        if self._options.checksum == "sha256" and source.sha256:
            return {"x-amz-checksum-sha256": _base64(source.sha256)}
        md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        while piece := body.read(_PIECE):
            md5.update(piece)
            sha256.update(piece)
        body.seek(0)
        body.sha256 = body.sha256 or sha256.hexdigest()
        return {"content-md5": _md5(md5)}

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
        except FAILURES as error:
            self._give_up(key, error)

    def _give_up(self, key: str, error: RefusalError | UnreachedError) -> NoReturn:
        self._client.give_up(key, error)


def open_store(options: Options, folders: Folders) -> S3Store:
    """The store of these options. Raises StoreRefusedError where the credentials are missing or open to others."""
    return S3Store(make(options, folders.keys), options)


def _is_refusal(error: RefusalError) -> bool:
    """Whether the provider found fault with what we did (a wrong checksum counts as later when it is an accident)."""
    return error.status == 400 or error.code in ("BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch", *_TRUTH)


def _text(page: ElementTree.Element, name: str) -> str:
    """What stands under this name, a key as it is: a provider says when it has encoded them."""
    text = page.findtext(name, "")
    return unquote(text) if "Key" in name and page.findtext("EncodingType") == "url" else text


def _key(page: ElementTree.Element, item: ElementTree.Element) -> str:
    text = item.findtext("Key", "")
    return unquote(text) if page.findtext("EncodingType") == "url" else text


def _md5(digest: hashlib._Hash) -> str:
    return base64.b64encode(digest.digest()).decode("ascii")


def _base64(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode("ascii")


__all__ = ["CREDENTIALS", "Options", "S3Store", "StoreError", "open_store"]
