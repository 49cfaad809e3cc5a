"""Somebody who listens to a call under way, over HTTP as the console's pages do."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import httpx
import numpy as np
from numpy.typing import NDArray

from appliance.web.security import COOKIE


@dataclass(slots=True)
class Ear:
    """An HTTP client that listens to a call, on a thread of its own."""

    address: str
    token: str
    call: str
    data: bytearray = field(default_factory=bytearray)
    status: int = 0
    first_at: float = 0.0
    _thread: threading.Thread | None = None

    def start(self) -> Ear:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def _listen(self) -> None:
        with (
            httpx.Client(cookies={COOKIE: self.token}, timeout=20, trust_env=False) as client,
            client.stream("GET", f"{self.address}/calls/{self.call}/live", headers={"Accept": "audio/*"}) as answer,
        ):
            self.status = answer.status_code
            for piece in answer.iter_bytes():
                self.first_at = self.first_at or time.monotonic()
                self.data += piece

    def samples(self) -> NDArray[np.int16]:
        """What was heard so far, at 8 kHz, shape (samples, 2)."""
        held = bytes(self.data[44:])
        return np.frombuffer(held[: len(held) // 4 * 4], "<i2").reshape(-1, 2)[::6]

    def wait(self) -> None:
        """Until the stream has ended."""
        assert self._thread is not None
        self._thread.join(30)
        assert not self._thread.is_alive()
