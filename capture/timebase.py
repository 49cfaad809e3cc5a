"""The time base of a live capture: a wall clock that is set while calls are under way moves none of their packets. Pure.

The kernel stamps frames with the wall clock. The monotonic clock cannot be set, so the distance between the two is constant but for such
steps (the frequency that NTP corrects is common to both). When it changes, frames stamped since are brought back to the base that the
calls under way began on. The new time is adopted at the first moment without a call; until then new calls are told on the old base too.
A change under a tenth of a second is followed at once, and moves packets by as much.

Frames from before and after a step may lie in one block of the ring, and the step may come between our look at the clocks and the block:
of the two distances the one counts that continues the frame before. Stamps are changed in the block itself, before anybody reads it.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Callable

from appliance.moments import MILLISECOND, SECOND

STEP = SECOND // 10
"""A change of less is none."""
BACKLOG = 60 * SECOND
"""A ring holds frames for no longer."""
_TOGETHER = 2 * MILLISECOND
_TRIES = 8
_BLOCK_HEAD = struct.Struct("=12xII12xIIII")
"""(of a TPACKET_V3 block) packets, offset to the first, seconds and nanoseconds of the first and the last."""
_FRAME_HEAD = struct.Struct("=III")
"""Next offset, seconds, nanoseconds."""
_TIME = struct.Struct("=II")

Look = Callable[[], tuple[int, int]]
"""Gives (wall clock, monotonic clock), read together."""


class TimeBase:
    """Brings the stamps of a ring onto one base."""

    def __init__(self, look: Look, kept: str = "", boot: str = "") -> None:
        """`kept` is the `note` of the recorder before us; it counts where the machine was not started anew since (`boot`)."""
        self._look, self._boot = look, boot
        self._wall, monotonic = look()
        self._distance = self._wall - monotonic
        """Between the clocks, now."""
        self._shift = self._before = 0
        """What is added to stamps, and what was added to those before the last step."""
        self._turning = False
        """Frames stamped before the last step may still come."""
        self._last = self._raw = 0
        """The last stamp on the base, and as it was."""
        self._steps: list[int] = []
        words = kept.split()
        if len(words) == 2 and words[0] == boot and re.fullmatch(r"-?\d{1,20}", words[1], re.ASCII):
            shift = int(words[1]) - self._distance
            if abs(shift) >= STEP:  # what the recorder before us had brought onto the base and not given back comes first
                self._shift, self._turning = shift, True
                self._last = self._wall + shift - BACKLOG

    @property
    def shift(self) -> int:
        """What is added to the stamps of now (ns); 0 where the wall clock's own time counts."""
        return self._shift

    @property
    def base(self) -> int:
        """Between the monotonic clock and the time that stamps are brought to (ns)."""
        return self._distance + self._shift

    @property
    def note(self) -> str:
        """What the next recorder needs to go on with this base."""
        return f"{self._boot} {self.base}"

    def look(self) -> None:
        """Compare the clocks."""
        self._wall, monotonic = self._look()
        moved = self._wall - monotonic - self._distance
        self._distance += moved
        if abs(moved) >= STEP:
            self._steps.append(moved)
            self._before, self._shift, self._turning = self._shift, self._shift - moved, True

    def take_steps(self) -> list[int]:
        """By how much the wall clock was set (ns), each time since this was asked last."""
        steps, self._steps = self._steps, []
        return steps

    def adopt(self) -> None:
        """No call is under way: from now on stamps count as they are."""
        self._shift, self._turning = 0, False

    def block(self, memory: mmap.mmap | bytearray, start: int) -> None:
        """Bring the frames of the block that begins here onto the base."""
        count, first, _, _, second, nanosecond = _BLOCK_HEAD.unpack_from(memory, start)
        last = second * SECOND + nanosecond
        if last > self._wall + STEP or last < self._raw - STEP:
            self.look()
        if not self._shift and not self._turning:
            self._last = self._raw = last
            return
        place = start + first
        for _ in range(count):
            step, second, nanosecond = _FRAME_HEAD.unpack_from(memory, place)
            _TIME.pack_into(memory, place + 4, *divmod(self.on_base(second * SECOND + nanosecond), SECOND))
            place += step

    def on_base(self, at: int) -> int:
        """The stamp of the next frame, on the base."""
        self._raw = at
        before, after = at + self._before, at + self._shift
        if self._turning:
            expected = max(self._last, self._wall + self._shift - BACKLOG)
            self._turning = abs(after - expected) > abs(before - expected)
        self._last = before if self._turning else after
        return self._last


def together(wall: Callable[[], int], monotonic: Callable[[], int]) -> tuple[int, int]:
    """Both clocks, read so that nothing came between: a busy machine may take a long while from one to the other."""
    best = (1 << 63, 0, 0)
    for _ in range(_TRIES):
        begun = monotonic()
        now = wall()
        ended = monotonic()
        best = min(best, (ended - begun, now, (begun + ended) // 2))
        if best[0] <= _TOGETHER:
            break
    return best[1], best[2]
