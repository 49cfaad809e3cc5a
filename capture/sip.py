"""SIP messages (RFC 3261 §7, §25), as they are found on the wire. Pure.

A recorder must understand more than it would send: compact names, folded lines, bare LF, several values in one header or in many,
text that is UTF-8, Shift_JIS or neither. So the grammar here is wide, and only what is no SIP message at all raises SipError,
whose `name` is counted as a weird.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition", "e": "content-encoding",
    "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported", "l": "content-length", "m": "contact",
    "n": "identity-info", "o": "event", "r": "refer-to", "s": "subject", "t": "to", "u": "allow-events", "v": "via",
    "x": "session-expires", "y": "identity",
}  # fmt: skip
"""Compact header names of RFC 3261 §20 and its extensions; NTT's network uses them in responses."""

MAX_HEADERS = 500
MAX_START_LINE = 8192

_REQUEST = re.compile(rb"([A-Za-z0-9.!%*_+`'~-]{1,80})[ \t]+(\S.*?)[ \t]+SIP/(\d+\.\d+)[ \t]*\Z", re.DOTALL)
_STATUS = re.compile(rb"SIP/(\d+\.\d+)[ \t]+(\d{3,10})[ \t]*(.*)\Z", re.DOTALL)
_BEGINNING = re.compile(rb"(?:\r?\n)*(?:SIP/\d\.\d |[A-Za-z0-9.!%*_+`'~-]{1,80} [^\r\n]{1,4000}? SIP/\d)")
_END = re.compile(rb"\r?\n\r?\n|\r\r")


class SipError(ValueError):
    """The bytes are no SIP message; `name` is the weird that is counted."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Message:
    """One request (`method`, `uri`) or response (`status`, `reason`)."""

    method: str
    """The request's method; in a response that of the request it answers (from CSeq)."""
    uri: str
    status: int
    """0 in a request."""
    reason: str
    headers: tuple[tuple[str, str], ...]
    """Full lower-case names and unfolded values, in order."""
    body: bytes
    raw: bytes

    @property
    def is_request(self) -> bool:
        """Whether it is a request."""
        return self.status == 0

    def get(self, name: str) -> str:
        """The first header of this full lower-case name, "" where there is none."""
        return next((value for found, value in self.headers if found == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of this header, the comma-separated ones apart."""
        return [part for found, value in self.headers if found == name for part in split_values(value)]

    @property
    def call_id(self) -> str:
        """Call-ID."""
        return self.get("call-id")

    @property
    def sequence(self) -> int:
        """The number in CSeq; -1 where it is none."""
        found = re.match(r"\s*(\d{1,10})\b", self.get("cseq"))
        return int(found[1]) if found else -1


class Uri(NamedTuple):
    """A sip:, sips: or tel: URI. `host` is empty in a tel: URI."""

    scheme: str
    user: str
    host: str
    port: int | None


class NameAddress(NamedTuple):
    """The value of From, To, Contact …: display name, URI and header parameters (lower-case names)."""

    display_name: str
    uri: Uri
    parameters: dict[str, str]


def looks_like_sip(data: bytes) -> bool:
    """Whether these bytes begin as a SIP message does; cheap, for datagrams on any port."""
    first = data[:1]
    if not (first.isalpha() or first in (b"\r", b"\n")):
        return False
    return _BEGINNING.match(data) is not None


def parse(data: bytes) -> Message:
    """The message in a datagram; what lies behind Content-Length is cut off. Raises SipError."""
    data = data.lstrip(b"\r\n")
    end = _END.search(data)
    head, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    lines = _unfold(head)
    start = lines[0]
    if len(start) > MAX_START_LINE:
        raise SipError("sip-start-line-long")
    headers = _headers(lines[1:])
    length = _content_length(headers)
    if length is not None and length < len(body):
        body = body[:length]
    raw = data[: end.end() + len(body)] if end else data
    if found := _STATUS.match(start):
        _check_version(found[1])
        status = int(found[2])
        if not 100 <= status <= 699:
            raise SipError("sip-status-range")
        return Message(_method_of(headers), "", status, _text(found[3]), headers, body, raw)
    if found := _REQUEST.match(start):
        _check_version(found[3])
        return Message(_text(found[1]), _text(found[2]), 0, "", headers, body, raw)
    raise SipError("sip-start-line")


def split_values(value: str) -> list[str]:
    """A header's value at its commas, but not at those inside quotes or angle brackets."""
    parts: list[str] = []
    quoted = escaped = False
    depth = begin = 0
    for place, letter in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = letter == "\\"
            quoted = letter != '"'
        elif letter == '"':
            quoted = True
        elif letter == "<":
            depth += 1
        elif letter == ">":
            depth = max(0, depth - 1)
        elif letter == "," and not depth:
            parts.append(value[begin:place].strip())
            begin = place + 1
    parts.append(value[begin:].strip())
    return [part for part in parts if part]


_QUOTED_NAME = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)
_PARAMETER = re.compile(r';\s*([^=;\s]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;]*))?')


def name_address(value: str) -> NameAddress:
    """A name-addr or addr-spec with its parameters (RFC 3261 §20.10); whatever cannot be read is left empty."""
    name, rest = "", value
    if found := _QUOTED_NAME.match(value):
        name, rest = re.sub(r"\\(.)", r"\1", found[1]), value[found.end() :]
    opening = rest.find("<")
    if opening >= 0:
        closing = rest.find(">", opening)
        closing = len(rest) if closing < 0 else closing
        name = name or rest[:opening].strip()
        address, tail = rest[opening + 1 : closing], rest[closing + 1 :]
    else:  # without brackets everything behind the first semicolon belongs to the header (§20)
        address, semicolon, tail = rest.strip().partition(";")
        tail = semicolon + tail
    parameters = {key.lower(): text.strip().strip('"') for key, text in _PARAMETER.findall(tail)}
    return NameAddress(name, uri(address), parameters)


def uri(text: str) -> Uri:
    """A SIP or tel URI taken apart (RFC 3261 §19.1, RFC 3966); whatever cannot be read is left empty.

    The messages of a call say the same ones again and again; those of usual length are remembered for a while.
    """
    return _known_uri(text) if len(text) <= _USUAL_LENGTH else _uri(text)


def _uri(text: str) -> Uri:
    scheme, colon, rest = text.strip().strip("<>").partition(":")
    scheme = scheme.lower()
    if not colon:
        return Uri("", "", text.strip(), None)
    if scheme == "tel":
        return Uri(scheme, _unescape(rest.partition(";")[0]), "", None)
    user, at, host = rest.partition("?")[0].rpartition("@")
    if not at:  # a question mark may stand in the user part too (§25.1, user-unreserved)
        user, at, host = rest.rpartition("@")
    if at:
        user = user.partition(";")[0].partition(":")[0]
    host = re.split("[;?]", host, maxsplit=1)[0].strip()
    found = re.match(r"(\[[0-9A-Fa-f:.]+\]|[^:]*)(?::(\d{1,5}))?", host)
    assert found is not None  # every part is optional
    return Uri(scheme, _unescape(user), found[1].strip("[]"), int(found[2]) if found[2] else None)


_USUAL_LENGTH = 200
_known_uri = lru_cache(maxsize=512)(_uri)


def decode_text(raw: bytes) -> str:
    """Bytes of a header as text: ISO-2022-JP where its escapes are, UTF-8, else Shift_JIS (old exchanges), else byte by byte.

    EUC-JP cannot be told from half-width katakana in Shift_JIS, which names are really sent in; it is read as those.
    """
    for encoding in (*(("iso2022_jp",) if b"\x1b$" in raw else ()), "utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


_text = decode_text


def _unescape(text: str) -> str:
    return decode_text(unquote_to_bytes(text.encode("utf-8", "replace"))) if "%" in text else text


def _unfold(head: bytes) -> list[bytes]:
    """Header lines with their continuation lines joined (§7.3.1)."""
    lines: list[bytes] = []
    for line in re.split(rb"\r\n|\n|\r", head):
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1] += b" " + line.strip()
        else:
            lines.append(line)
    return lines


def _headers(lines: list[bytes]) -> tuple[tuple[str, str], ...]:
    if len(lines) > MAX_HEADERS:
        raise SipError("sip-headers-many")
    found = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            key = _text(name).strip().lower()
            found.append((COMPACT.get(key, key), _text(value).strip()))
    return tuple(found)


def _content_length(headers: tuple[tuple[str, str], ...]) -> int | None:
    value = next((value for name, value in headers if name == "content-length"), "")
    return int(value) if re.fullmatch(r"\d{1,9}", value) else None


def _method_of(headers: tuple[tuple[str, str], ...]) -> str:
    sequence = next((value for name, value in headers if name == "cseq"), "")
    parts = sequence.split()
    return parts[1].upper() if len(parts) > 1 else ""


def _check_version(version: bytes) -> None:
    if version != b"2.0":
        raise SipError("sip-version")
