"""The cases that decide robustness, one row a test: what Asterisk says of sound, keys, recordings and settings asked of it through ARI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ivr_flows.ari import GoneError, RefusedError, download
from ivr_flows.ari_models.asterisk import Asterisk as Api
from ivr_flows.ari_models.channels import Channel
from ivr_flows.ari_models.events_channel import ChannelDtmfReceived
from ivr_flows.ari_models.events_other import PlaybackFinished, PlaybackStarted, RecordingFinished, StasisStart
from tests import needs
from tests.bed.ari import ACCESS, Ear, Switchboard, listening
from tests.bed.asterisk import Endpoint, UnavailableError
from tests.bed.phone import Phone

pytestmark = [needs.namespaces(), needs.program("mmdebstrap", "baresip")]

SECOND = np.zeros(16000, np.int16)
CONTEXTS = ["exten => 100,1,Answer()", "same => n,Stasis(appliance,enter,front,main)", "[callers]", "exten => wait,1,Wait(120)"]
SORCERY = """[res_pjsip]
endpoint = config,pjsip.conf,criteria=type=endpoint
endpoint = memory
auth = config,pjsip.conf,criteria=type=auth
auth = memory
aor = config,pjsip.conf,criteria=type=aor
aor = memory
"""
PHONES = 100


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switchboard]:
    try:
        board = Switchboard(
            tmp_path_factory.mktemp("sound"), CONTEXTS, {"sorcery.conf": SORCERY}, [Endpoint(number="201")], sounds={"long": SECOND}
        )
    except UnavailableError as error:
        pytest.skip(str(error))
    with board.running():
        yield board


@pytest.fixture
def board(running: Switchboard) -> Iterator[Switchboard]:
    yield running
    running.settled()


async def entered(board: Switchboard) -> tuple[Ear, Channel]:
    """A call that has just entered the application."""
    ear = await listening()
    await asyncio.get_running_loop().run_in_executor(None, board.call, "100")
    return ear, Channel(ear.connection, (await ear.wait(StasisStart)).channel.id)


def test_hang_up_right_after_stasis_start(board: Switchboard) -> None:
    async def late() -> None:
        ear, channel = await entered(board)
        await channel.hangup()
        await asyncio.sleep(0.3)
        with pytest.raises(GoneError) as refused:
            await channel.play(media=["sound:/mnt/sounds/long"])
        assert refused.value.status == 404
        await ear.close()

    board.here(late)


def test_a_channel_that_has_left_the_application_is_gone_for_it(board: Switchboard) -> None:
    async def left() -> None:
        ear, channel = await entered(board)
        await channel.continue_in_dialplan(context="callers", extension="wait", priority=1)
        await asyncio.sleep(0.3)
        with pytest.raises(GoneError) as refused:
            await channel.play(media=["sound:/mnt/sounds/long"])
        assert refused.value.status == 409
        await ear.close()

    board.here(left)


def test_play_a_missing_file(board: Switchboard) -> None:
    async def play(*media: str) -> list[str]:
        ear, channel = await entered(board)
        asked = await channel.play_with_id("mine", media=media)
        assert asked.facts is not None, "Asterisk takes it (201), though by then it may have failed already"
        ended = await ear.wait(PlaybackFinished)
        await ear.close()
        return [ended.playback.id, ended.playback.state]

    assert board.here(lambda: play("sound:/mnt/sounds/missing")) == ["mine", "failed"]
    board.hang_up()
    assert board.here(lambda: play("sound:/mnt/sounds/missing", "sound:/mnt/sounds/long")) == ["mine", "done"], "the loss is silent"


def test_playback_we_stop(board: Switchboard) -> None:
    async def stopped() -> str:
        ear, channel = await entered(board)
        playing = await channel.play(media=["sound:/mnt/sounds/long", "sound:/mnt/sounds/long"])
        await ear.wait(PlaybackStarted)
        await playing.stop()
        ended = await ear.wait(PlaybackFinished)
        await ear.close()
        return ended.playback.state

    assert board.here(stopped) == "done", "as at its natural end"


def test_dtmf(board: Switchboard, tmp_path: Path) -> None:
    async def keyed(phone: Phone) -> list[ChannelDtmfReceived]:
        ear = await listening()
        here = asyncio.get_running_loop()
        await here.run_in_executor(None, phone.dial, "100")
        await ear.wait(StasisStart)
        await here.run_in_executor(None, phone.wait, "CALL_ESTABLISHED")
        await here.run_in_executor(None, phone.press, "1#")
        await ear.wait(ChannelDtmfReceived, 2)
        await ear.close()
        return ear.of(ChannelDtmfReceived)

    with Phone(board.lan, "201", SECOND, tmp_path / "201", server=board.address) as phone:
        keys = board.here(lambda: keyed(phone))
        board.hang_up()
    assert [key.digit for key in keys] == ["1", "#"]
    assert all(key.duration_ms >= 80 for key in keys), "it is told at key-up, with its duration"


def test_recording_name_in_use_bad_format_and_climbing(board: Switchboard) -> None:
    async def record() -> list[int]:
        ear, channel = await entered(board)
        live = await channel.record(name="message", format="wav")
        refused = []
        for name, kind in (("message", "wav"), ("other", "nonsense"), ("../outside", "wav")):
            with pytest.raises(RefusedError) as error:
                await channel.record(name=name, format=kind)
            assert not isinstance(error.value, GoneError)
            refused.append(error.value.status)
        await asyncio.sleep(0.5)
        await live.stop()
        await ear.wait(RecordingFinished)
        sound = await download(ACCESS, "message")
        assert sound.startswith(b"RIFF")
        with pytest.raises(GoneError):
            await download(ACCESS, "never made")
        await ear.close()
        return refused

    assert board.here(record) == [409, 422, 500]


def test_db_write_through_ari(board: Switchboard) -> None:
    async def write() -> None:
        ear, channel = await entered(board)
        await channel.set_channel_var(variable="DB(family/key)", value="x")  # 204
        await Api(ear.connection).set_global_var(variable="DB(family/key)", value="x")
        await ear.close()

    board.expected.append("Dangerous function DB write blocked")
    board.here(write)
    assert "family" not in board.pbx.cli("database show"), "it stores nothing"


def test_pushing_100_phones_through_dynamic_configuration(board: Switchboard) -> None:
    async def push() -> float:
        ear = await listening()
        api = Api(ear.connection)
        begun = time.monotonic()
        for number in range(300, 300 + PHONES):
            auth = {"auth_type": "userpass", "username": str(number), "password": str(number)}
            for kind, fields in (
                ("aor", {"max_contacts": "1"}),
                ("auth", auth),
                ("endpoint", {"context": "bed", "aors": str(number), "auth": str(number), "allow": "ulaw"}),
            ):
                rows = [{"attribute": name, "value": value} for name, value in fields.items()]
                await api.update_object("res_pjsip", kind, str(number), fields=rows)
        took = time.monotonic() - begun
        with pytest.raises(RefusedError) as refused:
            await api.update_object("res_pjsip", "endpoint", "201", fields=[{"attribute": "context", "value": "other"}])
        assert refused.value.status == 403, "what stands in pjsip.conf is not changed this way"
        await ear.close()
        return took

    board.here(push)
    assert f"Objects found: {PHONES + 1}" in board.pbx.cli("pjsip show endpoints")
