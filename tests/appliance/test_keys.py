"""Keys: files as the age tool writes them, closed to others, never overwritten; signatures that hold only for what was signed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from appliance import bech32, keys
from appliance.errors import CouldNotError
from appliance.keys import Identity, KeyFileError, Recipient, SigningKey, signature_holds
from tests import needs
from tests.fakes.clock import START
from tests.fakes.processes import at_once, killed_before

AGE = needs.program("age", "age-keygen")


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a desk, not as a service."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.fixture
def signing(tmp_path: Path) -> SigningKey:
    """A box's signing key."""
    return keys.signing_key(tmp_path / "keys")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def put(path: Path, text: str | bytes, permissions: int = 0o600) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(permissions)
    return path


# Files


def test_a_key_file_reads_back(tmp_path: Path) -> None:
    identity = Identity.new("customer")
    keys.save_identity(tmp_path / "customer.key", identity, START)
    (found,) = keys.load_identities(tmp_path / "customer.key")
    assert (found.name, found.secret(), found.recipient) == ("customer", identity.secret(), identity.recipient)


def test_a_key_file_and_its_folder_are_closed_to_others(tmp_path: Path) -> None:
    keys.save_identity(tmp_path / "keys" / "customer.key", Identity.new("customer"), START)
    keys.signing_key(tmp_path / "keys")
    assert mode(tmp_path / "keys") == 0o700
    assert (mode(tmp_path / "keys" / "customer.key"), mode(tmp_path / "keys" / "box.key")) == (0o600, 0o600)


def test_an_open_umask_opens_no_key(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keys.save_identity(tmp_path / "keys" / "customer.key", Identity.new("customer"), START)
    finally:
        os.umask(before)
    assert (mode(tmp_path / "keys"), mode(tmp_path / "keys" / "customer.key")) == (0o700, 0o600)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    keys.save_identity(tmp_path / "customer.key", Identity.new("customer"), START)
    before = (tmp_path / "customer.key").read_bytes()
    with pytest.raises(KeyFileError, match="already there"):
        keys.save_identity(tmp_path / "customer.key", Identity.new("customer"), START)
    assert (tmp_path / "customer.key").read_bytes() == before


@pytest.mark.parametrize("permissions", [0o604, 0o640, 0o644, 0o660, 0o666, 0o601])
def test_a_key_file_that_others_can_open_is_refused_with_the_mend(tmp_path: Path, permissions: int) -> None:
    path = put(tmp_path / "customer.key", Identity.new("c").secret(), permissions)
    with pytest.raises(KeyFileError, match=rf"is open to others \(mode {permissions:o}\); run: chmod 600 {path}"):
        keys.load_identities(path)


@pytest.mark.parametrize("permissions", [0o600, 0o400, 0o700])
def test_a_key_file_that_only_its_owner_opens_is_read(tmp_path: Path, permissions: int) -> None:
    assert keys.load_identities(put(tmp_path / "customer.key", Identity.new("c").secret(), permissions))


def test_a_credential_of_systemd_may_be_group_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "playback.key", Identity.new("c").secret(), 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert keys.load_identities(path)


def test_a_file_may_hold_several_keys_and_remarks(tmp_path: Path) -> None:
    several = [Identity.new(str(number)) for number in range(3)]
    text = "# 東京店の鍵\n\n" + "".join(f"# one\n{identity.secret()}\n" for identity in several)
    found = keys.load_identities(put(tmp_path / "all.key", text))
    assert [identity.recipient.public for identity in found] == [identity.recipient.public for identity in several]


def test_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    identity = Identity.new("c")
    (found,) = keys.load_identities(put(tmp_path / "c.key", f"# made on a PC\r\n{identity.secret()}\r\n"))
    assert found.secret() == identity.secret()


def one_letter_wrong(secret: str) -> str:
    return secret[:-1] + ("Q" if secret[-1] != "Q" else "P")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (one_letter_wrong(Identity.new("c").secret()), "damaged age key"),
        (bech32.encode("age-secret-key-", bytes(31)).upper(), "damaged age key"),
        ("", "holds no age key"),
        ("# created: 2026\n", "holds no age key"),
        (str(Identity.new("c").recipient), "holds no age key"),
        (b"\xff\xfe\x00", "not text"),
    ],
    ids=["one letter wrong", "short", "empty", "comment", "public", "bytes"],
)
def test_a_damaged_or_wrong_key_file_is_said_to_be_so(tmp_path: Path, text: str | bytes, why: str) -> None:
    path = put(tmp_path / "customer.key", text)
    with pytest.raises(KeyFileError, match=rf"^{path}: .*{why}.*; "):
        keys.load_identities(path)


@pytest.mark.parametrize("name", ["missing.key", "file/customer.key", "folder"])
def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    put(tmp_path / "file", "")
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(KeyFileError, match=rf"{name}: cannot be read \(.+\); check its name and owner"):
        keys.load_identities(tmp_path / name)


def test_a_keys_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    put(tmp_path / "file", "")
    for folder in (tmp_path / "file", tmp_path / "file" / "keys"):
        for make in (keys.signing_key, lambda folder: keys.playback_recipient(folder, START)):
            with pytest.raises(CouldNotError, match=f"^{folder}.*; "):
                make(folder)


def test_a_folders_identities_come_by_name_and_other_keys_are_passed_over(tmp_path: Path) -> None:
    for name in ("escrow", "customer"):
        keys.save_identity(tmp_path / f"{name}.key", Identity.new(name), START)
    keys.signing_key(tmp_path)
    put(tmp_path / "notes.txt", Identity.new("x").secret())
    assert [identity.name for identity in keys.identities_in(tmp_path)] == ["customer", "escrow"]
    assert keys.identities_in(tmp_path / "nowhere") == []


# The age tool


@AGE
def test_age_keygen_reads_a_key_file_of_ours(tmp_path: Path) -> None:
    identity = Identity.new("customer")
    keys.save_identity(tmp_path / "customer.key", identity, START)
    shown = subprocess.run(["age-keygen", "-y", tmp_path / "customer.key"], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == str(identity.recipient)


@AGE
def test_a_key_file_of_age_keygen_is_read(tmp_path: Path) -> None:
    made = subprocess.run(["age-keygen", "-o", tmp_path / "made.key"], capture_output=True, text=True, check=True)
    (identity,) = keys.load_identities(tmp_path / "made.key")
    assert str(identity.recipient) in made.stderr


@AGE
def test_a_key_file_looks_as_if_age_keygen_had_made_it(tmp_path: Path) -> None:
    subprocess.run(["age-keygen", "-o", tmp_path / "theirs.key"], capture_output=True, check=True)
    keys.save_identity(tmp_path / "ours.key", Identity.new("ours"), START)

    def shape(name: str) -> list[str]:
        return [line.split(":")[0][:16] for line in (tmp_path / name).read_text().splitlines()]

    assert shape("ours.key") == shape("theirs.key")


# Identities and recipients


def test_the_reference_reads_our_keys_and_we_read_its() -> None:
    ours = Identity.new("ours")
    assert str(pyrage.x25519.Identity.from_str(ours.secret()).to_public()) == str(ours.recipient)
    theirs = pyrage.x25519.Identity.generate()
    assert str(Identity.parse("theirs", str(theirs)).recipient) == str(theirs.to_public())
    assert Recipient.parse("theirs", str(theirs.to_public())) == Identity.parse("theirs", str(theirs)).recipient


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(bech32.Bech32Error, match="32 bytes"):
        Recipient.parse("customer", bech32.encode("age", bytes(length)))
    with pytest.raises(bech32.Bech32Error, match="32 bytes"):
        Identity.parse("customer", bech32.encode("age-secret-key-", bytes(length)))


def test_two_sides_find_the_same_secret() -> None:
    one, other = Identity.new("one"), Identity.new("other")
    assert one.exchange(other.recipient.public) == other.exchange(one.recipient.public)
    with pytest.raises(ValueError):
        one.exchange(bytes(32))


def test_a_secret_key_is_not_shown_by_accident() -> None:
    identity = Identity.new("customer")
    assert identity.secret() not in f"{identity!r} {identity} {[identity]}"
    assert str(identity.recipient) in repr(identity)


# The console's own key


def test_the_consoles_key_is_made_once(tmp_path: Path) -> None:
    first = keys.playback_identity(tmp_path / "keys", START)
    assert keys.playback_identity(tmp_path / "keys", START).secret() == first.secret()
    assert keys.playback_recipient(tmp_path / "keys", START).public == first.recipient.public


def test_recordings_are_sealed_to_the_public_half_without_the_private_one(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    own = keys.playback_recipient(folder, START)
    (folder / "playback.key").rename(tmp_path / "elsewhere.key")
    assert keys.playback_recipient(folder, START) == own
    assert not (folder / "playback.key").exists()


@pytest.mark.parametrize("content", [b"", b"age1nonsense\n", b"\xff\xff", bech32.encode("age", bytes(5)).encode()])
def test_a_damaged_public_half_is_never_sealed_to(tmp_path: Path, content: bytes) -> None:
    put(tmp_path / "playback.pub", content, 0o644)
    with pytest.raises(KeyFileError, match=r"playback.pub: holds no age recipient .*; remove it and start again"):
        keys.playback_recipient(tmp_path, START)


def test_services_that_start_at_once_agree_on_every_key(tmp_path: Path) -> None:
    for turn in range(5):
        folder = tmp_path / f"keys{turn}"

        def work(number: int, folder: Path = folder) -> None:
            found = keys.playback_recipient(folder, START) if number % 2 else keys.playback_identity(folder, START).recipient
            (folder.parent / f"{folder.name}-{number}").write_text(f"{found} {keys.signing_key(folder).public}")

        at_once(6, work)
        seen = {(tmp_path / f"keys{turn}-{number}").read_text() for number in range(6)}
        own = keys.playback_identity(folder, START).recipient
        assert seen == {f"{own} {keys.signing_key(folder).public}"}
        assert keys.playback_recipient(folder, START) == own
        assert keys.signing_public(folder) == keys.signing_key(folder).public


# Signatures


@given(st.binary(max_size=200))
def test_a_signature_holds_for_its_message(message: bytes) -> None:
    key = SigningKey(Ed25519PrivateKey.generate())
    assert signature_holds(key.public, message, key.sign(message))
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public)).verify(bytes.fromhex(key.sign(message)), message)


def test_a_signature_holds_for_nothing_else(signing: SigningKey) -> None:
    signature = signing.sign(b"message")
    other = SigningKey(Ed25519PrivateKey.generate())
    assert not signature_holds(signing.public, b"messagE", signature)
    assert not signature_holds(other.public, b"message", signature)
    raw = bytes.fromhex(signature)
    for place in range(len(raw)):
        assert not signature_holds(signing.public, b"message", (raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]).hex())


@given(st.text(max_size=140), st.binary(max_size=20), st.text(max_size=140))
def test_any_text_as_key_and_signature_is_only_not_a_signature(public: str, message: bytes, signature: str) -> None:
    assert signature_holds(public, message, signature) is False


def test_the_signing_key_is_made_once_and_its_public_half_is_kept_beside_it(tmp_path: Path) -> None:
    assert keys.signing_public(tmp_path / "keys") is None
    first = keys.signing_key(tmp_path / "keys")
    assert keys.signing_key(tmp_path / "keys").public == first.public == keys.signing_public(tmp_path / "keys")
    assert mode(tmp_path / "keys" / "box.pub") == 0o644


@AGE
def test_the_signing_key_is_plain_pem(tmp_path: Path) -> None:
    key = keys.signing_key(tmp_path)
    loaded = serialization.load_pem_private_key((tmp_path / "box.key").read_bytes(), None)
    assert loaded.public_key().public_bytes_raw().hex() == key.public  # type: ignore[union-attr]


def pem_of_another_kind() -> bytes:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "no private key in PEM form"), (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "PEM form"),
     (pem_of_another_kind(), "not an Ed25519 key"), (b"\xff", "not text")],
)  # fmt: skip
def test_a_damaged_signing_key_is_never_replaced(tmp_path: Path, content: bytes, why: str) -> None:
    put(tmp_path / "box.key", content)
    with pytest.raises(KeyFileError, match=why):
        keys.signing_key(tmp_path)
    assert (tmp_path / "box.key").read_bytes() == content


def test_a_signing_key_open_to_others_is_refused(tmp_path: Path, signing: SigningKey) -> None:
    (tmp_path / "keys" / "box.key").chmod(0o644)
    with pytest.raises(KeyFileError, match="open to others"):
        keys.signing_key(tmp_path / "keys")


def test_whoever_dies_while_making_the_signing_key_leaves_none_without_its_public_half(tmp_path: Path) -> None:
    for count in range(20):
        folder = tmp_path / str(count)

        def work(folder: Path = folder) -> None:
            keys.signing_key(folder)

        killed = killed_before(count, work, calls={"rename", "fsync"})
        assert keys.signing_key(folder).public == keys.signing_public(folder)
        if not killed:
            assert count > 3
            return
    pytest.fail("the key was never made")


def test_a_section_of_a_file_of_secrets_is_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / "popup.secrets"
    assert keys.section(path, "crm") == {}
    path.write_text("[crm]\ntoken = a=b%c\n[other]\ntoken = x\n")
    path.chmod(0o600)
    assert keys.section(path, "crm") == {"token": "a=b%c"}
    assert keys.section(path, "none") == {}
    path.write_text("token: x")
    with pytest.raises(ValueError, match="lines `key = value`"):
        keys.section(path, "crm")
    path.chmod(0o644)
    with pytest.raises(keys.KeyFileError, match="chmod 600"):
        keys.section(path, "crm")
