"""Bech32 (BIP 173) as age uses it for keys: `age1…` for recipients, `AGE-SECRET-KEY-1…` for identities. Pure."""

from __future__ import annotations

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


class Bech32Error(ValueError):
    """The text is no Bech32 string of the expected prefix."""


def encode(prefix: str, data: bytes) -> str:
    """The data under this lower-case prefix, with its checksum."""
    values = _regroup(data, 8, 5, pad=True)
    check = _polymod([*_expand(prefix), *values, 0, 0, 0, 0, 0, 0]) ^ 1
    values += [(check >> 5 * (5 - place)) & 31 for place in range(6)]
    return prefix + "1" + "".join(_ALPHABET[value] for value in values)


def decode(text: str, prefix: str) -> bytes:
    """The data of a Bech32 text with this lower-case prefix. Raises Bech32Error."""
    if not text.isascii():
        raise Bech32Error("has letters that do not belong there")
    if text not in (text.lower(), text.upper()):
        raise Bech32Error("mixed upper and lower case")
    found, separator, rest = text.lower().rpartition("1")
    if not separator or found != prefix:
        raise Bech32Error(f"does not begin with {prefix}1")
    if len(rest) < 6 or any(letter not in _ALPHABET for letter in rest):
        raise Bech32Error("has letters that do not belong there")
    values = [_ALPHABET.index(letter) for letter in rest]
    if _polymod([*_expand(prefix), *values]) != 1:
        raise Bech32Error("its checksum is wrong; copy it again, whole")
    return bytes(_regroup(values[:-6], 5, 8, pad=False))


def decode_key(text: str, prefix: str) -> bytes:
    """The X25519 key (32 bytes) in a Bech32 text with this prefix. Raises Bech32Error."""
    key = decode(text, prefix)
    if len(key) != 32:
        raise Bech32Error(f"holds {len(key)} bytes, a key has 32 bytes")
    return key


def _expand(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, factor in enumerate(_GENERATOR):
            if top >> bit & 1:
                check ^= factor
    return check


def _regroup(data: bytes | list[int], source: int, target: int, *, pad: bool) -> list[int]:
    bits = count = 0
    out: list[int] = []
    for value in data:
        bits = bits << source | value
        count += source
        while count >= target:
            count -= target
            out.append(bits >> count & (1 << target) - 1)
    rest = bits & (1 << count) - 1
    if pad and count:
        out.append(rest << (target - count))
    elif not pad and (count >= source or rest):
        raise Bech32Error("has bits left over")
    return out
