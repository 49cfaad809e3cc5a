"""What callers record is kept: a message sealed, a prompt as a sound of the box's own; where that fails Asterisk's copy stays."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance import keys, sealed
from appliance.box import Box
from appliance.clock import SystemClock
from ivr_flows.ari import open_connection
from ivr_flows.effects import Record
from ivr_flows.keepsakes import Keepsakes
from tests.fakes.ari import FakeAri

SOUND = b"RIFF" + bytes(range(200))


def record(kind: str) -> Record:
    return Record(1, kind, "greeting", 1, 0, "#")


def keep(box: Box, kind: str, stored: dict[str, bytes]) -> list[str]:
    async def conversation() -> list[str]:
        async with FakeAri() as server:
            server.stored = stored
            connection = await open_connection(server.access)
            await Keepsakes(box, SystemClock()).keep(connection, "c1", "main", "appliance-1", record(kind))
            await connection.close()
            return [f"{method} {path}" for method, path, _ in server.asked]

    return asyncio.run(conversation())


def test_a_message_lies_sealed_and_the_box_can_open_it(box: Box) -> None:
    asked = keep(box, "message", {"appliance-1": SOUND})
    (path,) = (box.folders.data / "messages" / "main").iterdir()
    assert path.name == "c1-greeting.wav.age"
    identities = keys.load_identities(box.folders.keys / "playback.key")
    assert sealed.open_sealed(path.read_bytes(), identities) == SOUND
    assert asked == ["DELETE recordings/stored/appliance-1"]


def test_a_prompt_becomes_a_sound_of_the_boxs_own(box: Box) -> None:
    keep(box, "prompt", {"appliance-1": SOUND})
    assert (box.folders.data / "prompts" / "greeting.wav").read_bytes() == SOUND


def test_what_cannot_be_had_stays_at_asterisks_and_is_said(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    assert keep(box, "message", {}) == []
    assert "stays at Asterisk's" in caplog.text
    assert not Path(box.folders.data / "messages").exists()
