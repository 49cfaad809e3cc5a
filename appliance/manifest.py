"""Manifests: what the box vouches for about each recording, canonical, chained and signed.

The facts of a recording are written as canonical JSON (sorted keys, no spaces, ASCII escapes). Their SHA-256 is the recording's
`chain`; every manifest names the `previous` one and its own `sequence`, so that none can be taken out, added or changed without
a trace; the box's Ed25519 signature covers the chain value. Anyone with the box's public key checks it offline. Checkpoints of the
chain, evidence bundles and proofs of erasure are signed the same way, each under a context of its own, so that none passes for another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.keys import SigningKey, signature_holds

VERSION = 1
FIRST = "0" * 64
"""What the first recording of a box names as the one before it."""
RECORDING = "manifest"
CHECKPOINT = "checkpoint"
BUNDLE = "bundle"
ERASURE = "erasure"
HEARTBEAT = "heartbeat"
WIPE = "wipe"
BACKUP = "backup"
COMMISSION = "commission"


class ManifestError(ValueError):
    """A manifest is no manifest, or does not hold; the text says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Signed facts."""

    facts: Mapping[str, Any]
    chain: str
    signature: str
    public_key: str

    def encode(self) -> bytes:
        """The document as it is sealed beside the recording."""
        return canonical({"facts": self.facts, "chain": self.chain, "signature": self.signature, "public_key": self.public_key})


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys, no spaces and ASCII escapes: the same value always gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def sign(facts: Mapping[str, Any], key: SigningKey, kind: str = RECORDING) -> Manifest:
    """The manifest of these facts (those of a recording already name `sequence` and `previous`)."""
    full = {"version": VERSION, **facts}
    chain = hashlib.sha256(canonical(full)).hexdigest()
    return Manifest(facts=full, chain=chain, signature=key.sign(_message(kind, chain)), public_key=key.public)


def decode(document: bytes) -> Manifest:
    """The manifest in this document, its own chain value checked. Raises ManifestError."""
    try:
        tree = json.loads(document)
        found = Manifest(
            facts=dict(tree["facts"]),
            chain=str(tree["chain"]),
            signature=str(tree["signature"]),
            public_key=str(tree["public_key"]),
        )
        chain = hashlib.sha256(canonical(found.facts)).hexdigest()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ManifestError(f"is no manifest ({error})") from error
    if chain != found.chain:
        raise ManifestError("its facts were changed after signing")
    return found


def check_signature(chain: str, signature: str, public_key: str, kind: str = RECORDING) -> None:
    """Raises ManifestError unless the box with this public key signed this chain value."""
    if not signature_holds(public_key, _message(kind, chain), signature):
        raise ManifestError("the box's signature does not hold")


def _message(kind: str, chain: str) -> bytes:
    """What is signed: the kind of document, so that no signature is good for another kind, and the hash of its facts."""
    return f"appliance {kind} v{VERSION}\n{chain}".encode()
