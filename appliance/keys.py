"""Keys: age identities and recipients (X25519), and the box's signing key (Ed25519).

Key files are those of the age tool (`age-keygen` writes and reads the same) and PEM; they are mode 0600, or credentials that
systemd hands to one service. The box needs only public keys for what leaves it; the one identity on it is the console's own, for
playback.
"""

from __future__ import annotations

import configparser
import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from appliance import bech32, shelf
from appliance.errors import CouldNotError
from appliance.moments import isoformat

PLAYBACK = "playback"
BOX = "box"
_SECRET = re.compile(r"^AGE-SECRET-KEY-1[0-9A-Z]+$", re.MULTILINE)


class KeyFileError(CouldNotError):
    """A key file is missing, open to others, or holds no key of the kind that is needed."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A public X25519 key to which files are sealed."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, name: str, text: str) -> Recipient:
        """From its `age1…` form. Raises Bech32Error, also on a point of low order, to which nothing can be sealed (RFC 7748 §6.1)."""
        public = bech32.decode_key(text, "age")
        try:
            X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError as error:
            raise bech32.Bech32Error("is a key that nobody can hold") from error
        return cls(name, public)

    def __str__(self) -> str:
        return bech32.encode("age", self.public)


class Identity:
    """A private X25519 key that opens what was sealed to its recipient."""

    def __init__(self, name: str, private: X25519PrivateKey) -> None:
        self.name = name
        self._private = private
        self.recipient = Recipient(name, private.public_key().public_bytes_raw())

    @classmethod
    def new(cls, name: str) -> Identity:
        """A fresh key."""
        return cls(name, X25519PrivateKey.generate())

    @classmethod
    def parse(cls, name: str, text: str) -> Identity:
        """From its `AGE-SECRET-KEY-1…` form. Raises Bech32Error."""
        return cls(name, X25519PrivateKey.from_private_bytes(bech32.decode_key(text, "age-secret-key-")))

    def exchange(self, share: bytes) -> bytes:
        """The X25519 shared secret with this public share (RFC 7748 §6.1). Raises ValueError on a share of low order."""
        return self._private.exchange(X25519PublicKey.from_public_bytes(share))

    def secret(self) -> str:
        """The private key in the form that key files hold."""
        return bech32.encode("age-secret-key-", self._private.private_bytes_raw()).upper()

    def __repr__(self) -> str:
        return f"Identity({self.name}, {self.recipient})"


def save_identity(path: Path, identity: Identity, now: int) -> None:
    """Write a key file as `age-keygen` would, mode 0600, refusing to overwrite. Raises KeyFileError."""
    if path.exists():
        raise KeyFileError(f"{path}: a key is already there; keys are never overwritten, choose another name")
    shelf.make_folder(path.parent, 0o700)
    text = f"# created: {isoformat(now)}\n# public key: {identity.recipient}\n{identity.secret()}\n"
    shelf.write(path, text.encode("ascii"), mode=0o600)


def load_identities(path: Path) -> list[Identity]:
    """Every age identity in this file. Raises KeyFileError."""
    text = private_text(path)
    try:
        found = [Identity.parse(path.stem, match) for match in _SECRET.findall(text)]
    except bech32.Bech32Error as error:
        raise KeyFileError(f"{path}: holds a damaged age key ({error}); restore it from its copy") from error
    if not found:
        raise KeyFileError(f"{path}: holds no age key (a line AGE-SECRET-KEY-1…); name the right file")
    return found


def identities_in(folder: Path) -> list[Identity]:
    """Every identity in the `*.key` files of a keys folder, by file name; other keys there are passed over."""
    found = []
    for path in sorted(folder.glob("*.key")) if folder.is_dir() else []:
        if _SECRET.search(private_text(path)):
            found += load_identities(path)
    return found


def playback_identity(folder: Path, now: int) -> Identity:
    """The console's own identity, made at the first start."""
    path = folder / f"{PLAYBACK}.key"
    if not _is_there(path):
        with _alone_in(folder):
            if not path.exists():
                save_identity(path, Identity.new(PLAYBACK), now)
    return load_identities(path)[0]


def playback_recipient(folder: Path, now: int) -> Recipient:
    """The public half of the console's identity, from `playback.pub` where the private half is another service's credential."""
    public = folder / f"{PLAYBACK}.pub"
    if not _is_there(public):
        identity = playback_identity(folder, now)
        shelf.write(public, f"{identity.recipient}\n".encode("ascii"), mode=0o644)
    try:
        return Recipient.parse(PLAYBACK, public.read_text("ascii").strip())
    except (bech32.Bech32Error, OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{public}: holds no age recipient ({error}); remove it and start again") from error


class SigningKey:
    """The box's Ed25519 key: signs manifests; whoever holds the public half can check them offline."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @property
    def public(self) -> str:
        """The public key, 32 bytes in hex."""
        return self._private.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> str:
        """The Ed25519 signature (RFC 8032) in hex."""
        return self._private.sign(message).hex()


def signature_holds(public: str, message: bytes, signature: str) -> bool:
    """Whether this hex signature of `message` was made by the private half of this hex public key."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signing_key(folder: Path) -> SigningKey:
    """The box's signing key, made at the first start. Raises KeyFileError."""
    path = folder / f"{BOX}.key"
    if not _is_there(path):
        with _alone_in(folder):
            if not path.exists():
                _new_signing_key(path)
    try:
        key = serialization.load_pem_private_key(private_text(path).encode(), password=None)
    except ValueError as error:
        raise KeyFileError(f"{path}: holds no private key in PEM form; restore it from the backup") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: is not an Ed25519 key; restore the box's own from the backup")
    return SigningKey(key)


def present_signing_key(folder: Path) -> SigningKey:
    """The box's signing key, which must be there: whoever vouches for what was, signs with no new key. Raises KeyFileError."""
    if not _is_there(folder / f"{BOX}.key"):
        raise KeyFileError(f"{folder / f'{BOX}.key'}: the box's signing key is not there; restore it from the backup")
    return signing_key(folder)


def _new_signing_key(path: Path) -> None:
    """A fresh key; its public half first, so that whoever dies in between leaves none that lacks it."""
    fresh = Ed25519PrivateKey.generate()
    pem = fresh.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    shelf.write(path.with_suffix(".pub"), (fresh.public_key().public_bytes_raw().hex() + "\n").encode(), mode=0o644)
    shelf.write(path, pem, mode=0o600)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Make keys in this folder one process at a time: services start together, and no key may replace another."""
    shelf.make_folder(folder, 0o700)
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise KeyFileError(f"{folder}: is no folder for keys ({error.strerror}); check its name and owner") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def signing_public(folder: Path) -> str | None:
    """The public half of the box's signing key in hex, None before the first start."""
    path = folder / f"{BOX}.pub"
    return path.read_text("ascii").strip() if path.exists() else None


def _is_there(path: Path) -> bool:
    """Whether the file exists. Raises KeyFileError where the folder is somebody else's."""
    try:
        return path.exists()
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read ({error.strerror}); check its name and owner") from error


def private_text(path: Path) -> str:
    """The text of a file that is nobody else's business. Raises KeyFileError."""
    try:
        mode = path.stat().st_mode
        if mode & 0o077 and "CREDENTIALS_DIRECTORY" not in os.environ:
            raise KeyFileError(f"{path}: is open to others (mode {mode & 0o777:o}); run: chmod 600 {path}")
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise KeyFileError(f"{path}: is no key file (it is not text); name the right file") from error
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read ({error.strerror}); check its name and owner") from error


def section(path: Path, name: str) -> dict[str, str]:
    """What stands under [NAME] in a file of secrets; nothing where there is none.

    Raises KeyFileError, and ValueError where the file is written otherwise.
    """
    if not path.exists():
        return {}
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    try:
        parser.read_string(private_text(path))
    except configparser.Error as error:
        raise ValueError(f"{path}: is not written as [NAME] and lines `key = value`; correct it") from error
    return dict(parser[name]) if parser.has_section(name) else {}
