"""A webhook is told each event once it happened, signed with its time, and refuses to be told without a key."""

from __future__ import annotations

import hashlib
import hmac
import time

import pytest

from appliance.popups.asking import RefusedError
from appliance.popups.kinds.webhook import Options, tell
from appliance.popups.known import Event
from tests.bed.crm import crm

KEY = "0123456789abcdef"
EVENT = Event("hook-7", "ringing", 0, {"caller": "09012345678", "line_name": "代表"}, None)
PATIENCE = 20.0


def test_the_signature_holds_over_time_and_body() -> None:
    with crm(lambda asked: (204, b"")) as system:
        tell(Options(url=f"{system.url}/hook"), {"key": KEY}, EVENT, PATIENCE)
    (asked,) = system.asked
    stamp = asked.headers["x-appliance-timestamp"]
    wanted = hmac.new(KEY.encode(), f"{stamp}.".encode() + asked.body, hashlib.sha256).hexdigest()
    assert asked.headers["x-appliance-signature"] == f"v1={wanted}"
    assert abs(int(stamp) - time.time()) < 3600
    assert asked.tree == {"id": "hook-7", "event": "ringing", "caller": "09012345678", "line_name": "代表"}
    assert asked.headers["x-appliance-delivery"] == "hook-7"


def test_what_is_not_wanted_is_not_told() -> None:
    with crm(lambda asked: (200, b"")) as system:
        tell(Options(url=system.url, events=["ended"]), {"key": KEY}, EVENT, PATIENCE)
    assert system.asked == []


@pytest.mark.parametrize("secret", [{}, {"key": "short"}])
def test_nothing_leaves_unsigned(secret: dict[str, str]) -> None:
    with crm(lambda asked: (200, b"")) as system, pytest.raises(RefusedError, match=r"popup.secrets has no key"):
        tell(Options(url=system.url), secret, EVENT, PATIENCE)
    assert system.asked == []
