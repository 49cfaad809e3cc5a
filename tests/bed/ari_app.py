"""The smallest application that Asterisk can be told of: it takes what enters Stasis and sends it where the test says, or keeps it.

It stands for no service of ours: it lets a test look at the dialplan's side alone. It runs in a thread, over one websocket.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
from contextlib import ExitStack
from types import TracebackType
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from appliance import dialplan
from tests.bed.namespace import inside
from tests.bed.switchboard import Switchboard

PORT = 8088
_USER = "appliance"


class Application:
    """Registered as long as the object is entered; `entered` are the arguments of everything that came in."""

    def __init__(self, office: Switchboard) -> None:
        self._office = office
        self.entered: list[list[str]] = []
        self._plans: list[dict[str, str] | None] = []
        self._leave_after = -1
        self._stack = ExitStack()

    def then(self, context: str, extension: str, *, back: bool = False, limit: int = 0) -> None:
        """The next call that comes in goes on there."""
        self._plans.append({"context": context, "extension": extension, "back": "1" if back else "", "limit": str(limit or "")})

    def then_limit(self, seconds: int) -> None:
        """The next call that comes in is kept in silence, its lease set to so many seconds."""
        self._plans.append({"limit": str(seconds)})

    def leaves_after_next(self) -> None:
        """The application goes once it has sent the next call on."""
        self._leave_after = 1

    def __enter__(self) -> Application:
        sock = inside(self._office.lan.names["pbx"], lambda: socket.create_connection(("127.0.0.1", PORT), 5))
        password = self._office.secrets.ari
        uri = f"ws://127.0.0.1:{PORT}/ari/events?app={dialplan.APP}&api_key={_USER}:{password}"
        events = self._stack.enter_context(connect(uri, sock=sock))
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def _listen(self, events: ClientConnection) -> None:
        try:
            for text in events:
                event = json.loads(text)
                if event["type"] == "StasisStart":
                    self.entered.append(event["args"])
                    self._decide(event["channel"]["id"])
                    self._leave_after -= 1
                    if self._leave_after == 0:
                        events.close()
        except ConnectionClosed:
            return

    def _decide(self, channel: str) -> None:
        plan = self._plans.pop(0) if self._plans else None
        if plan is None:
            return
        if plan["limit"]:
            self._ask("POST", f"/channels/{channel}/variable", variable="TIMEOUT(absolute)", value=plan["limit"])
        if "context" in plan:
            self._ask("POST", f"/channels/{channel}/variable", variable=dialplan.COMES_BACK, value=plan["back"])
            self._ask("POST", f"/channels/{channel}/continue", context=plan["context"], extension=plan["extension"], priority="1")

    def _ask(self, method: str, path: str, **query: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
        connection.sock = inside(self._office.lan.names["pbx"], lambda: socket.create_connection(("127.0.0.1", PORT), 5))
        proof = base64.b64encode(f"{_USER}:{self._office.secrets.ari}".encode()).decode()
        connection.request(method, f"/ari{path}?{urlencode(query)}", headers={"Authorization": f"Basic {proof}"})
        status = connection.getresponse().status
        connection.close()
        assert status in (200, 204), f"{method} {path}: {status}"
