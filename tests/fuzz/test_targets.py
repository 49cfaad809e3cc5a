"""A short run of every target (`make fuzz` is the long one): no parser raises anything but its own error, and tables stay bounded."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fuzz.loop import FindError, fuzz, kept
from tests.fuzz.mutation import Mutator
from tests.fuzz.targets import TARGETS, Run, Target

INPUTS = 30_000


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_hostile_bytes_give_an_outcome_and_no_growth(target: Target) -> None:
    figures = fuzz(target, INPUTS)
    assert figures.inputs == INPUTS
    assert len(figures.outcomes) > 1
    assert figures.grown_mb <= target.grows_mb


def test_the_same_seed_gives_the_same_inputs() -> None:
    def some(seed: int) -> list[bytes]:
        mutator = Mutator([b"INVITE sip:1 SIP/2.0\r\n", b"v=0"], [b"\r\n"], seed)
        return [mutator.next() for _ in range(500)]

    assert some(1) == some(1)
    assert some(1) != some(2)


def test_a_find_is_made_small_and_written_down(tmp_path: Path) -> None:
    def make() -> Run:
        def run(data: bytes) -> str:
            if b"\xff" in data:
                raise ValueError("ff")
            return "fine"

        return run

    with pytest.raises(FindError) as found:
        fuzz(Target(name="told", make=make, seeds=lambda: [bytes(64)]), 100_000)
    assert found.value.inputs == [b"\xff"]
    (file,) = kept(found.value, tmp_path / "finds").iterdir()
    assert file.read_bytes() == b"\xff"


def test_a_find_that_needs_what_came_before_keeps_it() -> None:
    def make() -> Run:
        seen: set[int] = set()

        def run(data: bytes) -> str:
            seen.add(len(data))
            assert not {10, 20} <= seen
            return "fine"

        return run

    with pytest.raises(FindError) as found:
        fuzz(Target(name="told", make=make, seeds=lambda: [bytes(10), bytes(20), bytes(15)]), 100_000)
    assert sorted(len(data) for data in found.value.inputs) == [10, 20]


def test_an_input_without_end_is_a_find() -> None:
    def make() -> Run:
        def run(data: bytes) -> str:
            while len(data) == 3:
                time.sleep(0.01)
            return "fine"

        return run

    with pytest.raises(FindError, match="HangError"):
        fuzz(Target(name="told", make=make, seeds=lambda: [b"one", b"four"]), 1000, hang_s=1)
