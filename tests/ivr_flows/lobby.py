"""A reception with published flows, before a hand-written Asterisk: what a test needs to let callers come, press keys and go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.records import Heartbeat, NodeEntered, Record
from ivr_flows.ari import connections
from ivr_flows.keepsakes import Keepsakes
from ivr_flows.reception import Reception
from ivr_flows.teller import Teller
from tests.bed.exchange import publish
from tests.fakes.ari import FakeAri

MENU = """
flow: main
language: ja
start: menu
fallback: group:front
nodes:
  menu:
    type: menu
    say: "営業は1を押してください。"
    keys: {"1": {go: sales}, "2": {go: note}}
    no_input: {tries: 2, then: bye}
    wrong_key: {tries: 2, then: bye}
    timeout: 1s
  sales: {type: ring_group, group: front, ring: 20s, no_answer: bye, busy: bye}
  note: {type: record, as: order, max: 10s, silence: 0s, next: bye, error: sales}
  bye: {type: hangup, say: "ありがとうございました。"}
"""


class Told(Teller):
    """A teller that keeps what it is told."""

    def __init__(self, box: Box) -> None:
        super().__init__(box.folders)
        self.records: list[Record] = []

    def tell(self, *records: Record) -> None:
        """Keep them."""
        self.records += records

    def beat(self, heartbeat: Heartbeat) -> None:
        """Nothing."""

    def nodes(self) -> list[str]:
        """The nodes that callers reached."""
        return [record.node for record in self.records if isinstance(record, NodeEntered)]


class Lobby:
    """Asterisk, the reception and what it told."""

    def __init__(self, server: FakeAri, reception: Reception, told: Told, leases: list[tuple[str, int]]) -> None:
        self.server, self.reception, self.told, self.leases = server, reception, told, leases

    async def until(self, look: Callable[[], object]) -> None:
        """Wait until this holds."""
        async with asyncio.timeout(10):
            while not look():  # noqa: ASYNC110 - it is looked at from outside
                await asyncio.sleep(0.01)


def in_lobby(folder: Path, conversation: Callable[[Lobby], Awaitable[None]], *flows: str, server: FakeAri | None = None) -> None:
    """Hold this conversation in a lobby with these flows."""

    async def bounded() -> None:
        box = Box.at(folder / "var")
        for text in flows or (MENU,):
            publish(box.folders.data, text)
        async with asyncio.timeout(30), server or FakeAri() as asterisk:
            told = Told(box)
            leases: list[tuple[str, int]] = []

            async def lease(channel: str, seconds: int) -> None:
                leases.append((channel, seconds))

            reception = Reception(box, SystemClock(), told, Keepsakes(box, SystemClock()), lease)

            async def keep() -> None:
                async for connection in connections(asterisk.access):
                    await reception.serve(connection)

            keeping = asyncio.create_task(keep())
            lobby = Lobby(asterisk, reception, told, leases)
            await lobby.until(lambda: asterisk.globals.get("APPLIANCE_BEAT"))
            try:
                await conversation(lobby)
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(bounded())
