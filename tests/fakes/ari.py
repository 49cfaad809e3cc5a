"""A hand-written ARI server for the races that are hard to time: events come when the test says so, answers may be held back or refused.

It knows channels, playbacks, bridges, live recordings and globals as far as the service uses them, and answers as Asterisk 22 does: 404 for
what is gone, 409 for a channel that left the application, `PlaybackFinished` for a playback that was stopped.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import websockets
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from ivr_flows.ari import Access

WAIT_S = 10.0
STAMP = "2026-11-22T19:00:00.000+0900"
_LISTS = ("channel_ids", "bridge_ids", "endpoint_ids", "device_names", "events_allowed", "events_disallowed")
Answer = tuple[int, Any]


@dataclass(slots=True)
class Line:
    """A channel as the fake knows it."""

    id: str
    app_data: str
    caller: str = "0312345678"
    inside: bool = True
    variables: dict[str, str] = field(default_factory=dict)
    went: tuple[str, str] | None = None
    """Context and extension that it was continued into."""
    state: str = "Up"

    def told(self) -> dict[str, Any]:
        """Its snapshot in Asterisk's form."""
        party = {"name": "", "number": self.caller}
        place = {
            "context": "in-front",
            "exten": "s",
            "priority": 1,
            "app_name": "Stasis" if self.inside else "",
            "app_data": self.app_data,
        }
        return {
            "id": self.id, "name": f"PJSIP/trunk-{self.id}", "protocol_id": f"{self.id}@fake", "state": self.state, "caller": party,
            "connected": party, "accountcode": "", "dialplan": place, "creationtime": STAMP, "language": "ja",
        }  # fmt: skip


class FakeAri:
    """The server, listening while the object is entered; one application at a time is connected."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self.lines: dict[str, Line] = {}
        self.playing: dict[str, str] = {}
        """Channel by playback that runs."""
        self.bridges: dict[str, list[str]] = {}
        self.recordings: dict[str, str] = {}
        self.globals: dict[str, str] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.refuse: dict[str, int] = {}
        """Status by a pattern of `METHOD path`."""
        self.hold: set[str] = set()
        """Patterns of requests that get no answer."""
        self.stored: dict[str, bytes] = {}
        self.connected = 0
        self.claims = False
        self._socket: ServerConnection | None = None
        self._server: Server | None = None
        self._news = asyncio.Condition()
        self._counts: defaultdict[str, int] = defaultdict(int)

    async def __aenter__(self) -> FakeAri:
        self._server = await serve(self._talk, "127.0.0.1", self._port, process_request=self._http, compression=None)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def access(self) -> Access:
        """How to reach it."""
        assert self._server is not None
        return Access(port=next(iter(self._server.sockets)).getsockname()[1], user="appliance", password="fake", app="appliance")

    async def until(self, look: Any) -> None:
        """Wait until this holds; it is looked at after each request."""
        async with self._news, asyncio.timeout(WAIT_S):
            await self._news.wait_for(look)

    async def was_asked(self, pattern: str, count: int = 1) -> list[dict[str, str]]:
        """The queries of the requests `METHOD path` that fit, once there are so many."""
        await self.until(lambda: len(self.requests(pattern)) >= count)
        return self.requests(pattern)

    def requests(self, pattern: str) -> list[dict[str, str]]:
        """The queries of the requests so far that fit."""
        return [query for method, path, query in self.asked if re.fullmatch(pattern, f"{method} {path}")]

    async def enter(self, *args: str, channel: str = "", **variables: str) -> Line:
        """A call enters the application."""
        self._counts["line"] += 1
        line = Line(channel or f"call-{self._counts['line']}", ",".join(("appliance", *args)), variables=dict(variables))
        self.lines[line.id] = line
        await self.tell("StasisStart", args=list(args), channel=line.told())
        return line

    async def again(self, line: Line, *args: str) -> None:
        """The call comes back into the application."""
        line.inside, line.went, line.app_data = True, None, ",".join(("appliance", *args))
        await self.tell("StasisStart", args=list(args), channel=line.told())

    async def press(self, line: Line, *keys: str) -> None:
        """Keys of the caller's."""
        for key in keys:
            await self.tell("ChannelDtmfReceived", digit=key, duration_ms=100, channel=line.told())

    async def hang_up(self, line: Line) -> None:
        """The caller hangs up."""
        self.lines.pop(line.id, None)
        line.inside = False
        await self.tell("StasisEnd", channel=line.told())
        await self.tell("ChannelDestroyed", channel=line.told(), cause=16, cause_txt="Normal Clearing")

    async def end_playback(self, line: Line, state: str = "done") -> None:
        """What plays to this caller comes to its end."""
        for playback in [one for one, channel in self.playing.items() if channel == line.id]:
            await self._finish(playback, state)

    async def tell(self, kind: str, **facts: Any) -> None:
        """Send any event."""
        await self.send(json.dumps({"type": kind, "application": "appliance", "timestamp": STAMP, **facts}))

    async def send(self, text: str) -> None:
        """Send anything at all."""
        assert self._socket is not None
        await self._socket.send(text)

    def cut(self) -> None:
        """The application's websocket breaks; everything else stays as it is."""
        assert self._socket is not None
        self._socket.transport.abort()
        self._socket = None

    async def _talk(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        if parse_qs(urlsplit(socket.request.path).query)["app"] == ["appliance"]:
            async with self._news:
                self._socket, self.connected = socket, self.connected + 1
                self._news.notify_all()
        try:
            async for message in socket:
                await self._requested(socket, json.loads(message))
        except websockets.ConnectionClosed:
            return

    async def _requested(self, socket: ServerConnection, sent: Mapping[str, Any]) -> None:
        method, path = sent["method"], sent["uri"]
        query = {one["name"]: one["value"] for one in sent["query_strings"]}
        query |= json.loads(sent.get("message_body") or "{}").get("variables", {})
        async with self._news:
            self.asked.append((method, path, query))
            self._news.notify_all()
        word = f"{method} {path}"
        if any(re.fullmatch(pattern, word) for pattern in self.hold):
            return
        refused = next((status for pattern, status in self.refuse.items() if re.fullmatch(pattern, word)), None)
        status, body = (refused, {"message": "refused"}) if refused else await self._do(method, path, query)
        answer = {
            "type": "RESTResponse", "transaction_id": "", "request_id": sent["request_id"], "status_code": status,
            "reason_phrase": HTTPStatus(status).phrase, "uri": path,
        }  # fmt: skip
        await socket.send(json.dumps(answer if body is None else {**answer, "message_body": json.dumps(body)}))
        async with self._news:
            self._news.notify_all()

    async def _do(self, method: str, path: str, query: dict[str, str]) -> Answer:
        parts = [unquote(part) for part in path.split("/")]
        match method, parts:
            case "GET", ["applications"]:
                told = {"name": "appliance", "endpoint_ids": [], "device_names": [], "events_allowed": [], "events_disallowed": []}
                inside = [line.id for line in self.lines.values() if line.inside]
                return 200, [{**told, "channel_ids": inside, "bridge_ids": list(self.bridges)}]
            case "GET", ["channels"]:
                return 200, [line.told() for line in self.lines.values()]
            case "GET", ["bridges"]:
                return 200, [self._bridge(one) for one in self.bridges]
            case _, ["bridges", bridge, *more]:
                return self._on_bridge(method, bridge, more, query)
            case "POST", ["asterisk", "variable"]:
                self.globals[query["variable"]] = query["value"]
                return 204, None
            case "GET", ["playbacks", playback]:
                known = self.playing.get(playback)
                return (200, self._playback(playback, known, "playing")) if known else (404, {"message": "Playback not found"})
            case "GET", ["asterisk", "modules", name] if self.claims:
                return 200, {"name": name, "description": "", "use_count": 0, "status": "Running", "support_level": "extended"}
            case "POST", ["applications", name, "subscription"]:
                return 200, {"name": name, **{kind: [] for kind in _LISTS}}
            case "POST", ["events", "claim"]:
                return 204, None
            case "GET", ["asterisk", "ping"]:
                return 200, {"asterisk_id": "fake", "ping": "pong", "timestamp": STAMP}
            case "DELETE", ["playbacks", playback]:
                if playback not in self.playing:
                    return 404, {"message": "Playback not found"}
                await self._finish(playback, "done")
                return 204, None
            case "POST", ["recordings", "live", name, "stop"]:
                return (204, None) if self.recordings.pop(name, None) else (404, {"message": "Recording not found"})
            case _, ["channels", channel, *more]:
                return await self._on_channel(method, channel, more, query)
        return 404, {"message": f"the fake knows no {method} {path}"}

    async def _on_channel(self, method: str, channel: str, more: list[str], query: dict[str, str]) -> Answer:
        line = self.lines.get(channel)
        if line is None:
            return 404, {"message": "Channel not found"}
        if not line.inside and method != "GET" and more:
            return 409, {"message": "Channel not in Stasis application"}
        match method, more:
            case "GET", []:
                return 200, line.told()
            case "DELETE", []:
                await self.hang_up(line)
            case "GET", ["variable"]:
                found = line.variables.get(query["variable"])
                return (200, {"value": found}) if found is not None else (404, {"message": "Provided variable was not found"})
            case "GET", ["variables"]:
                wanted = query["variables"].split(",")
                if not all(name in line.variables for name in wanted):
                    return 404, {"message": "Provided variable was not found"}
                return 200, {"variables": {name: line.variables[name] for name in wanted}}
            case "POST", ["variables"]:
                line.variables |= query
            case "POST", ["variable"]:
                line.variables[query["variable"]] = query.get("value", "")
            case "POST", ["continue"]:
                line.inside, line.went = False, (query["context"], query["extension"])
                await (self.hang_up(line) if query["context"] == "go-hangup" else self.tell("StasisEnd", channel=line.told()))
            case "POST", ["play", playback]:
                return await self._play(line, playback, query["media"])
            case "POST", ["record"]:
                self.recordings[query["name"]] = channel
                return 201, {
                    "name": query["name"],
                    "format": query["format"],
                    "target_uri": f"channel:{channel}",
                    "state": "queued",
                }
        return 204, None

    async def _play(self, line: Line, playback: str, media: str) -> Answer:
        self.playing[playback] = line.id
        told = self._playback(playback, line.id, "queued")
        await self.tell("PlaybackStarted", playback={**told, "state": "playing", "media_uri": media.partition(",")[0]})
        return 201, told

    async def _finish(self, playback: str, state: str) -> None:
        channel = self.playing.pop(playback)
        await self.tell("PlaybackFinished", playback=self._playback(playback, channel, state))

    @staticmethod
    def _playback(playback: str, channel: str, state: str) -> dict[str, Any]:
        return {"id": playback, "media_uri": "", "target_uri": f"channel:{channel}", "language": "ja", "state": state}

    def _on_bridge(self, method: str, bridge: str, more: list[str], query: dict[str, str]) -> Answer:
        if method == "DELETE" and not more:
            return (404, {"message": "Bridge not found"}) if self.bridges.pop(bridge, None) is None else (204, None)
        if bridge not in self.bridges:
            return 404, {"message": "Bridge not found"}
        if more == ["addChannel"]:
            self.bridges[bridge] += query["channel"].split(",")
            return 204, None
        return 200, self._bridge(bridge)

    def _bridge(self, bridge: str) -> dict[str, Any]:
        kind = {"technology": "simple_bridge", "bridge_type": "mixing", "bridge_class": "stasis", "creator": "Stasis", "name": ""}
        return {"id": bridge, **kind, "channels": self.bridges[bridge], "creationtime": STAMP}

    async def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        """The one thing over HTTP: the sound of a stored recording. Whoever comes without the password goes."""
        where = urlsplit(request.path)
        if where.path == "/ari/events":
            known = parse_qs(where.query).get("api_key") == ["appliance:fake"]
            return None if known else connection.respond(HTTPStatus.UNAUTHORIZED, "")
        found = re.fullmatch(r"/ari/recordings/stored/([^/]+)/file", where.path)
        body = self.stored.get(unquote(found[1])) if found else None
        status = HTTPStatus.NOT_FOUND if body is None else HTTPStatus.OK
        length = Headers([("Content-Length", str(len(body or b""))), ("Connection", "close")])
        return Response(status.value, status.phrase, length, body or b"")
