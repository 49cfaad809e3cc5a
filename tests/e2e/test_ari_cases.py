"""The cases that decide robustness, one row a test: what Asterisk does when the application is absent, cut off, late or hung.

The guards are written here as the generated dialplan has them; "the fallback" is an extension in which a caller waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
import websockets
from websockets.asyncio.server import serve

from appliance import dialplan
from ivr_flows.ari_models.applications import Applications
from ivr_flows.ari_models.asterisk import Asterisk as Api
from ivr_flows.ari_models.bridges import Bridge, Bridges
from ivr_flows.ari_models.channels import Channel, Channels
from ivr_flows.ari_models.events import Events
from ivr_flows.ari_models.events_other import CallBroadcast, StasisStart
from ivr_flows.ari_models.models_channels import Channel as ChannelFacts
from tests import needs
from tests.bed.ari import ACCESS, Ear, Switchboard, listening
from tests.bed.asterisk import UnavailableError
from tests.bed.house import wait_for

pytestmark = [needs.namespaces(), needs.program("mmdebstrap")]

APP, BEAT = dialplan.APP, dialplan.BEAT
FALLBACK = "fallback/main/Wait"
CONTEXTS = [
    "exten => bare,1,Stasis(appliance,enter,front,main)",
    "same => n,Goto(fallback,main,1)",
    'exten => beating,1,GotoIf($["${APPLIANCE_BEAT}" = ""]?fallback,main,1)',
    "same => n,GotoIf($[${EPOCH} - ${APPLIANCE_BEAT} > 5]?fallback,main,1)",
    "same => n,Stasis(appliance,enter,front,main)",
    "same => n,Goto(fallback,main,1)",
    "exten => limited,1,Set(TIMEOUT(absolute)=2)",
    "same => n,Stasis(appliance,enter,front,main)",
    "same => n,Goto(fallback,main,1)",
    "exten => claimed,1,StasisBroadcast(1000,^appliance$,enter:front:main)",
    "same => n,Goto(fallback,main,1)",
    "exten => T,1,Set(TIMEOUT(absolute)=0)",
    "same => n,Goto(fallback,main,1)",
    "[fallback]",
    "exten => main,1,NoOp(status ${STASISSTATUS})",
    "same => n,Wait(60)",
    "[callers]",
    "exten => wait,1,Wait(120)",
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switchboard]:
    try:
        board = Switchboard(tmp_path_factory.mktemp("cases"), CONTEXTS, {"websocket_client.conf": OUTBOUND})
    except UnavailableError as error:
        pytest.skip(str(error))
    with board.running():
        yield board


@pytest.fixture
def board(running: Switchboard) -> Iterator[Switchboard]:
    yield running
    running.settled()


def entered(board: Switchboard, ear: Ear, extension: str = "bare") -> asyncio.Future[StasisStart]:
    """A call that has just entered the application."""
    asyncio.get_running_loop().run_in_executor(None, board.call, extension)
    return asyncio.ensure_future(ear.wait(StasisStart, len(ear.of(StasisStart)) + 1))


def test_app_not_registered(board: Switchboard) -> None:
    board.call("bare")
    board.reach(FALLBACK)
    assert "status FAILED" in board.pbx.log()


def test_websocket_cut_with_calls_inside(board: Switchboard) -> None:
    board.expected.append("Stasis app 'appliance' not active")

    async def cut() -> None:
        ear = await listening()
        await entered(board, ear)
        await ear.close()

    board.here(cut)
    time.sleep(2.0)
    assert board.places() == ["bed/bare/Stasis"], "it stays in Stasis, silent, for ever"
    board.call("bare")
    board.reach(FALLBACK)
    assert board.places() == ["bed/bare/Stasis", FALLBACK]


def test_reconnect(board: Switchboard) -> None:
    async def again() -> tuple[list[str], ChannelFacts | None]:
        first = await listening()
        call = await entered(board, first)
        await first.close()
        second = await listening()
        (told,) = [app for app in await Applications(second.connection).list() if app.name == APP]
        await asyncio.sleep(0.5)
        assert not second.of(StasisStart), "Asterisk tells it no second time"
        assert told.channel_ids == (call.channel.id,)
        found = await Channel(second.connection, call.channel.id).get()
        await second.close()
        return list(call.args), found.facts

    args, facts = board.here(again)
    assert facts is not None
    assert (facts.dialplan.app_name, facts.dialplan.app_data) == ("Stasis", "appliance,enter,front,main")
    assert args == ["enter", "front", "main"]


def test_two_legs_in_an_ari_bridge_app_dies_one_hangs_up(board: Switchboard) -> None:
    async def bridged() -> tuple[str, str, str]:
        ear = await listening()
        one, other = await entered(board, ear), await entered(board, ear)
        bridge = await Bridges(ear.connection).create(type="mixing")
        await bridge.add_channel(channel=[one.channel.id, other.channel.id])
        await ear.close()
        return one.channel.id, other.channel.id, bridge.id

    one, other, bridge = board.here(bridged)

    async def end_one() -> None:
        ear = await listening()
        await Channel(ear.connection, one).hangup()
        await ear.close()

    async def left() -> tuple[str, ...]:
        ear = await listening()
        facts = (await Bridge(ear.connection, bridge).get()).facts
        await ear.close()
        assert facts is not None
        return facts.channels

    async def delete() -> None:
        ear = await listening()
        await Bridge(ear.connection, bridge).destroy()
        await Channel(ear.connection, other).hangup()
        await ear.close()

    board.here(end_one)
    time.sleep(1.5)
    assert board.here(left) == (other,), "it stays up until somebody deletes it"
    board.here(delete)


def test_app_alive_but_hung(board: Switchboard) -> None:
    async def hang() -> None:
        ear = await listening()
        await entered(board, ear)
        await asyncio.get_running_loop().run_in_executor(None, board.call, "bare")
        time.sleep(3.0)  # noqa: ASYNC251 - it hangs, and that is the point
        await asyncio.get_running_loop().run_in_executor(None, board.reach, "bed/bare/Stasis", 2)
        await ear.close()

    board.here(hang)


def test_guard_1_heartbeat_global_checked_in_the_dialplan(board: Switchboard) -> None:
    async def hung() -> None:
        ear = await listening()
        for beat, place in ((int(time.time()), "bed/beating/Stasis"), (int(time.time()) - 10, FALLBACK)):
            await Api(ear.connection).set_global_var(variable=BEAT, value=str(beat))
            await asyncio.get_running_loop().run_in_executor(None, board.call, "beating")
            await asyncio.get_running_loop().run_in_executor(None, board.reach, place)
        await ear.close()

    board.here(hung)


def test_guard_2_timeout_absolute_before_stasis_and_a_t_extension(board: Switchboard) -> None:
    async def hung() -> None:
        ear = await listening()
        await entered(board, ear, "limited")
        await asyncio.get_running_loop().run_in_executor(None, board.reach, FALLBACK)
        await ear.close()

    board.here(hung)
    assert board.places() == [FALLBACK], "the caller is not cut"


def test_guard_3_stasis_broadcast_and_claim(board: Switchboard) -> None:
    async def claims() -> tuple[str, ...]:
        ear = await listening()
        asyncio.get_running_loop().run_in_executor(None, board.call, "claimed")
        offered = await ear.wait(CallBroadcast)
        await Events(ear.connection).claim_channel(channel_id=offered.channel.id, application=APP)
        began = await ear.wait(StasisStart)
        await Channel(ear.connection, began.channel.id).hangup()
        await ear.close()
        return began.args

    async def hangs() -> None:
        ear = await listening()
        asyncio.get_running_loop().run_in_executor(None, board.call, "claimed")
        await asyncio.get_running_loop().run_in_executor(None, board.reach, FALLBACK)
        assert not ear.of(StasisStart)
        await ear.close()

    assert board.here(claims) == ("enter", "front", "main")
    board.here(hangs)
    assert "status TIMEOUT" in board.pbx.log()


OUTBOUND = """[out]
type = websocket_client
connection_type = persistent
uri = ws://127.0.0.1:9099/
protocols = ari
username = bed
password = bed
reconnect_interval = 500
"""


def test_persistent_outbound_websocket(board: Switchboard) -> None:
    extra = "\n[out]\ntype = outbound_websocket\nwebsocket_client_id = out\napps = reverse\nlocal_ari_user = appliance\n"
    path = board.pbx.folder / "etc" / "ari.conf"
    before = path.read_text()
    board.expected.append(r"res_(ari|websocket_client|http_websocket)|websocket")

    async def serve_and_go() -> None:
        arrived = asyncio.Event()

        async def talk(socket: websockets.ServerConnection) -> None:
            arrived.set()
            await socket.wait_closed()

        async with serve(talk, "127.0.0.1", 9099, subprotocols=[websockets.Subprotocol("ari")]):
            path.write_text(before + extra)
            await asyncio.get_running_loop().run_in_executor(None, board.pbx.cli, "module reload res_ari.so")
            async with asyncio.timeout(10):
                await arrived.wait()

    try:
        board.here(serve_and_go)
        time.sleep(1.0)
        assert "reverse" in board.pbx.cli("ari show apps"), "it stays registered while it is down: no fail-open"
    finally:
        path.write_text(before)
        board.pbx.cli("module reload res_ari.so")
    wait_for("the end of the outbound application", lambda: "reverse" not in board.pbx.cli("ari show apps"))


def test_the_auto_made_context_goes_with_the_app(board: Switchboard) -> None:
    async def look() -> None:
        ear = await listening()
        assert "stasis-appliance" in await asyncio.get_running_loop().run_in_executor(None, board.pbx.cli, "dialplan show")
        await ear.close()

    board.here(look)
    assert ACCESS.app == APP
    wait_for("its end", lambda: "stasis-appliance" not in board.pbx.cli("dialplan show"))


def test_a_call_is_seen_by_who_asks_for_all_channels(board: Switchboard) -> None:
    async def count() -> int:
        ear = await listening()
        await entered(board, ear)
        found = await Channels(ear.connection).list()
        await ear.close()
        return len(found)

    assert board.here(count) == 2
