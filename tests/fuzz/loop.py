"""The loop: so many inputs into one target, counted; a find is made small and can be written down. The same seed gives the same run."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.fuzz.mutation import Mutator
from tests.fuzz.targets import Run, Target

HANG_S = 20
"""No thousand inputs take so long: not a measure, a guard."""
REMEMBERED = 200
"""Inputs before a find that are tried with it: it may be the state they left."""
TRIES = 2000


class HangError(AssertionError):
    """An input that does not come to an end."""


class FindError(AssertionError):
    """An input that breaks the promise; `inputs` bring it about from a fresh start."""

    def __init__(self, target: str, inputs: list[bytes], error: BaseException) -> None:
        super().__init__(f"{target}: {type(error).__name__}: {error}; inputs: {[data.hex() for data in inputs][:5]}")
        self.target, self.inputs = target, inputs


@dataclass(slots=True)
class Figures:
    """What a run was."""

    target: str
    inputs: int = 0
    seconds: float = 0.0
    slowest_ms: float = 0.0
    """CPU time of the slowest input."""
    warm_mb: float = 0.0
    """Resident, after a tenth of the run."""
    end_mb: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def grown_mb(self) -> float:
        """By how much memory grew between the two."""
        return self.end_mb - self.warm_mb


def fuzz(
    target: Target, inputs: int, seed: int = 0, more: Sequence[bytes] = (), *, hang_s: int = HANG_S, seconds: float = 1e9
) -> Figures:
    """Feed so many inputs (or as many as `seconds` allow), made from the target's seeds and `more`. Raises FindError."""
    run, mutator = target.make(), Mutator([*target.seeds(), *more], target.words, seed)
    figures, recent = Figures(target.name), list[bytes]()
    begun, clock = time.monotonic(), time.thread_time
    with guarded(hang_s):
        for number in range(inputs):
            data = mutator.next()
            recent.append(data)
            if len(recent) > 2 * REMEMBERED:
                del recent[:REMEMBERED]
            before = clock()
            if not number & 1023:
                signal.alarm(hang_s)
                if time.monotonic() - begun > seconds:
                    break
            try:
                figures.outcomes[run(data)] += 1
            except Exception as error:
                signal.alarm(0)
                raise FindError(target.name, smallest(target, recent, hang_s), error) from error
            figures.slowest_ms = max(figures.slowest_ms, (clock() - before) * 1000)
            if number == inputs // 10:
                figures.warm_mb = resident_mb()
            figures.inputs += 1
    figures.seconds, figures.end_mb = time.monotonic() - begun, resident_mb()
    return figures


@contextmanager
def guarded(hang_s: int) -> Iterator[None]:
    """An alarm that is set in here and rings is a HangError."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise HangError(f"a thousand inputs took more than {hang_s} s")

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def smallest(target: Target, inputs: list[bytes], hang_s: int) -> list[bytes]:
    """A few short inputs that break the promise from a fresh start; all of them where it does not come again."""
    if fails(target.make(), inputs[-1:], hang_s):
        return [shortened(target, inputs[-1], hang_s)]
    if not fails(target.make(), inputs, hang_s):
        return inputs
    tries, step = 0, len(inputs) // 2
    while step and tries < TRIES:
        place = 0
        while place < len(inputs) - 1 and tries < TRIES:
            fewer = inputs[:place] + inputs[place + step :]
            tries += 1
            if fewer and fails(target.make(), fewer, hang_s):
                inputs = fewer
            else:
                place += step
        step //= 2
    return inputs


def shortened(target: Target, data: bytes, hang_s: int) -> bytes:
    """The input without whatever it does not need."""
    tries, step = 0, len(data) // 2
    while step and tries < TRIES:
        place = 0
        while place < len(data) and tries < TRIES:
            fewer = data[:place] + data[place + step :]
            tries += 1
            if fails(target.make(), [fewer], hang_s):
                data = fewer
            else:
                place += step
        step //= 2
    return data


def fails(run: Run, inputs: list[bytes], hang_s: int) -> bool:
    """Whether one of them breaks the promise."""
    try:
        with guarded(hang_s):
            signal.alarm(hang_s)
            for data in inputs:
                run(data)
    except Exception:  # noqa: BLE001 - whatever it is, it is the find
        return True
    return False


def kept(find: FindError, folder: Path) -> Path:
    """The find as files, to be looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(find.inputs):
        (folder / f"{find.target}-{number:03}").write_bytes(data)
    return folder


def resident_mb() -> float:
    """Memory of this process now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096 / 1e6
