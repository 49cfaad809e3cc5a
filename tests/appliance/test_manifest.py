"""Manifests: what the box vouched for can be checked by anyone offline, and nothing in it can be changed without a trace."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from appliance import manifest
from appliance.keys import SigningKey, signing_key
from appliance.manifest import ManifestError, check_signature

FACTS: dict[str, Any] = {"sequence": 1, "previous": manifest.FIRST, "call": "callaaaaaaaaaaaa", "caller": "東京", "seconds": 1.5}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """The box's key."""
    folder: Path = tmp_path_factory.mktemp("keys")
    return signing_key(folder)


def document(**changes: Any) -> bytes:
    whole = {"facts": {}, "chain": hashlib.sha256(b"{}").hexdigest(), "signature": "", "public_key": ""}
    return json.dumps({**whole, **changes}).encode()


def test_a_signed_manifest_comes_back_and_holds(key: SigningKey) -> None:
    signed = manifest.sign(FACTS, key)
    found = manifest.decode(signed.encode())
    assert found == signed
    assert found.facts == {"version": manifest.VERSION, **FACTS}
    check_signature(found.chain, found.signature, key.public)


def test_the_chain_value_and_the_signature_can_be_checked_without_our_program(key: SigningKey) -> None:
    tree = json.loads(manifest.sign(FACTS, key).encode())
    text = json.dumps(tree["facts"], sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == tree["chain"]
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(tree["public_key"]))
    public.verify(bytes.fromhex(tree["signature"]), b"appliance manifest v1\n" + tree["chain"].encode())


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_any_facts_are_signed_and_come_back(key: SigningKey, facts: dict[str, Any]) -> None:
    signed = manifest.sign(facts, key)
    found = manifest.decode(signed.encode())
    assert found.facts == {"version": manifest.VERSION, **facts}
    check_signature(found.chain, found.signature, found.public_key)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_canonical_bytes_do_not_depend_on_the_order_of_the_fields(facts: dict[str, Any]) -> None:
    backwards = dict(reversed(list(facts.items())))
    assert manifest.canonical(facts) == manifest.canonical(backwards)
    assert manifest.canonical(facts).isascii()


@given(st.dictionaries(TEXT, VALUES, max_size=3), TEXT, VALUES)
def test_one_fact_changed_after_signing_is_noticed(key: SigningKey, facts: dict[str, Any], name: str, value: Any) -> None:
    tree = json.loads(manifest.sign(facts, key).encode())
    before = manifest.canonical(tree["facts"])
    tree["facts"][name] = value
    if manifest.canonical(tree["facts"]) == before:
        return
    with pytest.raises(ManifestError, match="changed after signing"):
        manifest.decode(manifest.canonical(tree))


def test_a_fact_taken_out_after_signing_is_noticed(key: SigningKey) -> None:
    tree = json.loads(manifest.sign(FACTS, key).encode())
    del tree["facts"]["caller"]
    with pytest.raises(ManifestError, match="changed after signing"):
        manifest.decode(manifest.canonical(tree))


def test_facts_signed_anew_by_someone_else_do_not_hold_for_the_box(key: SigningKey, tmp_path: Path) -> None:
    forged = manifest.decode(manifest.sign({**FACTS, "caller": "110"}, signing_key(tmp_path)).encode())
    with pytest.raises(ManifestError, match="signature does not hold"):
        check_signature(forged.chain, forged.signature, key.public)


def test_a_signature_of_another_manifest_does_not_hold(key: SigningKey) -> None:
    one, other = manifest.sign(FACTS, key), manifest.sign({**FACTS, "sequence": 2}, key)
    with pytest.raises(ManifestError):
        check_signature(one.chain, other.signature, key.public)


def test_a_plain_signature_of_the_chain_value_is_no_manifests_signature(key: SigningKey) -> None:
    signed = manifest.sign(FACTS, key)
    with pytest.raises(ManifestError):
        check_signature(signed.chain, key.sign(signed.chain.encode()), key.public)


def test_the_one_before_is_part_of_what_is_signed(key: SigningKey) -> None:
    first = manifest.sign(FACTS, key)
    second = manifest.sign({**FACTS, "sequence": 2, "previous": first.chain}, key)
    moved = manifest.sign({**FACTS, "sequence": 2, "previous": manifest.FIRST}, key)
    assert len({first.chain, second.chain, moved.chain}) == 3


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_lacks_is_never_signed(key: SigningKey, number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        manifest.sign({"mos": number}, key)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b'"facts"',
        b"{}",
        document(facts=None),
        document(facts=[["a", 1], [2, "b"]]),
        document(facts=[[[], 1]]),
        document(facts="text"),
        document(chain=None),
        document(facts={"mos": float("nan")}),
        document(facts={"n": 1})[:-5],
        b"\xff\xfe",
        b'{"facts": ' + b"[" * 200_000,
        b'{"facts": {"a":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_002,
        b'{"facts": {"a": 1' + b"0" * 10_000 + b'}, "chain": "", "signature": "", "public_key": ""}',
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ManifestError):
        manifest.decode(data)


@given(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_manifest_or_that_error(data: bytes) -> None:
    with pytest.raises(ManifestError):
        manifest.decode(data)


@given(st.fixed_dictionaries(dict.fromkeys(("facts", "chain", "signature", "public_key"), VALUES)))
def test_any_tree_of_that_shape_is_a_manifest_or_that_error(tree: dict[str, Any]) -> None:
    try:
        found = manifest.decode(json.dumps(tree).encode())
    except ManifestError:
        return
    assert hashlib.sha256(manifest.canonical(found.facts)).hexdigest() == found.chain


@given(st.text(max_size=80), st.text(max_size=140), st.text(max_size=80))
def test_any_text_as_chain_signature_and_key_does_not_hold(chain: str, signature: str, public: str) -> None:
    with pytest.raises(ManifestError):
        check_signature(chain, signature, public)
