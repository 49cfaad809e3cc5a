"""Tells every open live page that the ledger may have grown. Pages read it themselves, each from the row it knows."""

from __future__ import annotations

import asyncio


class News:
    """One bell for many listeners, on one event loop."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()
        self.listeners = 0
        self.closing = False

    def tell(self) -> None:
        """Wake everybody."""
        for event in self._waiting:
            event.set()

    def close(self) -> None:
        """The console stops: streams end by themselves."""
        self.closing = True
        self.tell()

    async def wait(self, seconds: float) -> None:
        """Until there may be news, or so many seconds are over."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._waiting.discard(event)
