"""A real Asterisk with ARI on loopback in its namespace, its callers, and what must be so after every test: nothing is left of any call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ivr_flows.ari import Access, Connection, open_connection
from ivr_flows.ari_models.bridges import Bridges
from ivr_flows.ari_models.channels import Channels
from ivr_flows.ari_models.models_events import Event
from tests.bed.asterisk import Asterisk, Endpoint
from tests.bed.house import wait_for
from tests.bed.lan import Lan
from tests.bed.namespace import inside

Done = TypeVar("Done")
ACCESS = Access(user="appliance", password="bed", app="appliance")
FILES = {
    "http.conf": "[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = 8088\n",
    "ari.conf": "[general]\nenabled = yes\n[appliance]\ntype = user\npassword = bed\npassword_format = plain\n",
}
WAIT_S = 15.0


class Switchboard:
    """The Asterisk of a test in the namespace `pbx`. `contexts` are further lines of extensions.conf, contexts of their own."""

    def __init__(
        self,
        folder: Path,
        contexts: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
        endpoints: Sequence[Endpoint] = (),
        **more: Any,
    ) -> None:
        self.lan = Lan()
        self._folder, self._files, self._contexts = folder, {**FILES, **(files or {})}, contexts
        self._endpoints, self._more = endpoints, more
        self.expected: list[str] = []
        """Patterns of errors that this test provokes in Asterisk's log."""

    @contextmanager
    def running(self) -> Iterator[Switchboard]:
        """As long as the block lasts."""
        with self.lan:
            self.address = self.lan.add("pbx")
            self.plug()
            with Asterisk(
                self.lan, "pbx", self._folder, dialplan=self._contexts, files=self._files, endpoints=self._endpoints, **self._more
            ) as self.pbx:
                self._read = 0
                self._handles = self._open_files()
                yield self

    def plug(self) -> None:
        """Plug in further hosts, before Asterisk's files are written."""

    def here(self, work: Callable[[], Awaitable[Done]]) -> Done:
        """What this coroutine gives, run in Asterisk's namespace."""

        async def bounded() -> Done:
            async with asyncio.timeout(120):
                return await work()

        return inside(self.lan.names["pbx"], lambda: asyncio.run(bounded()))

    def call(self, extension: str, context: str = "bed", *, caller: str = "wait") -> None:
        """Somebody calls: a Local channel whose near end waits in the extension `caller` of the context `callers`."""
        said = self.pbx.cli(f"channel originate Local/{extension}@{context} extension {caller}@callers")
        assert "Failed" not in said, said

    def places(self) -> list[str]:
        """`CONTEXT/EXTENSION/APPLICATION` of each far end of the calls that there are."""
        rows = [line.split("!") for line in self.pbx.cli("core show channels concise").splitlines() if ";2!" in line]
        return sorted(f"{row[1]}/{row[2]}/{row[5]}" for row in rows)

    def reach(self, place: str, count: int = 1) -> None:
        """Until so many calls are there (`CONTEXT/EXTENSION/APPLICATION`, a prefix will do)."""
        try:
            wait_for(place, lambda: sum(1 for found in self.places() if found.startswith(place)) == count, WAIT_S)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.places()}\n{self.said()}") from None

    def said(self) -> str:
        """The end of Asterisk's log, without what our own looking wrote there."""
        return "\n".join([line for line in self.pbx.log().splitlines() if "Remote UNIX" not in line][-30:])

    def hang_up(self) -> None:
        """End every call."""
        self.pbx.cli("channel request hangup all")
        wait_for("silence", lambda: not self.pbx.channels(), WAIT_S)

    def settled(self) -> None:
        """What must be so after every test."""
        self.hang_up()
        live = self.here(_left)
        assert live == ([], []), live
        wait_for("the descriptors", lambda: self._open_files() <= self._handles + 3, WAIT_S)
        said = self.pbx.errors()
        fresh, self._read = said[self._read :], len(said)
        assert not [line for line in fresh if not any(re.search(one, line) for one in self.expected)], fresh
        self.expected = []

    def _open_files(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self._pid()}/fd").iterdir())

    def _pid(self) -> int:
        return int((self._folder / "run" / "asterisk.pid").read_text())


async def _left() -> tuple[list[str], list[str]]:
    connection = await open_connection(Access(user=ACCESS.user, password=ACCESS.password, app="looking"))
    try:
        bridges, channels = await Bridges(connection).list(), await Channels(connection).list()
        return [one.id for one in bridges], [one.id for one in channels]
    finally:
        await connection.close()


class Ear:
    """Everything that a connection says, kept; `wait` gives the next one of a kind."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.heard: list[Event] = []
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self.connection.events():
            async with self._news:
                self.heard.append(event)
                self._news.notify_all()

    async def wait(self, kind: type[Kind], count: int = 1) -> Kind:
        """The event of this kind that has this place among them."""
        async with self._news:
            async with asyncio.timeout(WAIT_S):
                await self._news.wait_for(lambda: len(self.of(kind)) >= count)
            return self.of(kind)[count - 1]

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Those of this kind so far."""
        return [event for event in self.heard if isinstance(event, kind)]

    async def close(self) -> None:
        """Hang up the ear and the connection."""
        await self.connection.close()
        await self._task


Kind = TypeVar("Kind", bound=Event)


async def listening(access: Access = ACCESS) -> Ear:
    """A new connection with an ear."""
    return Ear(await open_connection(access))
