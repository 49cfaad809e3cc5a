"""A TLS certificate of the box's own, for a console that other machines can reach before the site gives it a better one."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from appliance import shelf
from appliance.errors import CouldNotError
from appliance.moments import SECOND

CERTIFICATE = "web.crt"
"""The box's own certificate in the keys folder."""


class Pair(NamedTuple):
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path


def own_certificate(folder: Path, host: str, now: datetime, lifetime: timedelta) -> Pair:
    """The box's self-signed certificate in this folder, made (ECDSA P-256) where it is missing, damaged or about to end."""
    pair = Pair(folder / CERTIFICATE, folder / "web-tls.pem")
    if _serves(pair, now):
        return pair
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    names: list[x509.GeneralName] = [x509.DNSName(host), x509.DNSName(f"{host}.local"), x509.DNSName("localhost")]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shelf.make_folder(folder, 0o700)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    shelf.write(pair.key, pem, mode=0o600)
    shelf.write(pair.certificate, made.public_bytes(serialization.Encoding.PEM), mode=0o644)
    return pair


def ends_at(path: Path) -> int:
    """When the first certificate of this PEM file ends (ns). Raises CouldNotError."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CouldNotError(f"{path}: holds no certificate that can be read ({error}); name a PEM file") from error
    return int(certificate.not_valid_after_utc.timestamp()) * SECOND


def _serves(pair: Pair, now: datetime) -> bool:
    """Whether both halves are there, belong together and last another month."""
    if not (pair.certificate.exists() and pair.key.exists()):
        return False
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    except (ValueError, TypeError):
        return False
    return key.public_key() == certificate.public_key() and certificate.not_valid_after_utc - now > timedelta(days=30)
