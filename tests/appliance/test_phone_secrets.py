"""Secrets of the telephone system: made once, kept to their owner, never invented for a provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import phone_secrets
from appliance.keys import KeyFileError
from appliance.phone_settings import Conference, Extension, Phone, Trunk, Voicebox


def test_a_telephones_password_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = phone_secrets.read_or_make(tmp_path, "phone-201")
    assert phone_secrets.read_or_make(tmp_path, "phone-201") == first != phone_secrets.read_or_make(tmp_path, "phone-202")
    assert (tmp_path / "phones" / "phone-201.secret").stat().st_mode & 0o777 == 0o600
    assert len(first) == 20


def test_a_pin_is_six_digits(tmp_path: Path) -> None:
    assert phone_secrets.read_or_make(tmp_path, "box-201").isdigit()


def test_a_providers_password_is_never_invented(tmp_path: Path) -> None:
    phone = Phone(trunks=[Trunk(name="ntt", kind="registration", host="sip.example.jp", user="me")])
    with pytest.raises(KeyFileError, match=r"trunk-ntt\.secret: cannot be read .*; write the secret into it"):
        phone_secrets.all_of(tmp_path, phone)


def test_a_gateway_that_asks_for_no_password_gets_none(tmp_path: Path) -> None:
    phone = Phone(
        extensions=[Extension(number="201")], boxes=[Voicebox(number="201")],
        conferences=[Conference(number="800", pin=True), Conference(number="801")],
        trunks=[Trunk(name="hgw", kind="hikari", host="192.168.1.1", user="3")],
    )  # fmt: skip
    found = phone_secrets.all_of(tmp_path, phone)
    assert (set(found.phones), dict(found.trunks), set(found.boxes), set(found.conferences)) == ({"201"}, {}, {"201"}, {"800"})
    assert found.ari != found.ami
    assert found.ari not in repr(found)


def test_a_secret_open_to_others_is_refused(tmp_path: Path) -> None:
    phone_secrets.write(tmp_path, "trunk-ntt", "s3cret")
    (tmp_path / "trunk-ntt.secret").chmod(0o644)
    with pytest.raises(KeyFileError, match=r"is open to others .*; run: chmod 600"):
        phone_secrets.read(tmp_path, "trunk-ntt")


@pytest.mark.parametrize("text", ["", "two words", "a\nb", "秘密", "x" * 121])
def test_a_secret_that_could_break_a_line_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(KeyFileError, match="; write"):
        phone_secrets.write(tmp_path, "trunk-ntt", text)


def test_a_secret_never_leaves_its_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="is no secret"):
        phone_secrets.read(tmp_path, "phone-../../etc/passwd")


def test_a_damaged_secret_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "ari.secret"
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="write the secret into it"):
        phone_secrets.read_or_make(tmp_path, "ari")


def test_a_service_finds_the_telephones_passwords_as_systemd_hands_them_over(tmp_path: Path) -> None:
    path = tmp_path / "phones_phone-201.secret"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    assert phone_secrets.read(tmp_path, "phone-201") == "s3cret"
