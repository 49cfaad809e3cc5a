"""AMI: what panoramisk lacks is there – characters cut in two, line breaks in fields, answers that never come, peers that are dead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr_flows import ami
from ivr_flows.ami import Ami, AmiAccess, AmiLostError, AmiRefusedError, InjectionError
from tests import needs
from tests.bed.ari import Switchboard
from tests.bed.asterisk import UnavailableError
from tests.fakes.ami import FakeAmi

NAME = "山田 太郎 🎌"


def talk(conversation: Callable[[FakeAmi, Ami], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30), FakeAmi() as server, Ami(server.access) as manager:
            await manager.ready()
            await conversation(server, manager)

    asyncio.run(bounded())


@settings(max_examples=30)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_a_character_cut_in_two_by_the_network_is_whole(pieces: list[int]) -> None:
    event = f"Event: Newchannel\r\nCallerIDName: {NAME}\r\n\r\n".encode()

    class Transport(asyncio.Transport):
        def write(self, data: Any) -> None: ...

    heard: list[Any] = []
    protocol = ami._Protocol()
    protocol.connection_made(Transport())
    protocol.factory = type("Factory", (), {"dispatch": staticmethod(heard.append), "save_stream": None})
    while event:
        size = pieces.pop(0) if pieces else len(event)
        protocol.data_received(event[:size])
        event = event[size:]
    assert [message["CallerIDName"] for message in heard] == [NAME]


def test_an_event_in_pieces_comes_once_and_whole() -> None:
    async def conversation(server: FakeAmi, manager: Ami) -> None:
        data = f"Event: Newchannel\r\nCallerIDName: {NAME}\r\n\r\n".encode()
        cut = data.index(NAME.encode()) + 1
        await server.send(data[:cut])
        await server.send(data[cut:])
        assert await anext(manager.events()) == {"event": "Newchannel", "calleridname": NAME}

    talk(conversation)


@pytest.mark.parametrize("value", ["201\r\nAction: Command", "a\nb", "a\rb", "a\0b"])
def test_a_line_break_in_a_field_is_refused_and_nothing_is_sent(value: str) -> None:
    async def conversation(server: FakeAmi, manager: Ami) -> None:
        with pytest.raises(InjectionError, match="nothing was sent"):
            await manager.ask("ExtensionState", {"Exten": value})
        with pytest.raises(InjectionError):
            await manager.ask(value)
        with pytest.raises(InjectionError):
            await manager.ask("Ping", {value: "1"})
        await manager.ask("Ping")
        assert {one["Action"] for one in server.actions} == {"Login", "Ping"}

    talk(conversation)


def test_an_answer_that_does_not_come_ends_in_time() -> None:
    async def conversation(server: FakeAmi, manager: Ami) -> None:
        server.silent = True
        with pytest.raises(AmiLostError, match=r"within 0\.1 s"):
            await manager.ask("CoreStatus", within=0.1)

    talk(conversation)


def test_a_peer_that_takes_everything_and_says_nothing_is_left_and_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami, "PING_S", 0.2)

    async def conversation(server: FakeAmi, manager: Ami) -> None:
        server.silent = True
        waiting = asyncio.create_task(manager.ask("CoreStatus", within=20))
        with pytest.raises(AmiLostError, match="was lost before the answer"):
            await waiting
        assert not manager.up
        server.silent = False
        await manager.ready(10)
        assert server.connected >= 2
        assert (await anext(manager.events()))["event"] == "lost", "what happened meanwhile is not known"
        await manager.ask("Ping")

    talk(conversation)


def test_an_action_of_a_lost_connection_is_never_sent_again_by_itself() -> None:
    async def conversation(server: FakeAmi, manager: Ami) -> None:
        server.silent = True
        waiting = asyncio.create_task(manager.ask("Originate", {"Channel": "PJSIP/201"}))
        await server.was_sent("Originate")
        server.silent = False
        server.cut()
        with pytest.raises(AmiLostError):
            await waiting
        await manager.ready(10)
        await server.send(b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n")
        await manager.ask("Ping")
        assert len(await server.was_sent("Originate")) == 1

    talk(conversation)


def test_a_refusal_is_said_with_asterisks_words() -> None:
    async def conversation(server: FakeAmi, manager: Ami) -> None:
        server.answers["QueueAdd"] = "Response: Error\r\nActionID: -\r\nMessage: No such queue\r\n\r\n"
        with pytest.raises(AmiRefusedError, match="refuses QueueAdd: No such queue"):
            await manager.ask("QueueAdd", {"Queue": "x"})

    talk(conversation)


def test_a_wrong_password_is_no_connection() -> None:
    async def conversation() -> None:
        async with FakeAmi() as server, Ami(replace(server.access, password="wrong")) as manager:
            with pytest.raises(AmiLostError, match="takes no login of appliance"):
                await manager.ready(0.5)
            with pytest.raises(AmiLostError, match="there is no connection"):
                await manager.ask("Ping")

    asyncio.run(conversation())


def test_who_does_not_listen_costs_no_memory_and_is_told_of_the_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami, "EVENTS_WAITING", 5)

    async def conversation(server: FakeAmi, manager: Ami) -> None:
        for number in range(20):
            await server.send(f"Event: Hangup\r\nUniqueid: {number}\r\n\r\n".encode())
        events = manager.events()
        assert "lost" in [(await anext(events))["event"] for _ in range(5)]

    talk(conversation)


def test_the_password_stands_in_no_message() -> None:
    assert "secret" not in repr(AmiAccess(user="appliance", password="secret"))


MANAGER = """[general]
enabled = yes
bindaddr = 127.0.0.1
[appliance]
secret = bed
read = all
write = all
"""


@needs.namespaces()
@needs.program("mmdebstrap")
def test_the_real_asterisk_answers_lists_and_tells(tmp_path: Path) -> None:
    async def conversation() -> None:
        async with Ami(AmiAccess(user="appliance", password="bed")) as manager:
            await manager.ready()
            assert (await manager.ask("Ping"))["ping"] == "Pong"
            await manager.ask("Setvar", {"Variable": "NAME", "Value": NAME})
            assert (await manager.ask("Getvar", {"Variable": "NAME"}))["value"] == NAME
            await manager.ask("UserEvent", {"UserEvent": "greeting", "Name": NAME * 30})
            async for event in manager.events():
                if event["event"] == "UserEvent":
                    assert event["name"] == NAME * 30
                    break
            assert await manager.ask_list("CoreShowChannels") == []
            with pytest.raises(AmiRefusedError):
                await manager.ask("Hangup", {"Channel": "PJSIP/none"})

    try:
        board = Switchboard(tmp_path, ["[callers]", "exten => wait,1,Wait(5)"], {"manager.conf": MANAGER})
    except UnavailableError as error:
        pytest.skip(str(error))
    with board.running():
        board.here(conversation)
        board.settled()
