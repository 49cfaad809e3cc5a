"""A hand-written AMI server: it sends bytes exactly as the test cuts them, falls silent, refuses, and keeps what it was sent."""

from __future__ import annotations

import asyncio
from types import TracebackType

from ivr_flows.ami import AmiAccess

WAIT_S = 10.0


class FakeAmi:
    """Listens on loopback while entered; answers Login, Ping and whatever `answers` holds, by the action's name."""

    def __init__(self) -> None:
        self.actions: list[dict[str, str]] = []
        self.answers: dict[str, str] = {}
        """Lines of the answer, without ActionID."""
        self.silent = False
        self.connected = 0
        self.password = "fake"
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._news = asyncio.Condition()

    async def __aenter__(self) -> FakeAmi:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    @property
    def access(self) -> AmiAccess:
        """How to reach it."""
        assert self._server is not None
        return AmiAccess(port=self._server.sockets[0].getsockname()[1], user="appliance", password="fake")

    def cut(self) -> None:
        """Break every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def send(self, data: bytes) -> None:
        """These bytes, in a read of their own."""
        self._writers[-1].write(data)
        await self._writers[-1].drain()
        await asyncio.sleep(0.05)

    async def was_sent(self, action: str, count: int = 1) -> list[dict[str, str]]:
        """The actions of this name, once there are so many."""

        def found() -> list[dict[str, str]]:
            return [one for one in self.actions if one["Action"] == action]

        async with self._news, asyncio.timeout(WAIT_S):
            await self._news.wait_for(lambda: len(found()) >= count)
        return found()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.connected += 1
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                sent = dict(line.split(": ", 1) for line in text.split("\r\n") if line)
                async with self._news:
                    self.actions.append(sent)
                    self._news.notify_all()
                if not self.silent:
                    writer.write(self._answer(sent).encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, sent: dict[str, str]) -> str:
        mine = f"ActionID: {sent['ActionID']}\r\n"
        if sent["Action"] == "Login" and sent["Secret"] != self.password:
            return f"Response: Error\r\n{mine}Message: Authentication failed\r\n\r\n"
        if sent["Action"] in self.answers:
            return self.answers[sent["Action"]].replace("ActionID: -\r\n", mine)
        return f"Response: Success\r\n{mine}Message: done\r\n\r\n"
