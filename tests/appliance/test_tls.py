"""A certificate of the box's own: browsers can connect with it, it is kept as long as it lasts, and made anew in time."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from appliance.tls import Pair, own_certificate

NOW = datetime.now(UTC)
YEARS = timedelta(days=825)


def made(folder: Path, now: datetime = NOW, host: str = "box7") -> Pair:
    return own_certificate(folder, host, now, YEARS)


def contents(pair: Pair) -> tuple[bytes, bytes]:
    return pair.certificate.read_bytes(), pair.key.read_bytes()


def belong_together(pair: Pair) -> bool:
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    return load_pem_private_key(pair.key.read_bytes(), None).public_key() == certificate.public_key()


@pytest.mark.parametrize("name", ["box7", "box7.local", "localhost", "127.0.0.1"])
def test_a_browser_that_trusts_it_can_connect_under_every_name(tmp_path: Path, name: str) -> None:
    pair = made(tmp_path)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(pair.certificate, pair.key)
    trusting = ssl.create_default_context(cafile=pair.certificate)

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()
        writer.close()

    async def talk() -> bytes:
        server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=serving)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)
        heard = await reader.read()
        writer.close()
        server.close()
        return heard

    assert asyncio.run(talk()) == b"hello"


def test_it_is_kept_as_long_as_it_lasts(tmp_path: Path) -> None:
    first = contents(made(tmp_path))
    assert contents(made(tmp_path, NOW + YEARS - timedelta(days=31))) == first


def test_it_is_made_anew_a_month_before_its_end(tmp_path: Path) -> None:
    first = contents(made(tmp_path))
    later = NOW + YEARS - timedelta(days=29)
    pair = made(tmp_path, later)
    assert contents(pair)[0] != first[0]
    assert belong_together(pair)
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    assert certificate.not_valid_before_utc < later < certificate.not_valid_after_utc


@pytest.mark.parametrize("name", ["web.crt", "web-tls.pem"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\xff"])
def test_half_a_pair_that_is_missing_or_damaged_is_made_anew(tmp_path: Path, name: str, content: bytes | None) -> None:
    made(tmp_path)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    assert belong_together(made(tmp_path))


def test_a_key_of_another_certificate_is_not_served(tmp_path: Path) -> None:
    pair = made(tmp_path)
    pair.key.write_bytes(made(tmp_path / "other").key.read_bytes())
    assert belong_together(made(tmp_path))


def test_the_key_is_closed_to_others_and_the_certificate_is_not(tmp_path: Path) -> None:
    pair = made(tmp_path / "keys")
    assert (pair.key.stat().st_mode & 0o777, pair.certificate.stat().st_mode & 0o777) == (0o600, 0o644)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_a_very_long_host_name_does_no_harm(tmp_path: Path) -> None:
    host = ".".join(["verylonghostname"] * 6)
    certificate = x509.load_pem_x509_certificate(made(tmp_path, host=host).certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert host in names.get_values_for_type(x509.DNSName)


def test_it_is_no_authority_for_others(tmp_path: Path) -> None:
    certificate = x509.load_pem_x509_certificate(made(tmp_path).certificate.read_bytes())
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
