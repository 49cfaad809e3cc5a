"""The box's key towards push services is made once, is nobody else's business, and its word holds for others' programs too."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from py_vapid import Vapid02

from appliance import push_key
from appliance.keys import KeyFileError


def test_it_is_made_once_and_open_to_nobody(tmp_path: Path) -> None:
    first = push_key.make(tmp_path / "keys").public
    assert push_key.make(tmp_path / "keys").public == push_key.public(tmp_path / "keys") == first
    assert (tmp_path / "keys" / "push.key").stat().st_mode & 0o777 == 0o600
    assert len(push_key.from_web64(first)) == 65
    assert push_key.public(tmp_path / "none") == ""


def test_its_word_holds_for_another_program(tmp_path: Path) -> None:
    header = push_key.make(tmp_path).authorization("https://push.example", "mailto:box@example.jp", 1_800_000_000)
    assert Vapid02.verify(header)
    claims = header.split(".")[1]
    told = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    assert told == b'{"aud":"https://push.example","exp":1800000000,"sub":"mailto:box@example.jp"}'


@pytest.mark.parametrize("content", [b"nonsense", b""])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "push.key").write_bytes(content)
    (tmp_path / "push.key").chmod(0o600)
    with pytest.raises(KeyFileError, match="no private key"):
        push_key.load(tmp_path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "push.key").write_bytes(pem)
    (tmp_path / "push.key").chmod(0o600)
    with pytest.raises(KeyFileError, match="no P-256 key"):
        push_key.load(tmp_path)
