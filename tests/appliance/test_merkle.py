"""The tree is that of RFC 6962: the known vectors, a slow oracle written from the RFC's own words, and nothing false is taken."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import merkle

# The leaves and roots of the reference implementation of Certificate Transparency (google/certificate-transparency, merkletree tests).
INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
PROOFS: dict[tuple[int, int], list[str]] = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
LEAVES = [merkle.leaf_hash(data) for data in INPUTS]
SIZES = st.integers(1, 70)


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def split(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def slow_root(data: list[bytes]) -> bytes:
    """MTH as RFC 6962 §2.1 writes it."""
    if len(data) == 1:
        return data[0]
    k = split(len(data))
    return hashlib.sha256(b"\x01" + slow_root(data[:k]) + slow_root(data[k:])).digest()


def slow_path(m: int, data: list[bytes]) -> list[bytes]:
    """PATH as RFC 6962 §2.1.1 writes it."""
    if len(data) == 1:
        return []
    k = split(len(data))
    if m < k:
        return [*slow_path(m, data[:k]), slow_root(data[k:])]
    return [*slow_path(m - k, data[k:]), slow_root(data[:k])]


def slow_walk(m: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root that a path leads to, from the definition of PATH."""
    if size == 1:
        return leaf
    k = split(size)
    if m < k:
        return merkle.node_hash(slow_walk(m, k, leaf, path[:-1]), path[-1])
    return merkle.node_hash(path[-1], slow_walk(m - k, size - k, leaf, path[:-1]))


@pytest.mark.parametrize(("size", "root"), list(enumerate(ROOTS, start=1)))
def test_the_roots_are_those_of_the_literature(size: int, root: str) -> None:
    assert merkle.root(LEAVES[:size]).hex() == root


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("place", PATHS)
def test_the_audit_paths_are_those_of_the_literature(place: tuple[int, int]) -> None:
    index, size = place
    assert [step.hex() for step in merkle.inclusion(index, LEAVES[:size])] == PATHS[place]
    assert merkle.includes(
        index, size, LEAVES[index], [bytes.fromhex(step) for step in PATHS[place]], bytes.fromhex(ROOTS[size - 1])
    )


@pytest.mark.parametrize("sizes", PROOFS)
def test_the_consistency_proofs_are_those_of_the_literature(sizes: tuple[int, int]) -> None:
    first, second = sizes
    assert [step.hex() for step in merkle.consistency(first, LEAVES[:second])] == PROOFS[sizes]


@given(SIZES)
def test_the_root_is_that_of_the_rfc(size: int) -> None:
    assert merkle.root(leaves(size)) == slow_root(leaves(size))


@given(SIZES, st.sets(SIZES))
def test_many_roots_are_found_in_one_pass(size: int, wanted: set[int]) -> None:
    found = dict(merkle.roots_at(leaves(size), wanted))
    assert found == {one: slow_root(leaves(one)) for one in wanted if one <= size}


@given(SIZES, st.data())
def test_a_path_is_that_of_the_rfc_and_leads_to_the_root(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    all_leaves = leaves(size)
    path = merkle.inclusion(index, all_leaves)
    assert path == slow_path(index, all_leaves)
    assert slow_walk(index, size, all_leaves[index], path) == merkle.root(all_leaves)
    assert merkle.includes(index, size, all_leaves[index], path, merkle.root(all_leaves))


def test_every_inclusion_and_every_consistency_up_to_forty_holds() -> None:
    for size in range(1, 41):
        all_leaves, root = leaves(size), merkle.root(leaves(size))
        for index in range(size):
            assert merkle.includes(index, size, all_leaves[index], merkle.inclusion(index, all_leaves), root)
            old = merkle.root(all_leaves[: index + 1])
            assert merkle.continues(index + 1, size, merkle.consistency(index + 1, all_leaves), old, root)


@given(SIZES, st.data())
def test_a_path_proves_no_other_leaf_place_size_or_root(size: int, data: st.DataObject) -> None:
    index, all_leaves = data.draw(st.integers(0, size - 1)), leaves(size)
    path, root = merkle.inclusion(index, all_leaves), merkle.root(all_leaves)
    other = merkle.leaf_hash(b"another")
    assert not merkle.includes(index, size, other, path, root)
    assert not merkle.includes(index, size, all_leaves[index], path, other)
    assert not merkle.includes(index, size, all_leaves[index], [*path, other], root)
    assert not merkle.includes(-1, size, all_leaves[index], path, root) and not merkle.includes(size, size, other, path, root)
    elsewhere = data.draw(st.integers(0, size - 1).filter(lambda place: place != index)) if size > 1 else None
    if elsewhere is not None:
        assert not merkle.includes(elsewhere, size, all_leaves[index], path, root)
    for place in range(len(path)):
        assert not merkle.includes(index, size, all_leaves[index], [*path[:place], other, *path[place + 1 :]], root)
        assert not merkle.includes(index, size, all_leaves[index], path[:place] + path[place + 1 :], root)


@given(SIZES, st.data())
def test_a_rewritten_beginning_is_not_a_continuation(size: int, data: st.DataObject) -> None:
    first, all_leaves = data.draw(st.integers(1, size)), leaves(size)
    proof, old, new = merkle.consistency(first, all_leaves), merkle.root(all_leaves[:first]), merkle.root(all_leaves)
    assert merkle.continues(first, size, proof, old, new)
    changed = data.draw(st.integers(0, first - 1))
    rewritten = [*all_leaves[:changed], merkle.leaf_hash(b"another"), *all_leaves[changed + 1 :]]
    assert not merkle.continues(first, size, merkle.consistency(first, rewritten), old, merkle.root(rewritten))
    assert not merkle.continues(first, size, [*proof, old], old, new)
    assert not merkle.continues(0, size, proof, old, new) and not merkle.continues(size + 1, size, proof, old, new)
    if proof:
        assert not merkle.continues(first, size, [], old, new)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_path_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(IndexError, match="not in a tree"):
        merkle.inclusion(index, leaves(size))


@pytest.mark.parametrize(("first", "size"), [(0, 3), (4, 3)])
def test_there_is_no_consistency_with_what_is_no_beginning(first: int, size: int) -> None:
    with pytest.raises(IndexError, match="cannot be the beginning"):
        merkle.consistency(first, leaves(size))
