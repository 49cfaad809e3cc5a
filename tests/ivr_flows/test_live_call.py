"""One call: what it is told goes through the engine, what the engine wants is done, and every refusal ends somewhere sensible."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance import flow_shelf
from appliance.moments import SECOND
from appliance.records import AnswersKept
from ivr_flows.live_call import LiveCall
from tests.bed.exchange import publish
from tests.ivr_flows.lobby import MENU, Lobby, in_lobby

PLAY = r"POST channels/[^/]+/play/.*"
CONTINUE = r"POST channels/[^/]+/continue"
ANSWER = r"POST channels/[^/]+/answer"
RING_FIRST = MENU.replace("start: menu", "start: sales")


def test_a_caller_is_answered_when_there_is_something_to_hear_and_once(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        line.state = "Ring"
        await lobby.server.was_asked(PLAY)
        await lobby.server.end_playback(line)
        await lobby.server.was_asked(PLAY, 2)

    in_lobby(tmp_path, conversation)


def test_a_caller_who_is_only_put_through_hears_it_ring(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        await lobby.server.enter("enter", "front", "main")
        await lobby.server.was_asked(CONTINUE)
        assert lobby.server.requests(ANSWER) == []

    in_lobby(tmp_path, conversation, RING_FIRST)


def test_a_key_stops_what_is_said_and_the_stopped_playback_counts_for_nothing(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.server.was_asked(PLAY)
        await lobby.server.press(line, "9")  # nobody offers it: stopped, and said again
        await lobby.server.was_asked("DELETE playbacks/.*")
        await lobby.server.was_asked(PLAY, 2)
        await asyncio.sleep(0.2)
        assert lobby.told.nodes() == ["menu"]
        assert len(lobby.server.requests(PLAY)) == 2

    in_lobby(tmp_path, conversation)


def test_a_sound_that_is_missing_is_said_and_the_flow_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def conversation(lobby: Lobby) -> None:
        prompts = tmp_path / "var" / "flows" / "main" / "revisions"
        for path in prompts.rglob("*.wav"):
            path.rename(path.with_suffix(".lost"))
        await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: lobby.told.nodes() == ["menu", "bye"])

    in_lobby(tmp_path, conversation)
    assert "is missing; publish the flow again" in caplog.text


def test_a_playback_that_asterisk_refuses_or_fails_is_over(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        lobby.server.refuse[PLAY] = 500
        await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: lobby.told.nodes() == ["menu", "bye"])

    in_lobby(tmp_path, conversation)


def test_a_call_keeps_the_revision_that_it_began_with(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: lobby.told.nodes() == ["menu"])
        publish(tmp_path / "var", MENU.replace("go: sales", "go: bye"), 2)
        later = await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: lobby.told.nodes() == ["menu", "menu"])
        await lobby.server.press(line, "1")
        await lobby.until(lambda: line.went == ("go-group", "front"))
        await lobby.server.press(later, "1")
        await lobby.until(lambda: lobby.told.nodes()[-1] == "bye")
        revisions = [getattr(record, "revision", "") for record in lobby.told.records]
        assert revisions == ["0001-abcdefgh", "0002-abcdefgh", "0001-abcdefgh", "0002-abcdefgh"]
        assert flow_shelf.live_revision(tmp_path / "var", "main") == "0002-abcdefgh"

    in_lobby(tmp_path, conversation)


def test_the_clock_of_a_call_does_not_jump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def conversation(lobby: Lobby) -> None:
        await lobby.server.enter("enter", "front", "main")
        await lobby.until(lambda: lobby.told.nodes() == ["menu"])
        (call,) = lobby.reception.calls.values()
        assert isinstance(call, LiveCall)
        before = call.now()
        wall = lobby.reception.wall
        monkeypatch.setattr(lobby.reception, "wall", lambda: wall() - 5 * 3600 * SECOND)
        assert 0 <= call.now() - before < 60 * SECOND

    in_lobby(tmp_path, conversation)


def test_a_recording_of_the_callers_is_kept_sealed_and_the_flow_goes_on(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.server.was_asked(PLAY)
        await lobby.server.press(line, "2")
        (asked,) = await lobby.server.was_asked(r"POST channels/[^/]+/record")
        assert (asked["name"], asked["maxDurationSeconds"], asked["format"]) == (f"appliance-{line.id}", "10", "wav")
        lobby.server.stored[asked["name"]] = b"RIFF" + bytes(100)
        facts = {"name": asked["name"], "format": "wav", "target_uri": f"channel:{line.id}", "state": "done", "duration": 3}
        await lobby.server.tell("RecordingFinished", recording=facts)
        await lobby.until(lambda: lobby.told.nodes()[-1] == "bye")
        (kept,) = (tmp_path / "var" / "messages" / "main").iterdir()
        assert kept.read_bytes().startswith(b"age-encryption.org/v1")

    in_lobby(tmp_path, conversation)


def test_a_recording_that_fails_takes_the_way_for_errors(tmp_path: Path) -> None:
    async def conversation(lobby: Lobby) -> None:
        lobby.server.refuse[r"POST channels/[^/]+/record"] = 500
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.server.was_asked(PLAY)
        await lobby.server.press(line, "2")
        await lobby.until(lambda: lobby.told.nodes()[-1] == "sales")

    in_lobby(tmp_path, conversation)


def test_the_answers_of_a_survey_are_kept_beside_the_call(tmp_path: Path) -> None:
    flow = MENU.replace("go: sales", "go: thanks") + '\n  thanks: {type: set, values: {score: "5"}, note: true, next: bye}\n'

    async def conversation(lobby: Lobby) -> None:
        line = await lobby.server.enter("enter", "front", "main")
        await lobby.server.was_asked(PLAY)
        await lobby.server.press(line, "1")
        await lobby.until(lambda: lobby.told.nodes()[-1:] == ["bye"])
        (kept,) = (record for record in lobby.told.records if isinstance(record, AnswersKept))
        assert (kept.flow, kept.revision, kept.values) == ("main", "0001-abcdefgh", {"score": "5"})

    in_lobby(tmp_path, conversation, flow)
