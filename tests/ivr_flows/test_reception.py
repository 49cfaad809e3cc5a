"""Who comes in is welcomed, who is lost is found, who is a stranger is sent to the fallback – with every event at the worst moment."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from ivr_flows import reception
from ivr_flows.live_call import LiveCall
from tests.fakes.ari import FakeAri, Line
from tests.ivr_flows.lobby import Lobby, in_lobby

CONTINUE = r"POST channels/[^/]+/continue"


def test_a_caller_presses_a_key_and_is_connected(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main", APPLIANCE_CALLER="0312345678")
        await lobby.server.was_asked(r"POST channels/[^/]+/play/.*")
        await lobby.server.press(line, "1")
        await lobby.server.was_asked(CONTINUE)
        assert line.went == ("go-group", "front")
        assert line.variables["APPLIANCE_RING"] == "20"
        assert (line.variables["APPLIANCE_BACK"], line.variables["TIMEOUT(absolute)"]) == ("1", "0")
        assert lobby.told.nodes() == ["menu", "sales"]

    in_lobby(tmp_path, conversation)


def test_a_call_that_comes_back_goes_on_in_its_flow(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: lobby.told.nodes() == ["menu"])
        await lobby.server.press(line, "1")
        await lobby.server.was_asked(CONTINUE)
        await lobby.server.again(line, "back", "no_answer")
        await lobby.until(lambda: lobby.told.nodes() == ["menu", "sales", "bye"])
        await lobby.until(lambda: line.id in lobby.server.playing.values())
        await lobby.server.end_playback(line)
        await lobby.until(lambda: line.id not in lobby.server.lines)

    in_lobby(tmp_path, conversation)


def test_every_call_inside_has_a_lease_that_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "BEAT_S", 0.05)

    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: len(lobby.leases) >= 4)
        assert set(lobby.leases) == {(f"PJSIP/trunk-{line.id}", reception.LEASE_S)}
        await lobby.server.press(line, "1")
        await lobby.server.was_asked(CONTINUE)
        count = len(lobby.leases)
        await asyncio.sleep(0.3)
        assert len(lobby.leases) == count, "none while the dialplan has the call"

    in_lobby(tmp_path, conversation)


def test_the_beat_is_the_time_and_comes_after_the_reconciliation(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        order = [f"{method} {path}" for method, path, _ in lobby.server.asked]
        assert order.index("GET applications") < order.index("GET bridges") < order.index("POST asterisk/variable")
        assert abs(int(lobby.server.globals["APPLIANCE_BEAT"]) - time.time()) < 5

    in_lobby(tmp_path, conversation)


def test_no_beat_while_events_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "BEAT_S", 0.05)

    async def conversation(lobby: Lobby) -> None:
        monkeypatch.setattr(reception, "BEHIND", 0)
        await asyncio.sleep(0.2)
        lobby.server.globals.clear()
        await asyncio.sleep(0.3)
        assert "APPLIANCE_BEAT" not in lobby.server.globals

    in_lobby(tmp_path, conversation)


def test_strangers_are_sent_on_before_the_first_beat(tmp_path: Path) -> None:
    server = FakeAri()
    server.lines = {
        "menu": Line("menu", "appliance,enter,front,main"),
        "away": Line("away", "appliance,back,no_answer", variables={"APPLIANCE_FLOW": "main"}),
        "over": Line("over", "appliance,back,answered"),
    }
    server.bridges = {"half": ["menu"], "whole": ["menu", "away"]}
    server.recordings = {"appliance-menu": "menu"}
    menu, away = server.lines["menu"], server.lines["away"]

    async def conversation(lobby: Lobby) -> None:
        assert menu.went == away.went == ("go-fallback", "main")
        assert menu.variables["TIMEOUT(absolute)"] == "0"
        assert "over" not in server.lines
        assert list(server.bridges) == ["whole"]
        assert server.recordings == {}
        order = [f"{method} {path}" for method, path, _ in server.asked]
        assert max(place for place, word in enumerate(order) if "continue" in word) < order.index("POST asterisk/variable")

    in_lobby(tmp_path, conversation, server=server)


def test_a_call_that_is_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: line.id in lobby.server.playing.values())
        lobby.server.cut()
        lobby.server.playing.clear()  # what was said comes to its end unheard
        await lobby.server.until(lambda: lobby.server.connected == 2)
        await lobby.until(lambda: lobby.reception.working)
        await lobby.server.press(line, "1")
        await lobby.server.was_asked(CONTINUE)
        assert line.went == ("go-group", "front")
        assert lobby.told.nodes() == ["menu", "sales"]

    in_lobby(tmp_path, conversation)


def test_a_prompt_that_ended_while_we_were_cut_off_is_over(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: line.id in lobby.server.playing.values())
        lobby.server.cut()
        lobby.server.playing.clear()
        await lobby.server.was_asked(r"POST channels/[^/]+/play/.*", 2)  # nobody pressed anything: said again

    in_lobby(tmp_path, conversation)


def test_who_hangs_up_while_we_are_cut_off_is_gone(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: lobby.told.nodes() == ["menu"])
        lobby.server.cut()
        del lobby.server.lines[line.id]
        await lobby.until(lambda: not lobby.reception.calls)

    in_lobby(tmp_path, conversation)


def test_an_effect_that_is_lost_with_the_connection_is_performed_on_the_next_one(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: lobby.told.nodes() == ["menu"])
        lobby.server.hold.add(CONTINUE)
        await lobby.server.press(line, "1")
        await lobby.server.was_asked(CONTINUE)
        lobby.server.hold.clear()
        lobby.server.cut()
        await lobby.server.was_asked(CONTINUE, 2)
        await lobby.until(lambda: line.went == ("go-group", "front"))

    in_lobby(tmp_path, conversation)


def test_hang_up_right_after_the_entry_leaves_nothing(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        del lobby.server.lines[line.id]
        await lobby.server.hang_up(line)
        await lobby.server.was_asked("GET channels/.*/variables?")
        await asyncio.sleep(0.2)
        await lobby.until(lambda: not lobby.reception.calls)

    in_lobby(tmp_path, conversation)


def test_a_flow_that_nobody_knows_is_the_fallbacks(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "unheard_of")
        await lobby.until(lambda: line.went == ("go-fallback", "unheard_of"))

    in_lobby(tmp_path, conversation)


def test_an_error_of_ours_in_one_call_rings_the_office_and_touches_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conversation(lobby: Lobby) -> None:
        other = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: lobby.told.nodes() == ["menu"])

        async def fails(call: LiveCall) -> None:
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr(LiveCall, "run", fails)
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: line.went == ("go-fallback", "main"))
        await lobby.server.press(other, "1")
        await lobby.until(lambda: other.went == ("go-group", "front"))

    in_lobby(tmp_path, conversation)


def test_what_is_offered_is_claimed(tmp_path: Path) -> None:
    server = FakeAri()
    server.claims = True

    async def conversation(lobby: Lobby) -> None:
        assert server.globals["APPLIANCE_CLAIMS"] == "1"
        await server.tell("CallBroadcast", channel=Line("new", "").told(), caller="", called="")
        (claimed,) = await server.was_asked("POST events/claim")
        assert claimed == {"channelId": "new", "application": "appliance"}

    in_lobby(tmp_path, conversation, server=server)


def test_an_asterisk_that_offers_nothing_to_claim_is_asked_to_enter_calls_directly(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        assert lobby.server.globals["APPLIANCE_CLAIMS"] == "0"

    in_lobby(tmp_path, conversation)


def test_a_call_that_comes_back_to_nobody_rings_the_office(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("back", "no_answer", APPLIANCE_FLOW="main")
        await lobby.until(lambda: line.went == ("go-fallback", "main"))
        talked = await lobby.server.enter("back", "answered", APPLIANCE_FLOW="main")
        await lobby.until(lambda: talked.id not in lobby.server.lines)

    in_lobby(tmp_path, conversation)


def test_when_we_go_everybody_inside_is_handed_over(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: lobby.told.nodes() == ["menu"])
        await lobby.reception.hand_over()
        assert line.went == ("go-fallback", "main")

    in_lobby(tmp_path, conversation)
