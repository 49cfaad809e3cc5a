"""The ARI client against a server whose answers come when the test says so: nobody waits for ever, nothing unknown stops it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from ivr_flows import ari
from ivr_flows.ari import Access, GoneError, LostError, RefusedError, connections, download, open_connection
from ivr_flows.ari_models.asterisk import Asterisk
from ivr_flows.ari_models.channels import Channel
from ivr_flows.ari_models.events_other import StasisStart
from ivr_flows.ari_models.models_events import Event
from ivr_flows.ari_models.values import Request
from tests.bed.house import free_port
from tests.fakes.ari import FakeAri


def talk(conversation: Callable[[FakeAri], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30), FakeAri() as server:
            await conversation(server)

    asyncio.run(bounded())


def test_a_request_is_answered_over_the_websocket_with_a_typed_value() -> None:
    async def conversation(server: FakeAri) -> None:
        connection = await open_connection(server.access)
        assert (await Asterisk(connection).ping()).ping == "pong"
        await connection.close()

    talk(conversation)


def test_events_come_in_order_and_typed() -> None:
    async def conversation(server: FakeAri) -> None:
        connection = await open_connection(server.access)
        await server.until(lambda: server.connected)
        await server.enter("enter", "front", "main")
        await server.enter("enter", "side", "main")
        events = connection.events()
        first, second = await anext(events), await anext(events)
        assert isinstance(first, StasisStart) and isinstance(second, StasisStart)
        assert (first.args[1], second.args[1]) == ("front", "side")
        await connection.close()

    talk(conversation)


def test_what_is_gone_is_told_apart_from_what_is_refused() -> None:
    async def conversation(server: FakeAri) -> None:
        connection = await open_connection(server.access)
        await server.until(lambda: server.connected)
        line = await server.enter("enter", "front", "main")
        channel = Channel(connection, line.id)
        with pytest.raises(GoneError, match="404"):
            await Channel(connection, "nobody").answer()
        await channel.continue_in_dialplan(context="go-group", extension="front")
        with pytest.raises(GoneError, match="409"):
            await channel.answer()
        server.refuse["POST .*"] = 500
        with pytest.raises(RefusedError, match="500 refused") as refused:
            await channel.play_with_id("p", media=["sound:a"])
        assert not isinstance(refused.value, GoneError)
        await connection.close()

    talk(conversation)


def test_a_lost_connection_ends_every_request_that_waits_and_the_events() -> None:
    async def conversation(server: FakeAri) -> None:
        server.hold.add("GET asterisk/ping")
        connection = await open_connection(server.access)
        waiting = [asyncio.create_task(Asterisk(connection).ping()) for _ in range(3)]
        await server.was_asked("GET asterisk/ping", 3)
        server.cut()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [LostError] * 3
        assert [event async for event in connection.events()] == []
        with pytest.raises(LostError, match="is lost"):
            await Asterisk(connection).ping()
        await connection.close()

    talk(conversation)


def test_an_answer_that_does_not_come_is_a_lost_one_and_a_late_one_hurts_nobody() -> None:
    async def conversation(server: FakeAri) -> None:
        server.hold.add("GET asterisk/ping")
        connection = await open_connection(server.access)
        with pytest.raises(LostError, match=r"within 0\.05 s"):
            await connection.ask(Request(method="GET", path="asterisk/ping"), 0.05)
        late = {
            "type": "RESTResponse",
            "request_id": "1",
            "status_code": 200,
            "reason_phrase": "OK",
            "uri": "",
            "transaction_id": "",
        }
        await server.send(json.dumps(late))
        server.hold.clear()
        assert (await Asterisk(connection).ping()).ping == "pong"
        await connection.close()

    talk(conversation)


def test_a_connection_that_is_lost_is_followed_by_another() -> None:
    async def conversation(server: FakeAri) -> None:
        seen = 0
        async for connection in connections(server.access):
            seen += 1
            assert (await Asterisk(connection).ping()).ping == "pong"
            if seen == 3:
                break
            server.cut()
            assert [event async for event in connection.events()] == []
        assert server.connected == 3

    talk(conversation)


def test_it_comes_as_soon_as_there_is_a_server() -> None:
    async def conversation(gone: FakeAri) -> None:
        access = replace(gone.access, port=free_port())
        everything = connections(access)
        coming = asyncio.ensure_future(anext(everything))
        await asyncio.sleep(0.3)
        assert not coming.done()
        async with FakeAri(access.port):
            assert (await Asterisk(await coming).ping()).ping == "pong"
            await everything.aclose()

    talk(conversation)


def test_a_wrong_password_is_said() -> None:
    async def conversation(server: FakeAri) -> None:
        with pytest.raises(LostError, match=r"gives no ARI connection.*401"):
            await open_connection(replace(server.access, password="wrong"))

    talk(conversation)


def test_the_password_stands_in_no_message() -> None:
    assert "secret" not in repr(Access(user="appliance", password="secret", app="appliance"))


@pytest.mark.parametrize(
    "sent", ["no JSON", "[]", "{}", '{"type": "StasisStart"}', '{"type": "RESTResponse"}', '{"type": "StasisStart", "channel": 3}']
)
def test_what_is_no_event_is_said_and_passed_over(sent: str, caplog: pytest.LogCaptureFixture) -> None:
    async def conversation(server: FakeAri) -> None:
        connection = await open_connection(server.access)
        await server.until(lambda: server.connected)
        await server.send(sent)
        await server.enter("enter", "front", "main")
        assert isinstance(await anext(connection.events()), StasisStart)
        await connection.close()

    talk(conversation)
    assert ("do not promise" in caplog.text) == ("RESTResponse" not in sent)


def test_an_event_of_a_newer_asterisk_is_an_event_still() -> None:
    async def conversation(server: FakeAri) -> None:
        connection = await open_connection(server.access)
        await server.until(lambda: server.connected)
        await server.tell("SomethingNew", answer=42)
        event = await anext(connection.events())
        assert (type(event), event.type) == (Event, "SomethingNew")
        await connection.close()

    talk(conversation)


def test_who_falls_too_far_behind_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ari, "EVENTS_WAITING", 10)

    async def conversation(server: FakeAri) -> None:
        connection = await open_connection(server.access)
        await server.until(lambda: server.connected)
        for _ in range(12):
            await server.enter("enter", "front", "main")
        heard = [event async for event in connection.events()]
        assert len(heard) == 10, "nothing comes after a gap but the end"
        assert connection.lost
        await connection.close()

    talk(conversation)


def test_a_recording_comes_over_http() -> None:
    async def conversation(server: FakeAri) -> None:
        server.stored["a/b c"] = b"RIFF" + bytes(1000)
        assert await download(server.access, "a/b c") == server.stored["a/b c"]
        with pytest.raises(GoneError):
            await download(server.access, "missing")
        with pytest.raises(LostError):
            await download(replace(server.access, port=1), "missing")

    talk(conversation)
