"""SRTP opened with the keys that the signalling carried (RFC 3711, RFC 4568, RFC 7714), by libsrtp, when a recording is made.

On the spool packets lie as they were seen. Every key of the call is tried: the authentication tag tells which is the right one, so
re-keying, forking and several offered suites need no bookkeeping. A packet that no key opens becomes no sound where SRTP was agreed on.

The rollover counter (RFC 3711 §3.3.1) is not on the wire: a stream that was joined after its sequence numbers had wrapped does not open.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Iterable

from pylibsrtp import Error, Policy, Session

from capture.media import MAX_KEYS_PER_CALL, Mode
from capture.sdp import SrtpKey
from capture.walk import STAMP

_CM, _GCM = 30, {"AEAD_AES_128_GCM": 28, "AEAD_AES_256_GCM": 44}
SUITES = {
    "AES_CM_128_HMAC_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, _CM, 10),
    "AES_CM_128_HMAC_SHA1_32": (Policy.SRTP_PROFILE_AES128_CM_SHA1_32, _CM, 4),
    "AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, _GCM["AEAD_AES_128_GCM"], 0),
    "AEAD_AES_256_GCM": (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, _GCM["AEAD_AES_256_GCM"], 0),
}
"""Suite → (libsrtp's profile, octets of master key and salt, octets of the tag behind a master key identifier)."""
WINDOW = 1024
"""Packets that may come out of order."""


class _Key:
    """One master key and libsrtp's state for it."""

    def __init__(self, key: SrtpKey) -> None:
        self._key = key
        profile, octets, self._tag = SUITES[key.suite]
        policy = Policy(key=_octets(key)[:octets], ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile)
        policy.window_size = WINDOW
        self._session = Session(policy)
        self._identifier = key.mki

    def anew(self) -> _Key:
        """The same key without a memory."""
        return _Key(self._key)

    def open(self, packet: bytes) -> bytes:
        """The packet in clear. Raises pylibsrtp.Error, and ValueError where it is longer than libsrtp takes (1500 octets)."""
        if self._identifier:  # it stands before the tag, and libsrtp is not told of it (RFC 3711 §3.1)
            end = len(packet) - self._tag
            packet = packet[: end - self._identifier] + packet[end:]
        return self._session.unprotect(packet)


class Opener:
    """Opens the packets of one stream. `secrecy`: (since when, mode) of the call, in the order of time."""

    def __init__(self, keys: Iterable[SrtpKey], secrecy: Iterable[tuple[int, Mode]]) -> None:
        self._keys = [_Key(key) for key in list(dict.fromkeys(keys))[:MAX_KEYS_PER_CALL] if _is_usable(key)]
        self._secrecy = sorted(secrecy)
        self._opened = False
        self._recent: deque[int] = deque(maxlen=WINDOW)
        self._seen: set[int] = set()
        self.refused = 0
        """Packets that no key opened."""

    def open(self, body: bytes) -> bytes:
        """The packets of a spool block's body, in clear and behind their stamps; those that do not open are left out."""
        out = bytearray()
        place, end, head = 0, len(body), STAMP.size
        while place + head <= end:
            at, length = STAMP.unpack_from(body, place)
            place += head
            packet = body[place : place + length]
            place += length
            clear = self._packet(packet)
            if clear is None and self._is_plain(at):
                clear = packet
            if clear is None:
                self.refused += 1
            elif clear:
                out += STAMP.pack(at, len(clear)) + clear
        return bytes(out)

    def _packet(self, packet: bytes) -> bytes | None:
        """The packet in clear; b"" for one that was there already, None for one that no key opens."""
        old: list[int] = []
        for number, key in enumerate(self._keys):
            try:
                clear = key.open(packet)
            except Error as error:
                if "replay" in str(error):
                    old.append(number)
            except ValueError:  # longer than libsrtp takes
                return None
            else:
                return self._found(number, key, packet, clear)
        if hash(packet) in self._seen:  # a mirror of both directions shows it twice
            return b""
        for number in old:  # libsrtp looks at the number before the tag: the sender may have begun anew
            fresh = self._keys[number].anew()
            try:
                clear = fresh.open(packet)
            except Error:
                continue
            return self._found(number, fresh, packet, clear)
        return None

    def _found(self, number: int, key: _Key, packet: bytes, clear: bytes) -> bytes:
        """Remember the packet, and try its key first the next time."""
        self._keys.pop(number)
        self._keys.insert(0, key)
        self._opened = True
        if len(self._recent) == WINDOW:
            self._seen.discard(self._recent[0])
        self._recent.append(hash(packet))
        self._seen.add(self._recent[-1])
        return clear

    def _is_plain(self, at: int) -> bool:
        """Whether a packet of this moment that does not open is plain speech."""
        mode = next(
            (mode for since, mode in reversed(self._secrecy) if since <= at), self._secrecy[0][1] if self._secrecy else Mode.PLAIN
        )
        return mode is Mode.PLAIN or (mode is Mode.EITHER and not self._opened)


def _is_usable(key: SrtpKey) -> bool:
    return key.suite in SUITES and len(_octets(key)) >= SUITES[key.suite][1]


def _octets(key: SrtpKey) -> bytes:
    try:
        return base64.b64decode(key.material + "=" * (-len(key.material) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
