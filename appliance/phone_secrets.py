"""The telephone system's secrets: files of mode 0600 in the keys folder, or credentials; never in the configuration.

`phones/phone-NUMBER.secret` is a telephone's password, `trunk-NAME.secret` what the provider gave, `box-NUMBER.secret` and
`conference-NUMBER.secret` are PINs, `ari.secret` and `ami.secret` let our own services talk to Asterisk. What we may invent is made
when it is first asked for; a provider's password never is.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from appliance import keys, shelf
from appliance.phone_settings import Phone, Secrets

ARI, AMI = "ari", "ami"
TELEPHONES = "phones"
"""The folder of the telephones' passwords below the keys: one credential of systemd's, which calls its files `phones_NAME`."""
_NAME = re.compile(r"(phone|trunk|box|conference)-[a-z0-9_-]{1,40}|ari|ami")
_TEXT = re.compile(r"[!-~]{1,120}")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_LENGTH, _PIN_LENGTH = 20, 6


def path_of(folder: Path, name: str) -> Path:
    """Where this secret lies."""
    if not _NAME.fullmatch(name):
        raise keys.KeyFileError(
            f"{name}: is no secret of the telephone system; name phone-NUMBER, trunk-NAME, box-NUMBER, ari or ami"
        )
    if name.startswith("phone-"):
        flat = folder / f"{TELEPHONES}_{name}.secret"
        return flat if flat.exists() else folder / TELEPHONES / f"{name}.secret"
    return folder / f"{name}.secret"


def read(folder: Path, name: str) -> str:
    """One secret, which must be there. Raises KeyFileError."""
    path = path_of(folder, name)
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not plain text"
        raise keys.KeyFileError(f"{path}: cannot be read ({reason}); write the secret into it, one line, mode 0600") from error
    if mode & 0o077 and "CREDENTIALS_DIRECTORY" not in os.environ:
        raise keys.KeyFileError(f"{path}: is open to others (mode {mode & 0o777:o}); run: chmod 600 {path}")
    if not _TEXT.fullmatch(text):
        raise keys.KeyFileError(f"{path}: holds no secret of up to 120 plain characters without spaces; write it anew")
    return text


def write(folder: Path, name: str, text: str) -> None:
    """Keep a secret. Raises KeyFileError where it could not stand in Asterisk's files."""
    if not _TEXT.fullmatch(text):
        raise keys.KeyFileError(f"{name}: is no secret of up to 120 plain characters without spaces; write another")
    path = path_of(folder, name)
    shelf.make_folder(path.parent, 0o700)
    shelf.write(path, f"{text}\n".encode("ascii"), mode=0o600)


def read_or_make(folder: Path, name: str) -> str:
    """One secret; it is made where it is not there. PINs are six digits."""
    if not path_of(folder, name).exists():
        letters, length = ("0123456789", _PIN_LENGTH) if name.startswith(("box-", "conference-")) else (_LETTERS, _LENGTH)
        write(folder, name, "".join(secrets.choice(letters) for _ in range(length)))
    return read(folder, name)


def all_of(folder: Path, phone: Phone) -> Secrets:
    """Every secret that these settings need. Raises KeyFileError where a provider's is missing."""
    return Secrets(
        phones={desk.number: read_or_make(folder, f"phone-{desk.number}") for desk in phone.extensions},
        trunks={
            trunk.name: read(folder, f"trunk-{trunk.name}") for trunk in phone.trunks if _signs_in(folder, trunk.name, trunk.kind)
        },
        boxes={box.number: read_or_make(folder, f"box-{box.number}") for box in phone.boxes},
        conferences={room.number: read_or_make(folder, f"conference-{room.number}") for room in phone.conferences if room.pin},
        ari=read_or_make(folder, ARI),
        ami=read_or_make(folder, AMI),
    )


def _signs_in(folder: Path, name: str, kind: str) -> bool:
    """Whether a password is needed, or at least there: an HGW and a line by address may ask for none."""
    return kind == "registration" or path_of(folder, f"trunk-{name}").exists()
