"""The code on the box's label, with which the first administrator signs in: only its hash is kept, and it ends with the first account.

The code has 60 bits, so that scrypt with a salt of its own keeps it even from whoever reads the disk. A second one makes the first void.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from pathlib import Path

from appliance import shelf
from appliance.errors import UsageError
from appliance.folders import Folders

FILE = "label.json"
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_GROUPS, _LETTERS = 3, 4


def make(folders: Folders, *, again: bool = False) -> str:
    """A fresh code, told this once. Raises UsageError where there is one already and no other was asked for."""
    if _path(folders).exists() and not again:
        raise UsageError("the label was printed already, and its code is kept as a hash alone; --again makes another one")
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS)) for _ in range(_GROUPS))
    salt = secrets.token_bytes(16)
    kept = {"salt": salt.hex(), "hash": _hash(code, salt).hex()}
    shelf.write(_path(folders), json.dumps(kept).encode("ascii"), 0o640)
    return code


def exists(folders: Folders) -> bool:
    """Whether a label's code waits for the first administrator."""
    return _path(folders).exists()


def matches(folders: Folders, given: str) -> bool:
    """Whether this is the code, in large or small letters, with or without hyphens."""
    try:
        kept = json.loads(_path(folders).read_bytes())
        salt, wanted = bytes.fromhex(kept["salt"]), bytes.fromhex(kept["hash"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    letters = "".join(letter for letter in given.upper() if letter in _ALPHABET)[: _GROUPS * _LETTERS]
    code = "-".join(letters[place : place + _LETTERS] for place in range(0, len(letters), _LETTERS))
    return hmac.compare_digest(_hash(code, salt), wanted)


def end(folders: Folders) -> None:
    """The code works no more."""
    shelf.remove(_path(folders))


def _path(folders: Folders) -> Path:
    return folders.data / FILE


def _hash(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode("ascii"), salt=salt, n=1 << 14, r=8, p=1)
