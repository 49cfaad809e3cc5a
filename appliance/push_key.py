"""The box's key towards the browsers' push services (VAPID, RFC 8292): P-256, made once; browsers are told its public half."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from appliance import shelf
from appliance.keys import KeyFileError, private_text

NAME = "push"


class PushKey:
    """The private key."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private

    @property
    def public(self) -> str:
        """The public key as browsers want it: the uncompressed point, base64url."""
        return web64(point(self._private.public_key()))

    def authorization(self, audience: str, contact: str, until: int) -> str:
        """The header that says who sends (RFC 8292 §3): an ES256 token for this push service, good until then (seconds)."""
        head, claims = {"typ": "JWT", "alg": "ES256"}, {"aud": audience, "exp": until, "sub": contact}
        signed = ".".join(web64(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
        r, s = decode_dss_signature(self._private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"vapid t={signed}.{web64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))},k={self.public}"


def make(folder: Path) -> PushKey:
    """The key in this folder, made where there is none; its public half first, so that none lacks it. Raises KeyFileError."""
    if not (folder / f"{NAME}.key").exists():
        fresh = ec.generate_private_key(ec.SECP256R1())
        pem = fresh.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        shelf.make_folder(folder, 0o700)
        shelf.write(folder / f"{NAME}.pub", f"{PushKey(fresh).public}\n".encode(), mode=0o644)
        shelf.write(folder / f"{NAME}.key", pem, mode=0o600)
    return load(folder)


def load(folder: Path) -> PushKey:
    """The key in this folder. Raises KeyFileError."""
    path = folder / f"{NAME}.key"
    try:
        key = serialization.load_pem_private_key(private_text(path).encode(), password=None)
    except ValueError as error:
        raise KeyFileError(
            f"{path}: holds no private key in PEM form; remove it, and run: appliance provisioning prepare"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyFileError(f"{path}: is no P-256 key; remove it, and run: appliance provisioning prepare")
    return PushKey(key)


def public(folder: Path) -> str:
    """The public half where it lies beside the private one; "" where there is none."""
    path = folder / f"{NAME}.pub"
    return path.read_text("ascii").strip() if path.exists() else ""


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """The public key as an uncompressed point, 65 bytes."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def web64(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_web64(text: str) -> bytes:
    """What `web64` wrote. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
