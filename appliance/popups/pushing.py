"""A push message to a browser: encrypted for it alone (RFC 8291), from this box alone (RFC 8292), to services that were named only.

What the push service sees: the box's public key and contact, the browser's address, a time to live, and bytes of always the same length.
"""

from __future__ import annotations

import os
import struct
import time
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from appliance import push_key
from appliance.box import Box
from appliance.popups.asking import RefusedError, Target, ask, may_go
from appliance.popups.subscriptions import Subscription
from appliance.push_key import PushKey, from_web64, point

TTL_S = 60
"""A call that rang a minute ago rings no more."""
_TOKEN_S = 12 * 3600
_SECONDS = 10.0
PADDED = 1024
"""Length of every message before it is encrypted."""


class Sender:
    """Sends with the box's key."""

    def __init__(self, key: PushKey, contact: str, hosts: tuple[str, ...], ca_file: str = "") -> None:
        self._key, self._contact, self._hosts, self._ca_file = key, contact, hosts, ca_file

    @classmethod
    def of(cls, box: Box) -> Sender | None:
        """The sender of this box; None where no push messages are wanted. Raises KeyFileError where its key is missing."""
        popup = box.config.popup
        if not popup.push_contact:
            return None
        return cls(push_key.load(box.folders.keys), popup.push_contact, allowed(popup.push_hosts))

    def send(self, to: Subscription, message: bytes) -> None:
        """Hand it to the browser's push service. Raises AskError; GoneError where the browser wants no more."""
        if not may_go(to.endpoint, self._hosts):
            raise RefusedError(f"{urlsplit(to.endpoint).hostname}: is no push service that was named in popup.push_hosts")
        parts = urlsplit(to.endpoint)
        headers = {
            "Authorization": self._key.authorization(
                f"{parts.scheme}://{parts.netloc}", self._contact, int(time.time()) + _TOKEN_S
            ),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_S),
            "Urgency": "high",
        }
        body = encrypted(message, from_web64(to.p256dh), from_web64(to.auth))
        ask("POST", Target(to.endpoint, ca_file=self._ca_file), headers, body, seconds=_SECONDS)


def allowed(hosts: list[str]) -> tuple[str, ...]:
    """The hosts of the settings and all below them."""
    return tuple(form for host in hosts for form in ((host,) if "://" in host else (host, f".{host}")))


def encrypted(
    message: bytes,
    receiver: bytes,
    auth: bytes,
    *,
    salt: bytes = b"",
    own: ec.EllipticCurvePrivateKey | None = None,
    padded: int = PADDED,
) -> bytes:
    """The message as `aes128gcm` content (RFC 8188, RFC 8291 §3) in one record. Raises ValueError where the receiver's key is none."""
    own, salt = own or ec.generate_private_key(ec.SECP256R1()), salt or os.urandom(16)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), receiver)
    sender = point(own.public_key())
    shared = own.exchange(ec.ECDH(), theirs)
    secret = _derived(shared, auth, b"WebPush: info\0" + receiver + sender, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    clear = message + b"\x02" + b"\0" * max(0, padded - len(message) - 1)
    head = salt + struct.pack("!IB", 4096, len(sender)) + sender
    return head + AESGCM(key).encrypt(nonce, clear, None)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
