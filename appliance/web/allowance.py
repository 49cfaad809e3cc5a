"""How many requests a minute one bearer of a token may send: a bucket each, so that no program takes the box away from the telephone."""

from __future__ import annotations

import threading

from appliance.moments import SECOND

MOST = 1000
"""So many bearers are remembered; who was quiet for a minute has a full bucket again and is forgotten first."""
_MINUTE = 60 * SECOND


class Allowance:
    """A bucket for each bearer, which fills again at an even pace."""

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._spent: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def take(self, who: str, now: int) -> int:
        """0 where one more request is allowed now, else how many seconds to wait for it."""
        with self._lock:
            spent, at = self._spent.get(who, (0.0, now))
            spent = max(0.0, spent - max(0, now - at) * self._most / _MINUTE)
            if spent + 1 > self._most:
                self._spent[who] = (spent, now)
                return max(1, round((spent + 1 - self._most) * 60 / self._most))
            self._spent[who] = (spent + 1, now)
            if len(self._spent) > MOST:
                self._forget(now)
            return 0

    def _forget(self, now: int) -> None:
        kept = {who: (spent, at) for who, (spent, at) in self._spent.items() if now - at < _MINUTE}
        self._spent = kept if len(kept) <= MOST else dict(sorted(kept.items(), key=lambda item: item[1][1])[-MOST // 2 :])
