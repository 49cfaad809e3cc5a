"""SRTP opened with the keys that the signalling carried (RFC 3711, RFC 4568, RFC 7714), by libsrtp, when a recording is made.

On the spool packets lie as they were seen. Every key of the call is tried: the authentication tag tells which is the right one, so
re-keying, forking and several offered suites need no bookkeeping. A packet that no key opens never becomes sound.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from pylibsrtp import Error, Policy, Session

from capture.media import STAMP
from capture.sdp import SrtpKey

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
        profile, octets, self._tag = SUITES[key.suite]
        policy = Policy(key=_octets(key)[:octets], ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile)
        policy.window_size = WINDOW
        self._session = Session(policy)
        self._identifier = key.mki

    def open(self, packet: bytes) -> bytes:
        """The packet in clear. Raises pylibsrtp.Error."""
        if self._identifier:  # it stands before the tag, and libsrtp is not told of it (RFC 3711 §3.1)
            end = len(packet) - self._tag
            packet = packet[: end - self._identifier] + packet[end:]
        return self._session.unprotect(packet)


class Opener:
    """Opens the packets of one stream. `secure`: nothing but SRTP was agreed on, so a packet that does not open is no speech."""

    def __init__(self, keys: Iterable[SrtpKey], *, secure: bool) -> None:
        self._keys = [_Key(key) for key in dict.fromkeys(keys) if _is_usable(key)]
        self._secure = secure
        self.refused = 0
        """Packets that no key opened."""

    def open(self, body: bytes) -> bytes:
        """The packets of a spool block's body, in clear and behind their stamps; those that do not open are left out."""
        out = bytearray()
        place, end, head = 0, len(body), STAMP.size
        while place + head <= end:
            at, length = STAMP.unpack_from(body, place)
            place += head
            clear = self._packet(body[place : place + length])
            place += length
            if clear is None:
                self.refused += 1
            elif clear:
                out += STAMP.pack(at, len(clear)) + clear
        return bytes(out)

    def _packet(self, packet: bytes) -> bytes | None:
        """The packet in clear; b"" for one that was there already, None for one that does not open."""
        for number, key in enumerate(self._keys):
            try:
                clear = key.open(packet)
            except Error as error:
                if "replay" in str(error):
                    return b""
                continue
            if number:  # it will open the next one too
                self._keys.insert(0, self._keys.pop(number))
            self._secure = True
            return clear
        return None if self._secure else packet


def _is_usable(key: SrtpKey) -> bool:
    return key.suite in SUITES and len(_octets(key)) >= SUITES[key.suite][1]


def _octets(key: SrtpKey) -> bytes:
    try:
        return base64.b64decode(key.material + "=" * (-len(key.material) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
