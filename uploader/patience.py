"""How long to wait and when to stop trying. Pure.

Three patiences, one above the other: a question is asked again at once a few times (`pause`); a store that fails is left alone by
everybody for a while (`Away`), so that 500,000 jobs do not all find out for themselves and 500 boxes do not come back in one second;
a job waits in the durable queue, and is parked for a person when it alone fails while others go (`verdict`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

TRIES = 3
BASE_S, CAP_S = 0.5, 20.0
AWAY_BASE_S, AWAY_CAP_S = 2.0, 300.0
START_SPREAD_S = 10.0
POISON_TRIES = 20
"""Two hours and more of trying."""


def pause(failures: int, asked: float | None, chance: float) -> float | None:
    """Seconds before a question is asked again after so many failures, None: not now. `chance` is random in [0, 1) (full jitter).

    What the store asks for is kept, and where it asks for longer than we would stand at the door, the queue waits instead.
    """
    if failures >= TRIES or (asked is not None and asked > CAP_S):
        return None
    return max(asked or 0.0, chance * min(CAP_S, BASE_S * 2.0**failures))


@dataclass(slots=True)
class Away:
    """Whether the store is to be left alone just now; moments in seconds of a monotonic clock."""

    failures: int = 0
    until: float = 0.0

    def start(self, now: float, chance: float) -> None:
        """Begin at a random moment: after a failure of the power every box starts at once."""
        self.until = now + chance * START_SPREAD_S

    def failed(self, now: float, asked: float | None, chance: float) -> None:
        """It failed: longer each time, at random, and as long as it asks for."""
        ceiling = min(AWAY_CAP_S, AWAY_BASE_S * 2.0 ** min(self.failures, 20))
        self.failures += 1
        self.until = max(self.until, now + max(asked or 0.0, chance * ceiling))

    def worked(self) -> None:
        """It answers again."""
        self.failures, self.until = 0, 0.0

    def wait(self, now: float) -> float:
        """Seconds until somebody may try."""
        return max(0.0, self.until - now)


class Verdict(Enum):
    """What becomes of a job that failed."""

    AGAIN = auto()
    PARK = auto()


def verdict(attempts: int, *, others_go: bool, this_object: bool) -> Verdict:
    """Park what fails alone: refused for what it is, or again and again while others were stored. A store's trouble parks nobody."""
    if others_go and (attempts >= POISON_TRIES or (this_object and attempts >= 2)):
        return Verdict.PARK
    return Verdict.AGAIN


def is_fresh_turn(turn: int, every: int) -> bool:
    """Whether this turn takes the newest job instead of the oldest: one of `every` (0: never)."""
    return every > 0 and turn % every == every - 1
