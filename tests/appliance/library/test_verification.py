"""What the box made verifies; whatever was changed, taken away, added or reordered since is named."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from appliance import checkpoints, erasure, keys, manifest
from appliance.keys import Identity, SigningKey
from appliance.ledger import Ledger
from appliance.library.verification import Verdict, verify_all, verify_checkpoints, verify_one
from appliance.moments import SECOND
from appliance.records import RecordingErased, RecordingExpired, RecordingReady
from appliance.sealed import open_sealed, seal
from tests.appliance.furnished import Furnished

ORDER = ("inbound", "anonymous", "internal", "outbound")
"""The samples that have a recording, in the order of the chain."""


def verdicts(at: Furnished, identities: list[Identity] | None = None, public: str | None = "") -> dict[str, Verdict]:
    """The verdict of each sample (a recording that is no sample's bears its id)."""
    own = keys.identities_in(at.box.folders.keys) if identities is None else identities
    key = keys.signing_public(at.box.folders.keys) if public == "" else public
    with at.ledger() as ledger:
        names = {row["recording"]: row["id"] for row in ledger.connection.execute("SELECT id, recording FROM call")}
        samples = {call: name for name, call in at.calls.items()}
        return {
            samples.get(names.get(found.recording, ""), found.recording): found
            for found in verify_all(at.box.folders, ledger, key, own)
        }


def problems(at: Furnished, identities: list[Identity] | None = None, public: str | None = "") -> dict[str, list[str]]:
    """What was found, of those about which something was."""
    return {name: found.problems for name, found in verdicts(at, identities, public).items() if found.problems}


def change_row(at: Furnished, sample: str, /, **values: Any) -> None:
    """Write other facts into the row, as somebody does who has the database."""
    with at.ledger() as ledger:
        body = json.loads(ledger.connection.execute("SELECT body FROM recording WHERE call = ?", (at.calls[sample],)).fetchone()[0])
        ledger.connection.execute(
            "UPDATE recording SET body = ? WHERE call = ?", (json.dumps({**body, **values}), at.calls[sample])
        )
        if "sequence" in values:
            ledger.connection.execute("UPDATE recording SET sequence = ? WHERE call = ?", (values["sequence"], at.calls[sample]))


def delete_row(at: Furnished, sample: str) -> None:
    with at.ledger() as ledger:
        ledger.connection.execute("DELETE FROM recording WHERE call = ?", (at.calls[sample],))


def beside(at: Furnished, sample: str) -> Path:
    """The sealed manifest."""
    return at.box.folders.recordings / at.recording(sample).facts.manifest


def adjust_to_manifest(at: Furnished, sample: str) -> None:
    """Let the row agree with the manifest that lies there now, as whoever changes one would do."""
    change_row(at, sample, manifest_sha256=hashlib.sha256(beside(at, sample).read_bytes()).hexdigest())


def flip(path: Path, place: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1
    path.write_bytes(data)


def own_identity(at: Furnished) -> Identity:
    return keys.playback_identity(at.box.folders.keys, at.now)


# What holds


def test_what_the_box_made_holds_and_was_opened(furnished: Furnished) -> None:
    found = verdicts(furnished)
    assert tuple(found) == ORDER
    assert all(verdict.opened and verdict.local and not verdict.problems for verdict in found.values())


def test_the_chain_and_the_signatures_can_be_checked_by_anybody(furnished: Furnished) -> None:
    """With nothing of ours but the rows and the public key: each chain value is signed and names the one before."""
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex((furnished.box.folders.keys / "box.pub").read_text()))
    before = "0" * 64
    for place, sample in enumerate(ORDER, start=1):
        facts = furnished.recording(sample).facts
        public.verify(bytes.fromhex(facts.signature), b"appliance manifest v1\n" + facts.chain.encode())
        signed = json.loads(open_sealed(beside(furnished, sample).read_bytes(), [own_identity(furnished)]))
        canonical = json.dumps(signed["facts"], sort_keys=True, separators=(",", ":")).encode()
        assert hashlib.sha256(canonical).hexdigest() == facts.chain
        assert (signed["facts"]["sequence"], signed["facts"]["previous"]) == (place, before)
        before = facts.chain


def test_without_a_key_hashes_chain_and_signatures_are_checked(furnished: Furnished) -> None:
    for identities in ([], [Identity.new("stranger")]):
        found = verdicts(furnished, identities)
        assert len(found) == 4
        assert not any(verdict.problems or verdict.opened for verdict in found.values())


def test_without_the_public_key_it_is_said_that_no_signature_was_checked(furnished: Furnished) -> None:
    found = problems(furnished, public=None)
    assert set(found) == set(ORDER)
    assert all(len(said) == 1 and "public key is not at hand" in said[0] for said in found.values())


@pytest.mark.parametrize("record", [RecordingExpired, RecordingErased])
def test_a_local_copy_that_went_by_rule_is_no_problem(own: Furnished, record: type) -> None:
    recording = own.recording("internal")
    key = keys.signing_key(own.box.folders.keys)
    erased = erasure.prove(recording, 2, 2, 2, "w", "y", own.now, key)
    expired = RecordingExpired(at=own.now, recording=recording.facts.recording, rule="r")
    with own.ledger() as ledger:
        ledger.append(expired if record is RecordingExpired else erased)
    own.sealed("internal").unlink()
    beside(own, "internal").unlink()
    found = verdicts(own)
    assert not any(verdict.problems for verdict in found.values())
    assert [name for name, verdict in found.items() if not verdict.local] == ["internal"]


# What does not


@pytest.mark.parametrize("proof", ["", "{}", "é", "other box", "other recording"])
def test_an_erasure_that_the_box_did_not_sign_is_named(own: Furnished, proof: str) -> None:
    recording = own.recording("internal")
    true = erasure.prove(recording, 2, 2, 2, "w", "y", own.now, keys.signing_key(own.box.folders.keys))
    if proof == "other box":
        proof = erasure.prove(recording, 2, 2, 2, "w", "y", own.now, SigningKey(Ed25519PrivateKey.generate())).proof
    elif proof == "other recording":
        proof = erasure.prove(own.recording("inbound"), 2, 2, 2, "w", "y", own.now, keys.signing_key(own.box.folders.keys)).proof
    with own.ledger() as ledger:
        ledger.append(replace(true, proof=proof))
    (said,) = problems(own)["internal"]
    assert said.startswith("its proof of erasure")


def test_a_chain_cut_off_at_its_end_is_noticed_by_its_checkpoint(own: Furnished) -> None:
    with own.ledger() as ledger:
        kept = checkpoints.sign(own.box, ledger, keys.signing_key(own.box.folders.keys), own.now)
        assert verify_checkpoints(own.box, ledger, kept.public_key) == []
    delete_row(own, "outbound")
    assert problems(own) == {}, "the chain alone does not notice"
    with own.ledger() as ledger:
        (said,) = verify_checkpoints(own.box, ledger, kept.public_key)
        assert "counts 4 recordings, 3 are here: the end of the chain was cut off" in said
        ledger.connection.execute("DELETE FROM record WHERE kind = 'CheckpointSigned'")
        assert any("no row" in one for one in verify_checkpoints(own.box, ledger, kept.public_key)), "the file is still there"
        (own.box.folders.checkpoints / kept.file).unlink()
        assert verify_checkpoints(own.box, ledger, kept.public_key) == []
        (said,) = verify_checkpoints(own.box, ledger, kept.public_key, [kept])
        assert "was cut off" in said, "the one that was kept elsewhere tells"


@pytest.mark.parametrize("identities", [None, []], ids=["with key", "without key"])
@pytest.mark.parametrize("place", [0.0, 0.001, 0.4, 0.99999])
def test_a_flipped_bit_in_the_sealed_file_is_named(own: Furnished, place: float, identities: list[Identity] | None) -> None:
    flip(own.sealed("anonymous"), place)
    assert problems(own, identities) == {"anonymous": ["its file was changed (SHA-256 of the sealed file)"]}


@pytest.mark.parametrize("identities", [None, []], ids=["with key", "without key"])
def test_a_file_that_is_gone_is_named(own: Furnished, identities: list[Identity] | None) -> None:
    file = own.recording("outbound").facts.file
    own.sealed("outbound").unlink()
    assert problems(own, identities) == {"outbound": [f"its file is missing: {file}"]}


@pytest.mark.parametrize("identities", [None, []], ids=["with key", "without key"])
def test_a_manifest_that_is_gone_is_named(own: Furnished, identities: list[Identity] | None) -> None:
    beside(own, "outbound").unlink()
    (said,) = problems(own, identities)["outbound"]
    assert "manifest cannot be read" in said


@pytest.mark.parametrize("place", [0.0, 0.03, 0.5, 0.999])
def test_a_flipped_bit_in_the_manifest_is_named(own: Furnished, place: float) -> None:
    flip(beside(own, "outbound"), place)
    (said,) = problems(own)["outbound"]
    assert "manifest" in said


def test_a_manifest_that_is_sealed_to_somebody_else_is_named(own: Furnished) -> None:
    clear = open_sealed(beside(own, "outbound").read_bytes(), [own_identity(own)])
    beside(own, "outbound").write_bytes(seal(clear, [Identity.new("stranger").recipient]))
    (said,) = problems(own)["outbound"]
    assert said == "its manifest was changed (SHA-256 of the sealed manifest)"
    adjust_to_manifest(own, "outbound")
    (said,) = problems(own)["outbound"]
    assert "manifest" in said and "somebody else" in said


def test_the_manifest_of_another_recording_is_named(own: Furnished) -> None:
    beside(own, "outbound").write_bytes(beside(own, "internal").read_bytes())
    adjust_to_manifest(own, "outbound")
    assert problems(own) == {"outbound": ["its manifest is another one than the ledger's"]}


def test_a_forged_manifest_is_named(own: Furnished) -> None:
    """Anybody may seal to our public key; only the box's signing key makes what the ledger names."""
    true = json.loads(open_sealed(beside(own, "outbound").read_bytes(), [own_identity(own)]))
    forged = manifest.sign({**true["facts"], "epoch": 9}, SigningKey(Ed25519PrivateKey.generate()))
    beside(own, "outbound").write_bytes(seal(forged.encode(), [own_identity(own).recipient]))
    adjust_to_manifest(own, "outbound")
    assert problems(own) == {"outbound": ["its manifest is another one than the ledger's"]}
    change_row(own, "outbound", chain=forged.chain, signature=forged.signature, epoch=9)
    assert problems(own) == {"outbound": ["the box's signature does not hold"]}
    for facts in ({}, {"recording": 5}, {"recording": {}, "signed_at": "x"}):
        forged = manifest.sign(facts, SigningKey(Ed25519PrivateKey.generate()))
        beside(own, "outbound").write_bytes(seal(forged.encode(), [own_identity(own).recipient]))
        adjust_to_manifest(own, "outbound")
        change_row(own, "outbound", chain=forged.chain, signature=forged.signature)
        assert any("is not what the box signed (at, bytes, call," in said for said in problems(own)["outbound"])
    for document in (b"", b"{}", b"null", b"[1]", b"\xff"):
        beside(own, "outbound").write_bytes(seal(document, [own_identity(own).recipient]))
        adjust_to_manifest(own, "outbound")
        assert any("is no manifest" in said for said in problems(own)["outbound"])


@pytest.mark.parametrize("identities", [None, []], ids=["with key", "without key"])
@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("signature", "the box's signature does not hold"),
        ("chain", "the box's signature does not hold"),
        ("previous", "the chain is broken: it names another recording as the one before"),
        ("sealed_sha256", "its file was changed (SHA-256 of the sealed file)"),
    ],
)
def test_a_row_with_another_hash_is_named_even_without_a_key(
    own: Furnished, field: str, said: str, identities: list[Identity] | None
) -> None:
    before = str(getattr(own.recording("anonymous").facts, field))
    change_row(own, "anonymous", **{field: before[:-1] + ("0" if before[-1] != "0" else "1")})
    assert said in problems(own, identities)["anonymous"]


def test_the_recording_after_a_changed_chain_value_is_named_too(own: Furnished) -> None:
    change_row(own, "anonymous", chain="0" * 64)
    assert set(problems(own)) == {"anonymous", "internal"}


@pytest.mark.parametrize("garbage", ["", "zz", "00", "00" * 63, "é" * 128, "00" * 64])
def test_a_signature_that_is_none_is_named(own: Furnished, garbage: str) -> None:
    change_row(own, "anonymous", signature=garbage)
    assert "the box's signature does not hold" in problems(own)["anonymous"]


ELSEWHERE = {
    "file": "2026/01/01/x.flac.age",
    "manifest": "2026/01/01/x.json.age",
    "codecs": ["G729"],
    "recipients": [],
    "quality": {},
}


@pytest.mark.parametrize("field", [field.name for field in fields(RecordingReady)])
def test_no_fact_of_a_row_can_be_changed_unnoticed(own: Furnished, field: str) -> None:
    value = getattr(own.recording("anonymous").facts, field)
    other: Any = ELSEWHERE.get(field)
    if other is None:
        other = not value if isinstance(value, bool) else value + 100 if isinstance(value, (int, float)) else f"{value[:-1]}x"
    change_row(own, "anonymous", **{field: other})
    found = problems(own)
    assert found, f"{field} was {value}, is {other}, and nobody noticed"


def test_other_audio_in_place_of_the_recorded_is_named_even_when_the_row_agrees_with_it(own: Furnished) -> None:
    clear = b"other audio, sealed to the console as anybody can" * 1000
    sealed = seal(clear, [own_identity(own).recipient])
    own.sealed("anonymous").write_bytes(sealed)
    hashes = {"sealed_sha256": hashlib.sha256(sealed).hexdigest(), "plain_sha256": hashlib.sha256(clear).hexdigest()}
    change_row(own, "anonymous", **hashes, bytes=len(sealed))
    assert problems(own) == {"anonymous": ["its row is not what the box signed (bytes, plain_sha256, sealed_sha256)"]}


def test_audio_that_is_not_what_even_the_box_has_signed_is_named(own: Furnished) -> None:
    facts = json.loads(open_sealed(beside(own, "outbound").read_bytes(), [own_identity(own)]))["facts"]
    facts["recording"]["plain_sha256"] = "0" * 64
    wrong = manifest.sign(facts, keys.signing_key(own.box.folders.keys))
    beside(own, "outbound").write_bytes(seal(wrong.encode(), [own_identity(own).recipient]))
    adjust_to_manifest(own, "outbound")
    change_row(own, "outbound", chain=wrong.chain, signature=wrong.signature, plain_sha256="0" * 64)
    assert problems(own) == {"outbound": ["its audio is not what was recorded (SHA-256 of the clear bytes)"]}


def test_the_same_audio_sealed_anew_is_named(own: Furnished) -> None:
    identity = own_identity(own)
    own.sealed("anonymous").write_bytes(seal(open_sealed(own.sealed("anonymous").read_bytes(), [identity]), [identity.recipient]))
    assert problems(own) == {"anonymous": ["its file was changed (SHA-256 of the sealed file)"]}


@pytest.mark.parametrize(("gone", "named"), [("inbound", "anonymous"), ("anonymous", "internal"), ("internal", "outbound")])
def test_a_row_that_is_gone_leaves_a_gap(own: Furnished, gone: str, named: str) -> None:
    place = ORDER.index(gone)
    delete_row(own, gone)
    assert problems(own, []) == {named: [f"the chain has a gap: number {place + 2} follows {place}"]}


def test_a_gap_that_was_closed_by_renumbering_is_named(own: Furnished) -> None:
    delete_row(own, "anonymous")
    change_row(own, "internal", sequence=2)
    change_row(own, "outbound", sequence=3)
    assert problems(own, []) == {"internal": ["the chain is broken: it names another recording as the one before"]}
    assert set(problems(own)) == {"internal", "outbound"}, "with a key both rows are seen to be renumbered"


def test_recordings_that_changed_places_are_named(own: Furnished) -> None:
    change_row(own, "anonymous", sequence=99)
    change_row(own, "internal", sequence=2)
    change_row(own, "anonymous", sequence=3)
    assert {"anonymous", "internal", "outbound"} <= set(problems(own, []))


def test_a_row_that_was_added_is_named(own: Furnished) -> None:
    last = own.recording("outbound").facts
    added = replace(last, recording="a" * 16, call="a" * 16, sequence=5, previous=last.chain, at=last.at + SECOND)
    with own.ledger() as ledger:
        ledger.append(added)
    assert problems(own)["a" * 16]
    invented = replace(added, chain="ab" * 32, signature="cd" * 64)
    change_row(own, "outbound")  # the others stay as they are
    with own.ledger() as ledger:
        ledger.connection.execute("DELETE FROM recording WHERE id = ?", ("a" * 16,))
        ledger.append(replace(invented, recording="b" * 16))
    assert "the box's signature does not hold" in problems(own, [])["b" * 16]


def test_another_boxs_public_key_holds_for_nothing(furnished: Furnished) -> None:
    other = SigningKey(Ed25519PrivateKey.generate()).public
    assert all(said == ["the box's signature does not hold"] for said in problems(furnished, public=other).values())
    assert set(problems(furnished, public=other)) == set(ORDER)


def test_one_recording_is_checked_by_itself(own: Furnished) -> None:
    flip(own.sealed("inbound"), 0.5)
    identities, public = keys.identities_in(own.box.folders.keys), keys.signing_public(own.box.folders.keys)
    assert verify_one(own.box.folders, own.recording("inbound"), public, identities).problems
    assert not verify_one(own.box.folders, own.recording("outbound"), public, identities).problems


def test_an_empty_box_has_nothing_to_verify(ledger: Ledger, own: Furnished) -> None:
    assert list(verify_all(own.box.folders, ledger, None, [])) == []
