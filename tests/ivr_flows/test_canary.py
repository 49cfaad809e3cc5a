"""The canary says how far its call came and how long it took, rings no telephone, and leaves nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from appliance.clock import SystemClock
from ivr_flows import canary as module
from ivr_flows.ari import GoneError, LostError
from ivr_flows.ari_models.values import Request
from ivr_flows.canary import Canary, Sung

FACTS = {
    "id": "near", "protocol_id": "", "name": "Local/s@canary", "state": "Down", "caller": {"name": "", "number": ""}, "language": "",
    "connected": {"name": "", "number": ""}, "accountcode": "", "creationtime": "",
    "dialplan": {"context": "", "exten": "", "priority": 1, "app_name": "", "app_data": ""},
}  # fmt: skip


class Way:
    """Asterisk as far as the canary comes in it."""

    def __init__(self, until: str) -> None:
        self.until = until
        self.asked: list[str] = []
        self.canary = Canary(self, SystemClock())

    async def ask(self, request: Request) -> Any:
        word = f"{request.method} {request.path}"
        self.asked.append(word)
        if word == "POST channels":
            if self.until == "nothing":
                raise LostError("no connection")
            if self.until != "placed":
                assert self.canary.entered("far", ("canary",))
            return FACTS
        if word == "POST channels/far/answer":
            assert self.canary.entered("near", ("canary-near",))
        if word == "POST channels/near/dtmf" and self.until == "key":
            self.canary.heard("far", "1")
        if request.method == "DELETE" and request.path.endswith("near"):
            raise GoneError(request, 404, "Channel not found")
        return None


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)


def sing(until: str) -> tuple[Sung, Way]:
    async def go() -> tuple[Sung, Way]:
        way = Way(until)
        return await way.canary.sing(), way

    return asyncio.run(go())


def test_the_whole_way() -> None:
    sung, way = sing("key")
    assert (sung.path, sung.failed) == (("placed", "dialplan", "answered", "key"), "")
    assert sung.detail()["canary"] == "placed→dialplan→answered→key"
    assert {"DELETE channels/far", "DELETE channels/near"} <= set(way.asked)
    assert not way.canary.channels


@pytest.mark.parametrize(
    ("until", "path"), [("nothing", ()), ("placed", ("placed",)), ("answered", ("placed", "dialplan", "answered"))]
)
def test_a_way_that_is_broken_is_said_with_how_far_it_came(until: str, path: tuple[str, ...]) -> None:
    sung, _ = sing(until)
    assert sung.path == path
    assert sung.failed
    assert sung.detail()["canary_failed"] == sung.failed


def test_calls_of_others_are_none_of_its_own() -> None:
    way = Way("key")
    assert not way.canary.entered("x", ("enter", "front", "main"))
    assert not way.canary.entered("x", ())
