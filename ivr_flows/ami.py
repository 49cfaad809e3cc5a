"""Asterisk through AMI: one wrapper around panoramisk, for registrations, hints, queues and who rings whom.

panoramisk reconnects and matches answers to actions. What it does not do is mended here: a character whose bytes come in two reads is
whole, no value can smuggle in a header (CR, LF), no answer is waited for without limit, and a peer that takes our bytes and says nothing
is noticed by a ping without an answer. An action whose connection is lost is told so and never sent again by itself: to originate a call
twice, a minute later, would be worse than to say that it failed. A line of AMI holds 1,024 bytes at most; Asterisk refuses longer ones.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from appliance.errors import CouldNotError

ANSWER_S, PING_S, AGAIN_S = 5.0, 5.0, 1
NEVER_S = 10**8
EVENTS_WAITING = 20_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_()-]*")
Fields = Mapping[str, str]

log = logging.getLogger(__name__)


class AmiError(CouldNotError):
    """AMI could not be asked, or said no."""


class AmiLostError(AmiError):
    """There is no connection, it was lost, or no answer came in time."""


class AmiRefusedError(AmiError):
    """Asterisk answered with an error."""


class InjectionError(AmiError):
    """A field holds a line break, with which it could be read as further fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiAccess:
    """Where Asterisk's manager port is, and as whom we come."""

    host: str = "127.0.0.1"
    port: int = 5038
    user: str
    password: str = field(repr=False)


class _Protocol(AMIProtocol):  # type: ignore[misc]
    """panoramisk's, given whole characters only."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.encoding = "utf-8"  # panoramisk sets it later, and reads ASCII until then
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def data_received(self, data: bytes) -> None:
        super().data_received(self._decoder.decode(data).encode())


class _Everything:
    """Every action is forgotten with its connection."""

    def __contains__(self, action: object) -> bool:
        return True


class _Manager(Manager):  # type: ignore[misc]
    """panoramisk's, which comes to an end when it is told to."""

    ended = False

    def connect(self, *arguments: Any, **more: Any) -> asyncio.Task[Any] | None:
        return None if self.ended else super().connect(*arguments, **more)


class Ami:
    """A manager connection, kept up while the object is entered."""

    def __init__(self, access: AmiAccess, events: str = "on") -> None:
        self.access = access
        self._pending: set[asyncio.Future[Any]] = set()
        self._up = asyncio.Event()
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue(EVENTS_WAITING)
        self._lost = 0
        self._watch: asyncio.Task[None] | None = None
        quiet = logging.getLogger(f"{__name__}.panoramisk")
        quiet.setLevel(logging.CRITICAL)  # it logs each try; what matters is said here
        self._manager = _Manager(
            host=access.host, port=access.port, username=access.user, secret=access.password, events=events, encoding="utf-8",
            ping_delay=NEVER_S, ping_interval=NEVER_S, reconnect_timeout=AGAIN_S, protocol_factory=_Protocol, log=quiet,
            forgetable_actions=_Everything(), on_login=self._logged_in, on_disconnect=self._disconnected,
            loop=asyncio.get_running_loop(),
        )  # fmt: skip
        self._manager.register_event("*", self._happened)

    async def __aenter__(self) -> Ami:
        self._manager.connect()
        self._watch = asyncio.create_task(self._look_after())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._manager.ended = True
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        self._manager.close()
        self._forget()

    @property
    def up(self) -> bool:
        """Whether it is connected and logged in."""
        return self._up.is_set()

    async def ready(self, within: float = ANSWER_S) -> None:
        """Wait until it is connected and logged in. Raises AmiLostError."""
        try:
            async with asyncio.timeout(within):
                await self._up.wait()
        except TimeoutError:
            where = f"{self.access.host}:{self.access.port}"
            raise AmiLostError(f"AMI at {where} takes no login of {self.access.user} within {within:g} s") from None

    async def ask(self, action: str, fields: Fields | None = None, within: float = ANSWER_S) -> dict[str, Any]:
        """The answer to one action, its names in small letters. Raises AmiError."""
        answer = await self._ask(action, fields or {}, within)
        return _plain(answer[0] if isinstance(answer, list) else answer)

    async def ask_list(self, action: str, fields: Fields | None = None, within: float = ANSWER_S) -> list[dict[str, Any]]:
        """The events of an action that answers with a list, without its first and last message. Raises AmiError."""
        answer = await self._ask(action, fields or {}, within)
        return [_plain(one) for one in answer[1:-1]] if isinstance(answer, list) else []

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Every event from now on, over lost connections too; `event` is its name, and `lost` comes where some may be missing."""
        while True:
            yield await self._events.get()

    async def _ask(self, action: str, fields: Fields, within: float) -> Any:
        _refuse_lines({"Action": action, **fields})
        if not self._up.is_set():
            raise AmiLostError(f"{action}: there is no connection with AMI at {self.access.host}:{self.access.port}")
        return await self._send(action, fields, within)

    async def _send(self, action: str, fields: Fields, within: float) -> Any:
        waiting: asyncio.Future[Any] = self._manager.send_action({"Action": action, **fields})
        self._pending.add(waiting)
        try:
            async with asyncio.timeout(within):
                answer = await waiting
        except TimeoutError:
            raise AmiLostError(f"{action}: Asterisk has not answered within {within:g} s") from None
        finally:
            self._pending.discard(waiting)
        first = answer[0] if isinstance(answer, list) else answer
        if not first.success:
            raise AmiRefusedError(f"Asterisk refuses {action}: {first.message or first.response}")
        return answer

    async def _look_after(self) -> None:
        """Ping; give up a connection that does not answer, logged in or not."""
        while True:
            await asyncio.sleep(PING_S)
            protocol = self._manager.protocol
            if protocol is None or protocol.closed:
                continue
            try:
                if not self._up.is_set():
                    raise AmiLostError("no login")
                await self._send("Ping", {}, PING_S)
            except AmiError as error:
                log.warning("AMI does not answer (%s): the connection is begun anew", error)
                protocol.transport.abort()

    def _logged_in(self, manager: Any) -> None:
        log.info("AMI at %s:%d is connected", self.access.host, self.access.port)
        self._up.set()

    def _disconnected(self, manager: Any, error: Exception | None) -> None:
        if self._up.is_set():
            log.warning("the connection with AMI was lost (%s)", error or "closed by Asterisk")
            self._offer({"event": "lost"})
        self._forget()

    def _forget(self) -> None:
        self._up.clear()
        for waiting in self._pending:
            if not waiting.done():
                waiting.set_exception(AmiLostError("the connection with AMI was lost before the answer came"))

    def _happened(self, manager: Any, message: Any) -> None:
        self._offer(_plain(message))

    def _offer(self, event: dict[str, Any]) -> None:
        """Keep it for who listens; where nobody does, the oldest goes and the gap is told."""
        if self._events.full():
            self._events.get_nowait()
            self._lost += 1
            event = {"event": "lost"}
        self._events.put_nowait(event)


def _plain(message: Any) -> dict[str, Any]:
    return {name.lower(): value for name, value in message.items() if value or name != "content"}


def _refuse_lines(fields: Fields) -> None:
    for name, value in fields.items():
        if not _NAME.fullmatch(name) or re.search(r"[\r\n\0]", str(value)):
            raise InjectionError(f"AMI: the field {name!r:.40} holds what could be read as further fields; nothing was sent")
