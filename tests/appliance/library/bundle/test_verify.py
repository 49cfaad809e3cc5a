"""The stranger's program: its cryptography is that of the RFCs, an untouched bundle passes with bare Python, and any changed byte fails."""

from __future__ import annotations

import ast
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from appliance import keys, merkle
from appliance.cli import main
from appliance.keys import Identity
from appliance.library.bundle import verify
from appliance.sealed import open_sealed
from tests.appliance.furnished import Furnished

PLACES = int(os.environ.get("APPLIANCE_TEST_MUTATIONS", "60"))
"""How many places of a bundle are changed, one at a time; the full figure of the design is 500."""
SAMPLES = ("inbound", "internal")
PYTHON = "/usr/bin/python3"
RFC_8032 = [  # §7.1: public key, message, signature
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
]  # fmt: skip
TESTED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="module")
def bundle(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of two recordings, clear copies inside."""
    folder = tmp_path_factory.mktemp("evidence")
    own = furnished.copy(folder / "var")
    return made(own, folder / "bundle")


def made(at: Furnished, folder: Path, *words: str) -> Path:
    ids = [at.recording(sample).facts.recording for sample in SAMPLES]
    assert main(["evidence", *ids, "-o", str(folder), "--why", "case 7", "--data", str(at.box.folders.data), *words]) == 0
    return folder


def ran(folder: Path, *words: str) -> tuple[int, str]:
    """`python3 -I verify.py` in an empty environment, as a stranger does."""
    done = subprocess.run(
        [PYTHON, "-I", "verify.py", *words], cwd=folder, env={}, capture_output=True, text=True, encoding="utf-8", check=False
    )
    return done.returncode, done.stdout + done.stderr


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_signatures_of_rfc_8032_hold_and_no_others(public: str, message: str, signature: str) -> None:
    key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert verify.signature_holds(key, text, signed)
    assert not verify.signature_holds(key, text + b"x", signed)
    assert not verify.signature_holds(key, text, signed[:32] + bytes([signed[32] ^ 1]) + signed[33:])
    above = int.from_bytes(signed[32:], "little") + verify.ORDER  # the same signature written otherwise (§5.1.7)
    assert not verify.signature_holds(key, text, signed[:32] + above.to_bytes(32, "little"))


@given(st.binary(max_size=50), st.integers(0, 95), st.integers(1, 255))
def test_it_judges_signatures_as_the_usual_library_does(message: bytes, place: int, change: int) -> None:
    whole = bytearray(TESTED.public_key().public_bytes_raw() + TESTED.sign(message))
    assert verify.signature_holds(bytes(whole[:32]), message, bytes(whole[32:]))
    whole[place] ^= change
    public, signature = bytes(whole[:32]), bytes(whole[32:])
    assert verify.signature_holds(public, message, signature) == keys.signature_holds(public.hex(), message, signature.hex())


@given(st.integers(1, 50), st.data())
def test_it_walks_a_path_as_the_product_does(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(size)]
    path = merkle.inclusion(index, leaves)
    assert verify.root_from(index, size, leaves[index], path) == merkle.root(leaves)
    for wrong in ([*path, leaves[0]], path[:-1] if path else [leaves[0]]):
        with pytest.raises(verify.BrokenError, match="path is too"):
            verify.root_from(index, size, leaves[index], wrong)


def test_it_is_short_and_imports_the_standard_library_alone() -> None:
    text = Path(verify.__file__).read_text("utf-8")
    assert len(text.splitlines()) <= 400
    ast.parse(text, feature_version=(3, 8))
    assert "import appliance" not in text and "from appliance" not in text


def test_an_untouched_bundle_passes_with_bare_python(bundle: Path) -> None:
    code, said = ran(bundle)
    assert code == 0, said
    assert said.count("down to the sound") == 2 and "This bundle holds" in said and "この証拠一式は改変されていません" in said


def test_checking_leaves_nothing_behind(bundle: Path) -> None:
    before = files(bundle)
    ran(bundle)
    assert files(bundle) == before


def test_every_changed_byte_fails_and_its_file_is_named(bundle: Path, tmp_path: Path) -> None:
    """One byte at a time: some in every file, the others anywhere. A changed verify.py is judged by itself, the others by a sound one."""
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    spread = random.Random(8032)
    everything = files(copy)
    sizes = [path.stat().st_size for path in everything]
    chosen = everything + spread.choices(everything, sizes, k=max(0, PLACES - len(everything)))
    for path in chosen:
        whole = path.read_bytes()
        place, change = spread.randrange(len(whole)), spread.randrange(1, 256)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
        name = path.relative_to(copy).as_posix()
        if name == "verify.py":
            code, said = ran(copy)
            assert code != 0 and "verify.py" in said, (place, change, said)
        else:
            problems = verify.check(copy).problems
            assert any(name in problem for problem in problems), (name, place, change, problems)
        path.write_bytes(whole)
    assert verify.check(copy).problems == []


@pytest.mark.parametrize("change", ["removed", "cut", "empty", "added"])
def test_a_file_that_is_gone_cut_or_too_many_is_named(bundle: Path, tmp_path: Path, change: str) -> None:
    shutil.copytree(bundle, tmp_path / "copy")
    for path in files(tmp_path / "copy"):
        whole, name = path.read_bytes(), path.relative_to(tmp_path / "copy").as_posix()
        target = path.with_name("added") if change == "added" else path
        if change == "removed":
            path.unlink()
        else:
            target.write_bytes({"cut": whole[:-1], "empty": b"", "added": b"x"}[change])
        problems = verify.check(tmp_path / "copy").problems
        wanted = target.relative_to(tmp_path / "copy").as_posix() if change == "added" else name
        assert any(wanted in problem for problem in problems), (name, problems)
        if change == "added":
            target.unlink()
        path.write_bytes(whole)


def test_a_bag_that_was_rewritten_whole_fails_all_the_same(bundle: Path, tmp_path: Path) -> None:
    """A BagIt manifest alone proves nothing: whoever changes a file writes its hash anew. Our signature is what cannot be rewritten."""
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    victim = next(copy.glob("data/*/access-log.json"))
    victim.write_bytes(b"[]")
    for listing in (verify.PAYLOAD, verify.TAGS):
        lines = [line.split("  ") for line in (copy / listing).read_text().splitlines()]
        (copy / listing).write_text("".join(f"{verify.sha256(copy / name)}  {name}\n" for _, name in lines))
    assert [problem.partition(":")[0] for problem in verify.check(copy).problems] == [verify.TAGS]


def test_another_recorders_key_is_noticed_when_one_was_told(bundle: Path) -> None:
    key = verify.check(bundle).key
    assert ran(bundle, "--key", key.upper())[0] == 0
    code, said = ran(bundle, "--key", "00" * 32)
    assert code == 1 and "another recorder" in said and key in said


def test_what_is_no_bundle_is_one_sentence(tmp_path: Path) -> None:
    (problem,) = verify.check(tmp_path).problems
    assert "is this an evidence bundle?" in problem
    (problem,) = verify.check(tmp_path / "gone").problems
    assert problem.startswith("signature.json: ")


def test_a_requesters_bundle_passes_sealed_and_opened_and_holds_nothing_clear(own: Furnished, tmp_path: Path) -> None:
    requester = Identity.new("requester")
    folder = made(own, tmp_path / "sealed", "--to", str(requester.recipient))
    code, said = ran(folder)
    assert code == 0 and said.count("sealed, open it for more") == 2, said
    number = own.call("inbound").caller.encode()
    assert not [path for path in files(folder) if number in path.read_bytes()]
    opened = tmp_path / "opened"
    for path in folder.glob("data/*/*.age"):
        if path.name.startswith(("manifest.", "audio.")):
            target = opened / path.relative_to(folder).with_suffix("")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(open_sealed(path.read_bytes(), [requester]))
    code, said = ran(folder, "--opened", str(opened))
    assert code == 0 and said.count("down to the sound") == 2, said
    audio = next(opened.glob("data/*/audio.flac"))
    audio.write_bytes(audio.read_bytes()[:-1] + b"x")
    code, said = ran(folder, "--opened", str(opened))
    assert code == 1 and "audio.flac" in said
