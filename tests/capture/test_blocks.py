"""The spool's blocks: what was written whole is read, whatever happened around it."""

from __future__ import annotations

import io
import os

from hypothesis import given
from hypothesis import strategies as st

from capture import blocks
from capture.frames import Address

KINDS = st.sampled_from([blocks.DESCRIPTION, blocks.PACKETS, blocks.SIP])
SOME = st.lists(st.tuples(KINDS, st.binary(max_size=300)), min_size=1, max_size=12)
ADDRESS = st.builds(
    Address, st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)), st.integers(0, 65535)
)


def written(bodies: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(blocks.encode(kind, body) for kind, body in bodies)


def read(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(block.kind, block.body) for block in blocks.read(io.BytesIO(data))]


@given(SOME)
def test_what_is_written_is_read_in_order(bodies: list[tuple[bytes, bytes]]) -> None:
    assert read(written(bodies)) == bodies


@given(SOME, st.data())
def test_a_file_cut_anywhere_gives_every_block_before_the_cut(bodies: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    whole = written(bodies)
    cut = data.draw(st.integers(0, len(whole)))
    found = read(whole[:cut])
    assert found == bodies[: len(found)]
    kept = sum(len(blocks.encode(*body)) for body in found)
    assert cut - kept < len(blocks.encode(*bodies[len(found)])) if len(found) < len(bodies) else cut == len(whole)


@given(SOME, SOME, st.binary(min_size=1, max_size=100))
def test_damage_between_blocks_is_passed_over_and_counted(
    before: list[tuple[bytes, bytes]], after: list[tuple[bytes, bytes]], rubbish: bytes
) -> None:
    damage = blocks.Damage()
    data = written(before) + rubbish.replace(blocks.MAGIC, b"????") + written(after)
    found = [(block.kind, block.body) for block in blocks.read(io.BytesIO(data), damage)]
    assert found[: len(before)] == before
    assert found[len(found) - len(after) :] == after
    assert damage.bytes == len(data) - sum(len(blocks.encode(*block)) for block in found)


def test_one_flipped_bit_loses_one_block() -> None:
    bodies = [(blocks.PACKETS, os.urandom(200)) for _ in range(5)]
    data = bytearray(written(bodies))
    data[2 * len(blocks.encode(*bodies[0])) + 100] ^= 1
    assert read(bytes(data)) == bodies[:2] + bodies[3:]


def test_blocks_appended_behind_a_torn_one_are_read() -> None:
    torn = blocks.encode(blocks.PACKETS, b"x" * 100)[:50]
    assert read(torn + blocks.encode(blocks.PACKETS, b"after")) == [(blocks.PACKETS, b"after")]


@given(SOME, KINDS, st.binary(max_size=100))
def test_the_last_whole_block_of_a_kind_is_found_from_the_end(
    bodies: list[tuple[bytes, bytes]], kind: bytes, rubbish: bytes
) -> None:
    data = written(bodies) + rubbish
    wanted = [body for found, body in bodies if found == kind]
    block = blocks.last(io.BytesIO(data), kind)
    assert (block.body if block else None) == (wanted[-1] if wanted else None)


def test_the_last_block_is_found_behind_any_amount_of_damage() -> None:
    data = blocks.encode(blocks.PACKETS, b"x" * 300_000) + b"ASp" * 100_000 + blocks.MAGIC * 30_000
    for lead in range(9):
        block = blocks.last(io.BytesIO(bytes(lead) + data), blocks.PACKETS)
        assert block == blocks.Block(blocks.PACKETS, b"x" * 300_000)


@given(st.binary(max_size=2000))
def test_any_bytes_can_be_read(data: bytes) -> None:
    read(data)


@given(st.integers(0, 2**63 - 1), ADDRESS, ADDRESS, st.binary(max_size=500))
def test_a_sip_message_comes_back_as_it_was(at: int, source: Address, destination: Address, raw: bytes) -> None:
    message = blocks.SipBlock(at, source, destination, raw)
    (block,) = blocks.read(io.BytesIO(blocks.sip_message(message)))
    assert blocks.read_sip(block.body) == message


def test_a_description_is_json() -> None:
    (block,) = blocks.read(io.BytesIO(blocks.description({"call": "abc", "ssrc": 5})))
    assert blocks.read_description(block.body) == {"call": "abc", "ssrc": 5}


def test_a_body_beyond_the_bound_is_not_believed() -> None:
    head = blocks.encode(blocks.PACKETS, b"")[:8] + (blocks.MAX_BODY + 1).to_bytes(4, "big") + bytes(4)
    assert read(head + blocks.encode(blocks.PACKETS, b"next")) == [(blocks.PACKETS, b"next")]
