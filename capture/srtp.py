"""SRTP opened with the keys that the signalling carried (RFC 3711, RFC 4568, RFC 7714), by libsrtp, when a recording is made.

On the spool packets lie as they were seen. Every key of the call is tried: the authentication tag tells which is the right one, so
re-keying, forking and several offered suites need no bookkeeping. A packet that no key opens becomes no sound where SRTP was agreed on.

The rollover counter (RFC 3711 §3.3.1) is not on the wire, but the tag covers it. Where a stream was joined after its sequence numbers had
wrapped, or after a port or our capture was changed for so long, each key is wound through the counters until one opens the packet.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import struct
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
LONGEST = 1500
"""Octets of a packet that libsrtp takes."""
ROLLOVERS = 200
"""Counters that are tried: three days of packets of 20 ms."""
SEARCHES = 16
"""Most searches a stream: at its first packet that does not open, and then at the 4th, 16th, 64th ... of a row of such."""
_QUARTER = 1 << 14
_HEAD = struct.Struct(">BBHII")


class _Key:
    """One master key and libsrtp's state for it."""

    def __init__(self, key: SrtpKey) -> None:
        self._key = key
        self._tag = SUITES[key.suite][2]
        self._session = self._begin(Policy.SSRC_ANY_INBOUND)
        self._identifier = key.mki

    def _begin(self, direction: int) -> Session:
        profile, octets, _ = SUITES[self._key.suite]
        policy = Policy(key=_octets(self._key)[:octets], ssrc_type=direction, srtp_profile=profile)
        policy.window_size = WINDOW
        return Session(policy)

    def anew(self) -> _Key:
        """The same key without a memory."""
        return _Key(self._key)

    def open(self, packet: bytes) -> bytes:
        """The packet in clear. Raises pylibsrtp.Error, and ValueError where it is longer than libsrtp takes (1500 octets)."""
        if self._identifier:  # it stands before the tag, and libsrtp is not told of it (RFC 3711 §3.1)
            end = len(packet) - self._tag
            packet = packet[: end - self._identifier] + packet[end:]
        return self._session.unprotect(packet)

    def wound(self, packet: bytes) -> tuple[_Key, bytes] | None:
        """The same key at the rollover counter that opens the packet, and the packet in clear.

        libsrtp follows the sender's counter by the sequence numbers it has seen: it is shown empty packets of our own making, each a
        quarter of the numbers further, and the packet itself at its turn in each round.
        """
        _, _, sequence, _, ssrc = _HEAD.unpack_from(packet)
        fresh, sender = self.anew(), self._begin(Policy.SSRC_ANY_OUTBOUND)
        for index in range(0, ROLLOVERS << 16, _QUARTER):
            number = index & 0xFFFF
            if number == sequence // _QUARTER * _QUARTER:
                with contextlib.suppress(Error):
                    return fresh, fresh.open(packet)
            fresh._session.unprotect(sender.protect(_HEAD.pack(0x80, 0, number, 0, ssrc)))
        return None


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
        self.searches = 0
        """How often rollover counters were tried."""
        self._row = 0
        """The last so many packets were such."""

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
            if clear is None and self._mode(at) is not Mode.PLAIN:
                clear = self._searched(packet)
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

    def _searched(self, packet: bytes) -> bytes | None:
        """The packet in clear, where its sender's rollover counter is another than libsrtp believes."""
        self._row += 1
        wanted = self.searches < SEARCHES and _is_power_of_four(self._row)
        if not wanted or not _HEAD.size <= len(packet) <= LONGEST or packet[0] >> 6 != 2:
            return None
        self.searches += 1
        for number, key in enumerate(self._keys):
            found = key.wound(packet)
            if found is not None:
                return self._found(number, found[0], packet, found[1])
        return None

    def _found(self, number: int, key: _Key, packet: bytes, clear: bytes) -> bytes:
        """Remember the packet, and try its key first the next time."""
        self._keys.pop(number)
        self._keys.insert(0, key)
        self._opened, self._row = True, 0
        if len(self._recent) == WINDOW:
            self._seen.discard(self._recent[0])
        self._recent.append(hash(packet))
        self._seen.add(self._recent[-1])
        return clear

    def _is_plain(self, at: int) -> bool:
        """Whether a packet of this moment that does not open is plain speech."""
        mode = self._mode(at)
        return mode is Mode.PLAIN or (mode is Mode.EITHER and not self._opened)

    def _mode(self, at: int) -> Mode:
        first = self._secrecy[0][1] if self._secrecy else Mode.PLAIN
        return next((mode for since, mode in reversed(self._secrecy) if since <= at), first)


def _is_power_of_four(number: int) -> bool:
    return number & (number - 1) == 0 and number.bit_length() % 2 == 1


def _is_usable(key: SrtpKey) -> bool:
    return key.suite in SUITES and len(_octets(key)) >= SUITES[key.suite][1]


def _octets(key: SrtpKey) -> bytes:
    try:
        return base64.b64decode(key.material + "=" * (-len(key.material) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
