"""A device with passkeys, as WebAuthn level 3 describes it: an ECDSA key a credential, a counter, attestation "none"."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, HOLDS = 0x01, 0x04, 0x40
"""Flags of authenticator data (§6.1): user present, user verified, attested credential data included."""


def text(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Authenticator:
    """One credential on one device. Every part of an answer may be told otherwise, to see what is made of it."""

    def __init__(self, origin: str, box: str, *, verifies: bool = True) -> None:
        self.origin, self.box, self.verifies = origin, box, verifies
        self.id = secrets.token_bytes(16)
        self.count = 0
        self.handle = b""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def make(self, options: str, **client: Any) -> str:
        """The answer to `navigator.credentials.create`."""
        asked = json.loads(options)
        self.handle = base64.urlsafe_b64decode(asked["user"]["id"] + "==")
        numbers = self._key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        held = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(HOLDS) + held})
        told = self._client("webauthn.create", asked["challenge"], client)
        return self._answer({"clientDataJSON": text(told), "attestationObject": text(attestation)})

    def sign(self, options: str, **client: Any) -> str:
        """The answer to `navigator.credentials.get`."""
        self.count += 1
        data, told = self._data(), self._client("webauthn.get", json.loads(options)["challenge"], client)
        signature = self._key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": text(told),
            "authenticatorData": text(data),
            "signature": text(signature),
            "userHandle": text(self.handle),
        }
        return self._answer(response)

    def _data(self, more: int = 0) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | more
        return hashlib.sha256(self.box.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str, changes: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False, **changes}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        return json.dumps({"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response})
