"""The tree of RFC 6962 §2.1 over the chain's recordings: one root vouches for all of them, a short proof for one. Pure.

      ●              A leaf's hash begins with 0x00, a node's with 0x01, so that none is taken for the other. A tree of
   ┌──┴──┐           n leaves splits at the largest power of two below n. The left part never changes again: that is what
   ●     4           a consistency proof shows, namely that nothing was taken out, changed, or added but at the end.
 ┌─┴─┐
 ●   ●               inclusion of 2: its sibling 3, the node above 0 and 1, then 4; nearest first
0 1 2 3
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import reduce

EMPTY = hashlib.sha256(b"").digest()
"""The root of no leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf (RFC 6962 §2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above these two."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root above these leaf hashes: level by level, an odd one out goes up as it is."""
    level = list(leaves)
    while len(level) > 1:
        above = [node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
        level = above + level[len(level) & ~1 :]
    return level[0] if level else EMPTY


def roots_at(leaves: Iterable[bytes], sizes: Container[int]) -> Iterator[tuple[int, bytes]]:
    """(size, root) of the tree of the first `size` leaves, for each of these sizes, in one pass over the leaves."""
    peaks: list[tuple[int, bytes]] = []
    for size, leaf in enumerate(leaves, start=1):
        peak = (0, leaf)
        while peaks and peaks[-1][0] == peak[0]:
            peak = (peak[0] + 1, node_hash(peaks.pop()[1], peak[1]))
        peaks.append(peak)
        if size in sizes:
            yield size, reduce(lambda right, left: node_hash(left, right), [found for _, found in reversed(peaks)])


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The audit path of leaf `index` (RFC 6962 §2.1.1), nearest sibling first. Raises IndexError outside the tree."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} is not in a tree of {len(leaves)}")
    path, level, place = [], list(leaves), index
    while len(level) > 1:
        if place ^ 1 < len(level):
            path.append(level[place ^ 1])
        above = [node_hash(level[left], level[left + 1]) for left in range(0, len(level) - 1, 2)]
        level, place = above + level[len(level) & ~1 :], place // 2
    return path


def consistency(first: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The proof (RFC 6962 §2.1.2) that the tree of the first `first` leaves is the beginning of this one. Raises IndexError."""
    if not 0 < first <= len(leaves):
        raise IndexError(f"a tree of {first} cannot be the beginning of one of {len(leaves)}")
    return _sub_proof(first, leaves, whole=True)


def _sub_proof(first: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if first <= split:
        return [*_sub_proof(first, leaves[:split], whole=whole), root(leaves[split:])]
    return [*_sub_proof(first - split, leaves[split:], whole=False), root(leaves[:split])]


def includes(index: int, size: int, leaf: bytes, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether this audit path leads from the leaf's hash to the root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == expected


def continues(first: int, second: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the tree of `second` leaves begins with that of `first` leaves (RFC 9162 §2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and old_root == new_root
    steps = list(proof) if first & (first - 1) else [old_root, *proof]
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if not steps:
        return False
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root
