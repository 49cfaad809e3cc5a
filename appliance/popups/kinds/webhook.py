"""Any HTTP server that wants to know of calls: one signed POST an event, again until it is taken.

    X-Appliance-Event: ringing
    X-Appliance-Delivery: the event's id, the same each time it is told again
    X-Appliance-Timestamp: seconds since 1970
    X-Appliance-Signature: v1=HMAC-SHA256(key, timestamp + "." + body) in hex

The time is signed too, so that what somebody overheard cannot be told again tomorrow.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from appliance import config
from appliance.popups.asking import RefusedError, Target, ask
from appliance.popups.known import Event

EVENTS = ("ringing", "answered", "ended", "taken", "noted")
_SHORTEST_KEY = 16
What = Literal["ringing", "answered", "ended", "taken", "noted"]


class Options(config.Options):
    """Settings of `kind = "webhook"`."""

    url: str = Field(pattern=r"^https?://[^/\s]+\S*$", title="URL", description="Where events are posted.")
    events: list[What] = Field(default=["ringing", "answered", "ended"], title="Events", description="What is told.")
    ca_file: str = Field(default="", title="Authority", description="PEM file of the server's authority; empty: the system's.")


def tell(options: Options, secret: Mapping[str, str], event: Event, seconds: float) -> None:
    """Post it; the secret's `key` signs. Raises AskError."""
    if event.what not in options.events:
        return
    key = secret.get("key", "")
    if len(key) < _SHORTEST_KEY:
        raise RefusedError(f"popup.secrets has no key of {_SHORTEST_KEY} characters or more for it; write one")
    body = json.dumps({"id": event.id, "event": event.what, **event.values}, ensure_ascii=False, sort_keys=True)
    encoded, stamp = body.encode("utf-8", "replace"), str(int(time.time()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Appliance-Event": event.what,
        "X-Appliance-Delivery": event.id,
        "X-Appliance-Timestamp": stamp,
        "X-Appliance-Signature": f"v1={signature(key, stamp, encoded)}",
    }
    ask("POST", Target(options.url, ca_file=options.ca_file), headers, encoded, seconds=seconds)


def signature(key: str, stamp: str, body: bytes) -> str:
    """What whoever receives it computes too, and compares."""
    return hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
