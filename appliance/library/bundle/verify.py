#!/usr/bin/env python3
"""Checks an evidence bundle. Needs Python 3.8 or newer and nothing else: no network, no key, no other program.

証拠一式を検証します。Python 3.8 以上だけで動きます。ネットワークも鍵も他のプログラムも要りません。

    python3 -I verify.py [--key HEX] [--opened FOLDER]

What is checked, from the outside in: signature.json is signed by the recorder (Ed25519, RFC 8032) and names the hash of
tagmanifest-sha256.txt; that names the hashes of all files here, and manifest-sha256.txt those of all files below data/ (BagIt,
RFC 8493). Each recording's manifest is signed too, names the hashes of the sealed original and of the sound in it, and is a leaf of
the tree (RFC 6962) whose root the signed checkpoint vouches for. Exit code 0: all holds; 1: each thing that does not is named.

Compare the recorder's key that is printed with the one you were told by another way, or give that with --key. Files that end in .age
beside data/ID/proof.json are sealed to the requester; opened copies (same paths, without .age) are compared with --opened.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

SIGNATURE, TAGS, PAYLOAD = "signature.json", "tagmanifest-sha256.txt", "manifest-sha256.txt"
BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
CHANGED = "改変されています / was changed"
LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._/-]+)\Z")

# Ed25519 (RFC 8032 §5.1): the curve -x² + y² = 1 + dx²y² over the integers modulo P; points as (X, Y, Z, T).
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


class BrokenError(Exception):
    """Something does not hold; the text says what."""


class Found:
    """What was found in a bundle."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.said: list[str] = []
        self.key = ""
        self.contract = ""


def add(one: Any, other: Any) -> Any:
    """The sum of two points (RFC 8032 §5.1.4)."""
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(factor: int, point: Any) -> Any:
    """The point, so many times."""
    total: Any = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            total = add(total, point)
        point = add(point, point)
        factor >>= 1
    return total


def point_of(raw: bytes) -> Any:
    """The point in these 32 bytes (RFC 8032 §5.1.3). Raises BrokenError."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (x * x - square) % P or (not x and sign):
        raise BrokenError("is no point of the curve")
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signature_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of this key signed the message (RFC 8032 §5.1.7)."""
    try:
        if len(public) != 32 or len(signature) != 64:
            return False
        key, start = point_of(public), point_of(signature[:32])
    except BrokenError:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left, right = times(scalar, BASE), add(start, times(int.from_bytes(digest, "little") % ORDER, key))
    equal = (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0
    return scalar < ORDER and equal


def root_from(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root that an audit path leads to (RFC 9162 §2.1.3.2). Raises BrokenError."""
    place, last, found = index, size - 1, leaf
    if not 0 <= place <= last:
        raise BrokenError("its number is not in the tree")
    for sibling in path:
        if last == 0:
            raise BrokenError("its path is too long")
        if place & 1 or place == last:
            found = hashlib.sha256(b"\x01" + sibling + found).digest()
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + sibling).digest()
        place, last = place >> 1, last >> 1
    if last:
        raise BrokenError("its path is too short")
    return found


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value that is hashed and signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def signed(path: Path, name: str, kind: str) -> dict[str, Any]:
    """A signed document whose hash and signature hold. Raises BrokenError."""
    try:
        text = path.read_bytes()
        tree = json.loads(text.decode("ascii"))
        facts, chain, public = tree["facts"], tree["chain"], tree["public_key"]
        message = f"appliance {kind} v1\n{chain}".encode("ascii")
        if canonical(tree) != text or set(tree) != {"facts", "chain", "signature", "public_key"}:
            raise BrokenError(f"{name}: {CHANGED}")
        if hashlib.sha256(canonical(facts)).hexdigest() != chain:
            raise BrokenError(f"{name}: {CHANGED} (facts)")
        if not signature_holds(bytes.fromhex(public), message, bytes.fromhex(tree["signature"])):
            raise BrokenError(f"{name}: 署名が正しくありません / its signature does not hold")
    except OSError as error:
        raise BrokenError(f"{name}: 読めません / cannot be read ({error.strerror}); is this an evidence bundle?") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BrokenError(f"{name}: {CHANGED} ({error})") from error
    return dict(tree)


def sha256(path: Path) -> str:
    """The SHA-256 of a file. Raises BrokenError."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                digest.update(piece)
    except OSError as error:
        raise BrokenError(f"読めません / cannot be read ({error.strerror})") from error
    return digest.hexdigest()


def listed(root: Path, name: str, problems: list[str]) -> dict[str, str]:
    """The files and hashes that a manifest of the bag lists, each compared."""
    hashes: dict[str, str] = {}
    for line in (root / name).read_bytes().decode("ascii", "replace").splitlines():
        found = LINE.match(line)
        if found is None or ".." in found[2].split("/") or found[2] in hashes:
            problems.append(f"{name}: {CHANGED} ({line[:80]!r})")
        else:
            hashes[found[2]] = found[1]
    for file, expected in sorted(hashes.items()):
        path = root / file
        if path.is_symlink() or not path.is_file():
            problems.append(f"{file}: ありません / is missing")
            continue
        try:
            if sha256(path) != expected:
                problems.append(f"{file}: {CHANGED}")
        except BrokenError as error:
            problems.append(f"{file}: {error}")
    return hashes


def present(root: Path) -> list[str]:
    """Every file here, by its path below `root`."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir() or path.is_symlink())


class Recording:
    """What the bundle holds about one recording, compared piece with piece."""

    def __init__(self, root: Path, name: str, opened: Path | None) -> None:
        self.root, self.name, self.opened = root, name, opened
        self.at = f"data/{name}"
        self.checked = 0

    def clear(self, file: str) -> Path | None:
        """The clear form of a file: in the bundle, or opened by the requester; None where it is sealed and was not opened."""
        inside, outside = self.root / self.at / file, (self.opened or self.root) / self.at / file
        if inside.is_file():
            return inside
        if self.opened is not None and outside.is_file():
            return outside
        return None

    def check(self, checkpoint: dict[str, Any]) -> None:
        """Raises BrokenError with the name of what does not hold."""
        proof = self.read("proof.json")
        facts = checkpoint["facts"]
        path = [bytes.fromhex(step) for step in proof["path"]]
        leaf = hashlib.sha256(b"\x00" + proof["chain"].encode("ascii")).digest()
        try:
            found = root_from(proof["sequence"] - 1, facts["size"], leaf, path).hex()
        except BrokenError as error:
            raise BrokenError(f"{self.at}/proof.json: {error}") from error
        if found != facts["root"] or proof["recording"] != self.name:
            raise BrokenError(f"{self.at}/proof.json: 検証点に含まれていません / is not in the checkpoint")
        originals = {name: sha256(self.root / self.at / f"{self.name}.{name}.age") for name in (proof["format"], "json")}
        if originals != {proof["format"]: proof["sealed_sha256"], "json": proof["manifest_sha256"]}:
            raise BrokenError(f"{self.at}: 原本が証明と違います / the originals are not those of the proof")
        document = self.clear("manifest.json")
        if document is not None:
            name = f"{self.at}/manifest.json"
            self.check_manifest(signed(document, name, "manifest"), proof, checkpoint["public_key"])

    def check_manifest(self, manifest: dict[str, Any], proof: dict[str, Any], key: str) -> None:
        """Raises BrokenError unless the recorder signed these facts and they describe the files here."""
        facts = manifest["facts"]
        told = facts["recording"]
        if (manifest["chain"], manifest["public_key"], facts["sequence"]) != (proof["chain"], key, proof["sequence"]):
            raise BrokenError(f"{self.at}/manifest.json: 証明と違います / is not the one that was proven")
        if (told["recording"], told["sealed_sha256"]) != (self.name, proof["sealed_sha256"]):
            raise BrokenError(f"{self.at}/manifest.json: 別の録音のものです / describes another original")
        self.checked += 1
        audio = self.clear(f"audio.{told['format']}")
        if audio is not None:
            if sha256(audio) != told["plain_sha256"]:
                raise BrokenError(f"{self.at}/audio.{told['format']}: 録音された音声と違います / is not what was recorded")
            self.checked += 1

    def read(self, file: str) -> dict[str, Any]:
        """A JSON file of this recording."""
        return dict(json.loads((self.root / self.at / file).read_bytes()))


def check(root: Path, key: str = "", opened: Path | None = None) -> Found:
    """Check the bundle in this folder."""
    found = Found()
    try:
        bundle = signed(root / SIGNATURE, SIGNATURE, "bundle")
    except BrokenError as error:
        found.problems.append(str(error))
        return found
    found.key, facts = bundle["public_key"], bundle["facts"]
    found.contract = str(facts.get("contract", ""))
    if key and key.lower() != found.key:
        found.problems.append(f"{SIGNATURE}: 別の録音機の署名です / was signed by another recorder, {found.key}")
    try:
        if sha256(root / TAGS) != facts.get("tagmanifest_sha256"):
            found.problems.append(f"{TAGS}: {CHANGED}")
    except BrokenError as error:
        found.problems.append(f"{TAGS}: {error}")
    if not found.problems:
        check_files(root, found.problems)
    if not found.problems:
        check_recordings(root, bundle, opened, found)
    return found


def check_files(root: Path, problems: list[str]) -> None:
    """Every file against its hash, and no file too many."""
    tags = listed(root, TAGS, problems)
    if any(line.startswith(PAYLOAD) for line in problems):
        return
    payload = listed(root, PAYLOAD, problems) if PAYLOAD in tags else {}
    known = {SIGNATURE, TAGS, *tags, *payload}
    problems += [f"{name}: 一覧にありません / is in no list" for name in present(root) if name not in known]
    if not problems and (root / "bagit.txt").read_bytes() != BAGIT:
        problems.append("bagit.txt: is no declaration of a bag")


def check_recordings(root: Path, bundle: dict[str, Any], opened: Path | None, found: Found) -> None:
    """Checkpoint and recordings against one another."""
    name = "data/checkpoint.json"
    try:
        checkpoint = signed(root / name, name, "checkpoint")
        if checkpoint["public_key"] != bundle["public_key"]:
            raise BrokenError(f"{name}: 別の録音機のものです / is another recorder's")
        recordings = bundle["facts"]["recordings"]
        present_now = sorted({path.parent.name for path in root.glob("data/*/proof.json")})
        if present_now != sorted(recordings):
            raise BrokenError("data: 録音の数が合いません / the recordings are not those that were signed for")
        for recording in recordings:
            name = f"data/{recording}"
            one = Recording(root, recording, opened)
            one.check(checkpoint)
            deep = ("封緘のまま / sealed, open it for more", "明細まで / down to its manifest", "音声まで / down to the sound")
            found.said.append(f"{recording}: 正しい / holds – {deep[one.checked]}")
        size, moment = checkpoint["facts"]["size"], checkpoint["facts"]["signed_at"] // 10**9
        found.said.append(f"検証点 / checkpoint: {size} recordings, {moment} s since 1970-01-01T00:00:00Z")
    except BrokenError as error:
        found.problems.append(str(error))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        found.problems.append(f"{name}: {CHANGED} ({error!r})")


def main() -> int:
    """Check the bundle that this program lies in, or the one that is named."""
    parser = argparse.ArgumentParser(description="証拠一式の検証 / checks an evidence bundle")
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(__file__).resolve().parent, metavar="DIR")
    parser.add_argument("--key", default="", metavar="HEX", help="録音機の公開鍵 / the recorder's public key, as you were told it")
    parser.add_argument("--opened", type=Path, metavar="FOLDER", help="開封したもの / what was sealed to you, opened")
    arguments = parser.parse_args()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    found = check(arguments.bundle, arguments.key, arguments.opened)
    for line in found.problems or found.said:
        print(line)
    if found.problems:
        print(f"この証拠一式は成立しません。/ This bundle does not hold: {len(found.problems)}")
        return 1
    print(f"録音機の鍵 / the recorder's key: {found.key}")
    print("この証拠一式は改変されていません。/ This bundle holds: nothing was changed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
