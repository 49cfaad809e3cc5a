"""A checkpoint vouches for the whole chain: what was cut off, changed or swapped since is named, and none is signed over it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance import checkpoints, keys, manifest, merkle
from appliance.checkpoints import CheckpointError
from appliance.errors import CouldNotError
from appliance.keys import SigningKey
from appliance.ledger import Ledger
from appliance.records import CheckpointSigned
from tests.appliance.furnished import Furnished, furnished, own

__all__ = ["furnished", "own"]
DAY = 24 * 3600 * 10**9


@pytest.fixture
def ledger(own: Furnished) -> Iterator[Ledger]:
    with own.ledger() as opened:
        yield opened


def key_of(at: Furnished) -> SigningKey:
    return keys.signing_key(at.box.folders.keys)


def signed(at: Furnished, ledger: Ledger, later: int = 0) -> CheckpointSigned:
    return checkpoints.sign(at.box, ledger, key_of(at), at.now + later)


def problems(at: Furnished, ledger: Ledger, *more: CheckpointSigned) -> list[str]:
    said: list[str] = []
    found = checkpoints.known(ledger, at.box.folders.checkpoints, said)
    leaves = checkpoints.leaves(ledger)
    return [*said, *checkpoints.check([*found, *more], leaves, key_of(at).public, at.box.config.site.contract)]


def chains(ledger: Ledger) -> list[str]:
    return [row[0] for row in ledger.connection.execute("SELECT json_extract(body, '$.chain') FROM recording ORDER BY sequence")]


def test_it_names_how_many_recordings_there_are_and_the_root_over_them(own: Furnished, ledger: Ledger) -> None:
    one = signed(own, ledger)
    found = chains(ledger)
    assert (one.size, one.head, one.previous) == (4, found[-1], manifest.FIRST)
    assert one.root == merkle.root([merkle.leaf_hash(chain.encode()) for chain in found]).hex()
    assert problems(own, ledger) == []


def test_it_is_a_row_a_file_and_a_job_at_once(own: Furnished, ledger: Ledger) -> None:
    one = signed(own, ledger)
    assert checkpoints.read_file(own.box.folders.checkpoints / one.file) == one == checkpoints.latest(ledger)
    jobs = ledger.connection.execute("SELECT kind, subject, state FROM job WHERE kind = 'checkpoint'").fetchall()
    assert [tuple(job) for job in jobs] == [("checkpoint", one.checkpoint, "ready")]


def test_it_holds_nothing_personal(own: Furnished, ledger: Ledger) -> None:
    text = checkpoints.document(signed(own, ledger)).decode()
    assert set(json.loads(text)["facts"]) == {
        "contract", "serial", "epoch", "size", "root", "head", "previous", "signed_at", "version",
    }  # fmt: skip
    assert own.call("inbound").caller not in text


def test_one_is_due_when_the_chain_has_grown_or_a_day_is_over(own: Furnished, ledger: Ledger) -> None:
    assert checkpoints.due(ledger, own.now)
    signed(own, ledger)
    assert not checkpoints.due(ledger, own.now + DAY - 1) and checkpoints.due(ledger, own.now + DAY)
    ledger.connection.execute("DELETE FROM recording WHERE sequence = 4")
    assert checkpoints.due(ledger, own.now + 1)
    ledger.connection.execute("DELETE FROM recording")
    assert not checkpoints.due(ledger, own.now + DAY)


def test_each_names_the_one_before_it_so_that_none_can_be_taken_away(own: Furnished, ledger: Ledger) -> None:
    first, second = signed(own, ledger), signed(own, ledger, DAY)
    third = signed(own, ledger, 2 * DAY)
    assert (second.previous, third.previous) == (first.chain, second.chain)
    assert problems(own, ledger) == []
    ledger.connection.execute("DELETE FROM record WHERE kind = 'CheckpointSigned' AND subject = ?", (second.checkpoint,))
    (own.box.folders.checkpoints / second.file).unlink()
    (said,) = problems(own, ledger)
    assert third.file in said and "a checkpoint was taken away" in said


def test_none_is_signed_over_a_chain_that_was_cut_off(own: Furnished, ledger: Ledger) -> None:
    signed(own, ledger)
    ledger.connection.execute("DELETE FROM recording WHERE sequence = 4")
    with pytest.raises(CheckpointError, match="the end of the chain was cut off: 4 recordings were vouched for, 3 are here"):
        signed(own, ledger, DAY)


def test_none_is_signed_over_a_beginning_that_was_changed(own: Furnished, ledger: Ledger) -> None:
    signed(own, ledger)
    ledger.connection.execute("UPDATE recording SET body = json_set(body, '$.chain', 'ff') WHERE sequence = 2")
    with pytest.raises(CheckpointError, match="the first 4 recordings are not those"):
        signed(own, ledger, DAY)
    (said,) = problems(own, ledger)
    assert "vouches for other recordings than the first 4" in said


def test_none_is_signed_over_a_gap_or_over_nothing(own: Furnished, ledger: Ledger) -> None:
    ledger.connection.execute("DELETE FROM recording WHERE sequence = 2")
    with pytest.raises(CheckpointError, match="the chain has a gap: number 3 follows 1"):
        signed(own, ledger)
    ledger.connection.execute("DELETE FROM recording")
    with pytest.raises(CheckpointError, match="no recording yet"):
        signed(own, ledger)


@pytest.mark.parametrize("field", ["contract", "serial", "epoch", "size", "root", "head", "previous", "at", "chain", "signature"])
def test_no_fact_of_a_checkpoint_can_be_changed_unnoticed(own: Furnished, ledger: Ledger, field: str) -> None:
    one = signed(own, ledger)
    value = getattr(one, field)
    other: Any = value + 1 if isinstance(value, int) else ("0" if value[0] != "0" else "1") + value[1:]
    changed = replace(one, **{field: other})
    assert problems(own, ledger, changed)
    with pytest.raises(manifest.ManifestError):
        checkpoints.read(checkpoints.document(changed))


def test_one_of_another_contract_is_said_to_be_that(own: Furnished, ledger: Ledger, tmp_path: Path) -> None:
    other = own.copy(tmp_path / "other")
    shutil.rmtree(other.box.folders.keys)
    site = other.box.config.site.model_copy(update={"contract": "C-77"})
    box = replace(other.box, config=other.box.config.model_copy(update={"site": site}))
    with other.ledger() as theirs:
        foreign = checkpoints.sign(box, theirs, keys.signing_key(box.folders.keys), own.now)
    (said,) = problems(own, ledger, foreign)
    assert "signature does not hold (it is of the contract C-77, this box serves" in said


def test_a_row_without_its_file_and_a_file_without_its_row_are_named(own: Furnished, ledger: Ledger) -> None:
    one = signed(own, ledger)
    path = own.box.folders.checkpoints / one.file
    text = path.read_bytes()
    path.write_bytes(text[:-9])
    assert [line for line in problems(own, ledger) if "is no manifest" in line]
    assert [line for line in problems(own, ledger) if "has a row and no sound file" in line]
    path.write_bytes(text)
    ledger.connection.execute("DELETE FROM record WHERE kind = 'CheckpointSigned'")
    assert [line for line in problems(own, ledger) if "has a file and no row" in line]


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff", b"[1]", b'{"facts":{},"chain":"","signature":"","public_key":""}'])
def test_what_is_no_checkpoint_is_one_sentence(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "checkpoint.json"
    path.write_bytes(text)
    with pytest.raises(CouldNotError, match="name the file of a checkpoint"):
        checkpoints.read_file(path)
    with pytest.raises(CouldNotError, match="cannot be read"):
        checkpoints.read_file(tmp_path / "gone")


def test_a_manifest_is_no_checkpoint_however_well_it_is_signed(own: Furnished) -> None:
    facts = {"contract": "c", "serial": "s", "epoch": 1, "size": 1, "root": "r", "head": "h", "previous": "p", "signed_at": 1}
    right = manifest.sign(facts, key_of(own), manifest.CHECKPOINT).encode()
    assert checkpoints.read(right).size == 1
    with pytest.raises(manifest.ManifestError, match="signature does not hold"):
        checkpoints.read(manifest.sign(facts, key_of(own)).encode())
    with pytest.raises(manifest.ManifestError, match="other fields"):
        checkpoints.read(manifest.sign({**facts, "more": 1}, key_of(own), manifest.CHECKPOINT).encode())
