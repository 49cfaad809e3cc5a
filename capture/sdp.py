"""Session descriptions (RFC 8866) as far as a recorder needs them: where audio is received, in which encodings, whether it is
encrypted, and whether it is on hold. Pure; a damaged line is passed over, and what is no description raises SdpError.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NamedTuple

from capture.payloads import STATIC, Encoding

MAX_LINES = 2000
MAX_SECTIONS = 32
MAX_KEYS = 16


class SdpError(ValueError):
    """The bytes are no session description."""


class SrtpKey(NamedTuple):
    """A master key with its salt, as `a=crypto` gives it (RFC 4568 §9.1)."""

    suite: str
    material: str
    """Base64."""
    mki: int = 0
    """Octets of the master key identifier in each packet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One `m=` section."""

    kind: str
    """`audio`, `video`, `image` …"""
    host: bytes
    """Where it is received: 4 or 16 bytes; empty where the address is a name or missing."""
    port: int
    protocol: str
    encodings: dict[int, Encoding] = field(default_factory=dict)
    direction: str = "sendrecv"
    keyed: bool = False
    """Whether it carries keys or a fingerprint for SRTP."""
    fingerprint: bool = False
    """Whether it names a certificate: the keys are agreed on beside the signalling (DTLS-SRTP, RFC 5763)."""
    keys: tuple[SrtpKey, ...] = ()
    """Those that its sender encrypts with; none where they are agreed on outside the signalling (DTLS)."""
    rtcp: tuple[bytes, int] | None = None
    """Where its RTCP is received, if it says so (RFC 3605)."""

    @property
    def encrypted(self) -> bool:
        """Whether it is SRTP: by its profile (RFC 3711, RFC 5764), or offered within a plain one."""
        return "SAVP" in self.protocol

    @property
    def held(self) -> bool:
        """The old form of hold: the null address (RFC 2543 §B.5)."""
        return bool(self.host) and not any(self.host)


def parse(body: bytes) -> tuple[Media, ...]:
    """The media sections, in order. Raises SdpError."""
    lines = [line.strip() for line in body.decode("utf-8", "replace").splitlines()]
    if len(lines) > MAX_LINES:
        raise SdpError("a description of more than 2000 lines")
    if not any(line.startswith("v=") for line in lines[:4]):
        raise SdpError("no session description")
    session, sections = _sections(lines)
    session_keys = _keys(session)
    keyed = _is_keyed(session)
    return tuple(
        found for section in sections[:MAX_SECTIONS] if (found := _media(session, section, session_keys, keyed)) is not None
    )


def body_of(content_type: str, body: bytes) -> bytes:
    """The session description in a SIP body, also inside multipart/mixed (RFC 5621); b"" where there is none."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/sdp" or (not kind and body.startswith(b"v=")):
        return body
    found = re.search(r'boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))', content_type, re.IGNORECASE)
    if not kind.startswith("multipart/") or not found:
        return b""
    boundary = b"--" + (found[1] or found[2]).encode("utf-8", "replace")
    for part in body.split(boundary):
        head, *content = re.split(rb"\r?\n\r?\n", part.lstrip(b"\r\n"), maxsplit=1)
        if content and b"application/sdp" in head.lower():
            return content[0]
    return b""


def _sections(lines: list[str]) -> tuple[list[str], list[list[str]]]:
    session: list[str] = []
    sections: list[list[str]] = []
    for line in lines:
        if line.startswith("m="):
            sections.append([line])
        else:
            (sections[-1] if sections else session).append(line)
    return session, sections


def _media(session: list[str], section: list[str], session_keys: tuple[SrtpKey, ...], keyed: bool) -> Media | None:
    words = section[0][2:].split()
    if len(words) < 3:
        return None
    port = re.fullmatch(r"(\d{1,5})(?:/\d+)?", words[1])
    if not port or int(port[1]) > 65535:
        return None
    host = _connection(section) or _connection(session)
    return Media(
        kind=words[0].lower(),
        host=host,
        port=int(port[1]),
        protocol=words[2].upper(),
        encodings=_encodings(words[3:], section),
        direction=_direction(section) or _direction(session) or "sendrecv",
        keyed=keyed or _is_keyed(section),
        fingerprint=any(line.startswith("a=fingerprint:") for line in (*session, *section)),
        keys=(_keys(section) + session_keys)[:MAX_KEYS],
        rtcp=_rtcp(section, host),
    )


def _rtcp(section: list[str], host: bytes) -> tuple[bytes, int] | None:
    """`a=rtcp:PORT [IN IP4 ADDRESS]` (RFC 3605 §2.1)."""
    for line in section:
        found = re.match(r"a=rtcp:\s*(\d{1,5})(?:\s+(IN\s+IP[46]\s+\S+))?\s*$", line, re.ASCII)
        if found and 0 < int(found[1]) <= 65535:
            return (_connection([f"c={found[2]}"]) if found[2] else host), int(found[1])
    return None


def _is_keyed(lines: list[str]) -> bool:
    return any(line.startswith(("a=crypto:", "a=fingerprint:")) for line in lines)


def _keys(lines: list[str]) -> tuple[SrtpKey, ...]:
    return tuple(key for line in lines if (key := _key(line)) is not None)[:MAX_KEYS]


def _key(line: str) -> SrtpKey | None:
    """The first key of an `a=crypto` line. A stream that is announced as not encrypted or not authenticated has none."""
    found = re.match(
        r"a=crypto:\s*\d{1,9}\s+(\w{1,60})\s+inline:([A-Za-z0-9+/]{1,100}={0,2})((?:\|[^\s|;]{1,40}){0,2})", line, re.ASCII
    )
    if found is None or "UNENCRYPTED_SRTP" in line or "UNAUTHENTICATED_SRTP" in line:
        return None
    identifier = re.search(r"\|\d{1,40}:(\d{1,3})$", found[3], re.ASCII)
    return SrtpKey(found[1].upper(), found[2], min(int(identifier[1]), 128) if identifier else 0)


def _connection(lines: list[str]) -> bytes:
    for line in lines:
        words = line[2:].split() if line.startswith("c=") else []
        if len(words) >= 3:
            try:
                return ip_address(words[2].partition("/")[0]).packed
            except ValueError:
                continue
    return b""


def _direction(lines: list[str]) -> str:
    known = ("a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive")
    return next((line[2:] for line in lines if line in known), "")


CLOCKS = range(8000, 192_001)
"""Of audio and video, Hz. A clock outside is no clock of ours, and would put packets hours apart."""


def rtpmaps(texts: Sequence[str]) -> dict[int, Encoding]:
    """Payload type → encoding of lines as they stand behind `a=rtpmap:`."""
    lines = [f"a=rtpmap:{text}" for text in texts]
    return _encodings([text.split()[0] for text in texts], lines)


def _encodings(formats: list[str], section: list[str]) -> dict[int, Encoding]:
    """Payload type → encoding: `a=rtpmap` where it is given, the static table otherwise."""
    mapped: dict[int, Encoding] = {}
    for line in section:
        found = re.match(r"a=rtpmap:\s*(\d{1,3})\s+([^/\s]{1,60})/(\d{1,6})(?:/(\d{1,2}))?", line)
        if found and int(found[1]) < 128 and int(found[3]) in CLOCKS:
            mapped[int(found[1])] = Encoding(found[2].upper(), int(found[3]), max(1, int(found[4] or 1)))
    parameters = dict(re.findall(r"^a=fmtp:[ \t]*(\d{1,3})[ \t]+(.{1,500})$", "\n".join(section), re.MULTILINE))
    chosen: dict[int, Encoding] = {}
    for text in formats:
        number = int(text) if re.fullmatch(r"\d{1,3}", text) else 128
        encoding = mapped.get(number) or STATIC.get(number)
        if number < 128 and encoding:
            chosen[number] = encoding._replace(parameters=parameters.get(text, "").strip())
    return chosen
