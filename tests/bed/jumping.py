"""The service of the flows with a wall clock that jumps by so many hours when the process gets SIGUSR1, as if somebody set the time.

python -m tests.bed.jumping HOURS --data DIR
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from appliance import logs
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.moments import SECOND, Nanoseconds
from ivr_flows import running


class JumpingClock(SystemClock):
    """The machine's, until it jumps."""

    def __init__(self, hours: int) -> None:
        self._hours, self._offset = hours, 0
        signal.signal(signal.SIGUSR1, self._jump)

    def now(self) -> Nanoseconds:
        """The wall clock."""
        return Nanoseconds(super().now() + self._offset)

    def _jump(self, *caught: object) -> None:
        self._offset += self._hours * 3600 * SECOND


if __name__ == "__main__":
    logs.set_up("ivr")
    sys.exit(running.run(Box.at(Path(sys.argv[3])), JumpingClock(int(sys.argv[1])), canary_s=0))
