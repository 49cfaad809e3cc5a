"""What changed, told to many pages and made once: a hundred open pages must not cost a hundred times the card.

Pages whose readers have the same role, language and place in the ledger get the same events. What is a session's own (its form token) is
a stand-in while they are made, and put in for each.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import NamedTuple

STAND_IN = secrets.token_hex(16)
"""Instead of a session's form token, until it is known whose it is."""
GOOD_FOR_S = 2.0
"""For what no row tells of, such as a customer's new name."""


class Events(NamedTuple):
    """Events as they are sent, and the row that they reach."""

    row: int
    messages: list[str]

    def of(self, csrf: str) -> list[str]:
        """With this session's token."""
        return [message.replace(STAND_IN, csrf) for message in self.messages]


class SharedNews:
    """The events of the last moments, by who may read them and from where on."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._made: dict[Hashable, tuple[float, Future[Events]]] = {}

    def get(self, key: Hashable, make: Callable[[], Events]) -> Events:
        """The events of this key: made by whoever asks first, while the others wait for them. What `make` raises, all of them raise."""
        with self._lock:
            now = self._monotonic()
            self._made = {known: made for known, made in self._made.items() if now - made[0] < GOOD_FOR_S}
            found = self._made.get(key)
            future: Future[Events] = found[1] if found else Future()
            if found is None:
                self._made[key] = now, future
        if found is None:
            try:
                future.set_result(make())
            except BaseException as error:
                with self._lock:
                    self._made.pop(key, None)
                future.set_exception(error)
                raise
        return future.result()
