"""Asterisk through ARI: one inbound websocket that carries the events, our requests and their answers (REST over it since Asterisk 22.4).

    async for connection in connections(access):    # again and again, with backoff, until the task is cancelled
        async for event in connection.events(): …   # ends when the connection is lost

A request that Asterisk refuses raises `RefusedError` with its status; 404 for a channel that has just hung up is normal
(`GoneError`). A lost connection raises `LostError` in every request that waits, so that nobody waits for ever. Events wait in a bounded
queue: who falls so far behind that it is full has lost the thread, and the connection is given up and begun anew, with its reconciliation.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import websockets
from websockets.asyncio.client import ClientConnection, connect

from appliance.clock import SystemClock
from appliance.errors import CouldNotError
from appliance.logs import Trouble
from ivr_flows.ari_models.event_index import EVENTS
from ivr_flows.ari_models.models_events import Event
from ivr_flows.ari_models.values import Request, quoted

ANSWER_S = 5.0
"""How long an answer may take; Asterisk's own takes 0.1 ms."""
OPEN_S, PING_S, PONG_S = 3.0, 5.0, 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 0.5
"""Asterisk is on this machine, and callers inside have a lease of a few seconds: trying is cheap, and waiting is not."""
EVENTS_WAITING = 20_000
MESSAGE_BYTES = 8 << 20
_NOT_INSIDE, _NO_VARIABLE = "not in Stasis", "variable was not found"
"""What Asterisk says (409) of a channel that has left the application – a recording's name in use is another 409 – and (404) of a variable
that a channel does not have, which is there itself."""

log = logging.getLogger(__name__)


class AriError(CouldNotError):
    """Asterisk could not be asked, or said no."""


class LostError(AriError):
    """The connection is lost, or no answer came."""


class RefusedError(AriError):
    """Asterisk answered with an error status."""

    def __init__(self, request: Request, status: int, reason: str) -> None:
        super().__init__(f"Asterisk refuses {request.method} {request.path}: {status} {reason}")
        self.status = status


class GoneError(RefusedError):
    """What the request is about is no longer there (404), or is a channel that has left the application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where Asterisk's HTTP server is, and as whom and as which application we come."""

    host: str = "127.0.0.1"
    port: int = 8088
    user: str
    password: str = field(repr=False)
    app: str

    @property
    def events(self) -> str:
        """The address of the websocket. Asterisk subscribes it to what is in the application only."""
        query = urlencode({"app": self.app, "subscribeAll": "false", "api_key": f"{self.user}:{self.password}"})
        return f"ws://{self.host}:{self.port}/ari/events?{query}"


class Connection:
    """One websocket as long as it lives; an `Asker` for the objects in `ari_models`."""

    def __init__(self, access: Access, socket: ClientConnection) -> None:
        self.access = access
        self._socket = socket
        self._asked: dict[str, tuple[Request, asyncio.Future[Any]]] = {}
        self._count = 0
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._behind = False
        self._reader = asyncio.create_task(self._read())
        self.lost = False

    async def ask(self, request: Request, within: float = ANSWER_S) -> Any:
        """The JSON that Asterisk answers with, None where it answers with none. Raises LostError, GoneError, RefusedError."""
        if self.lost:
            raise LostError(f"{request.method} {request.path}: the connection with Asterisk is lost")
        self._count += 1
        name = str(self._count)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[name] = request, answer
        try:
            await self._socket.send(_envelope(name, request))
            async with asyncio.timeout(within):
                return await answer
        except TimeoutError:
            raise LostError(f"{request.method} {request.path}: Asterisk has not answered within {within:g} s") from None
        except websockets.ConnectionClosed as error:
            raise LostError(f"{request.method} {request.path}: the connection with Asterisk was lost ({error})") from error
        finally:
            self._asked.pop(name, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # both ways of being lost may have told it

    async def events(self) -> AsyncIterator[Event]:
        """Every event in order, until the connection is lost."""
        while (event := await self._events.get()) is not None:
            yield event

    @property
    def waiting(self) -> int:
        """Events that nobody has taken yet."""
        return self._events.qsize()

    def abort(self) -> None:
        """Break it off: everything that waits is lost, and a new one is begun."""
        self.lost = True
        self._socket.transport.abort()

    async def close(self) -> None:
        """Give it up."""
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                self._take(message)
        except websockets.ConnectionClosed as error:
            log.debug("the websocket has ended: %s", error)
        finally:
            self._end()

    def _end(self) -> None:
        self.lost = True
        for request, answer in self._asked.values():
            if not answer.done():
                answer.set_exception(LostError(f"{request.method} {request.path}: the connection with Asterisk was lost"))
        self._events.put_nowait(None)

    def _take(self, message: str | bytes) -> None:
        try:
            sent = json.loads(message)
            kind = sent["type"]
            if kind == "RESTResponse":
                self._answered(sent)
                return
            event = EVENTS[kind].read(sent) if kind in EVENTS else Event.read(sent)
        except (ValueError, KeyError, TypeError) as error:  # ModelError and JSON's own are ValueErrors
            log.warning("Asterisk sent what its models do not promise: %s: %.200s", error, message)
            return
        if not self._behind and self._events.qsize() < EVENTS_WAITING:
            self._events.put_nowait(event)
        elif not self._behind:  # after a gap nothing comes but the end
            self._behind = True
            log.error("%d events of Asterisk's wait: the connection is begun anew", EVENTS_WAITING)
            self._socket.transport.abort()

    def _answered(self, sent: dict[str, Any]) -> None:
        request, answer = self._asked.get(sent.get("request_id", ""), (None, None))
        if request is None or answer is None or answer.done():
            return  # it came too late
        status, body = int(sent["status_code"]), sent.get("message_body") or "null"
        if 200 <= status < 300:
            try:
                answer.set_result(json.loads(body))
            except ValueError:
                answer.set_result(None)
            return
        reason = _reason(body) or str(sent.get("reason_phrase", ""))
        missing = status == httpx.codes.NOT_FOUND and _NO_VARIABLE not in reason
        gone = missing or (status == httpx.codes.CONFLICT and _NOT_INSIDE in reason)
        answer.set_exception((GoneError if gone else RefusedError)(request, status, reason))


async def open_connection(access: Access) -> Connection:
    """A connection, in which the application is registered from now on. Raises LostError."""
    try:
        socket = await connect(
            access.events, open_timeout=OPEN_S, close_timeout=OPEN_S, ping_interval=PING_S, ping_timeout=PONG_S,
            max_size=MESSAGE_BYTES, max_queue=None, compression=None, proxy=None,
        )  # fmt: skip
    except (OSError, TimeoutError, websockets.WebSocketException) as error:
        raise LostError(f"Asterisk at {access.host}:{access.port} gives no ARI connection: {error}") from error
    return Connection(access, socket)


async def connections(access: Access) -> AsyncGenerator[Connection, None]:
    """A connection, and the next one when that is lost, with a pause that grows while none can be had."""
    trouble = Trouble(log, SystemClock().monotonic)
    pause = FIRST_PAUSE_S
    while True:
        try:
            connection = await open_connection(access)
        except LostError as error:
            trouble.happened(str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
            continue
        trouble.over("Asterisk is connected again")
        pause = FIRST_PAUSE_S
        try:
            yield connection
        finally:
            await connection.close()


async def download(access: Access, recording: str) -> bytes:
    """The sound of a stored recording: the one thing that comes over HTTP. Raises LostError, GoneError, RefusedError."""
    request = Request(method="GET", path=f"recordings/stored/{quoted(recording)}/file")
    address = f"http://{access.host}:{access.port}/ari/{request.path}"
    try:
        async with httpx.AsyncClient(auth=(access.user, access.password), timeout=ANSWER_S, trust_env=False) as client:
            answer = await client.get(address)
    except httpx.HTTPError as error:
        raise LostError(f"{request.method} {request.path}: {str(error) or type(error).__name__}") from error
    if answer.status_code != httpx.codes.OK:
        kind = GoneError if answer.status_code == httpx.codes.NOT_FOUND else RefusedError
        raise kind(request, answer.status_code, _reason(answer.text) or answer.reason_phrase)
    return answer.content


def _envelope(name: str, request: Request) -> str:
    """The request as Asterisk reads it from a websocket (its model RESTRequest)."""
    sent: dict[str, Any] = {
        "type": "RESTRequest", "transaction_id": name, "request_id": name, "method": request.method, "uri": request.path,
        "query_strings": [{"name": key, "value": value} for key, value in request.parameters().items()],
    }  # fmt: skip
    if request.body is not None:
        sent |= {"content_type": "application/json", "message_body": json.dumps(request.body)}
    return json.dumps(sent)


def _reason(body: str) -> str:
    """The sentence in Asterisk's own error object."""
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    return str(said.get("message") or said.get("error") or "") if isinstance(said, dict) else ""
