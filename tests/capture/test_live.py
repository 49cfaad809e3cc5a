"""A call's files are followed as they grow: each side on its channel, a second behind, silence where nothing is; whatever the bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.moments import MILLISECOND, SECOND
from capture import blocks
from capture.live import DELAY, Follower
from tests.bed.made import CALLED_HZ, CALLER_HZ, MadeCall
from tests.capture.scenes import A, B, direct_later
from tests.capture.test_recorder import Desk

STEP = 200 * MILLISECOND


def follow(folder: Path, made: MadeCall, join: float = 0.2, pause: tuple[float, float] = (9, 9)) -> NDArray[np.int16]:
    """What somebody hears who joins so many seconds after the answer, while the call is recorded."""
    desk, frames, heard, follower = Desk(folder), made.frames(), [], None
    answer = made.begin + SECOND // 2
    now, begun, ended = made.begin, False, False
    while now < answer + round(made.talk * SECOND) + DELAY:
        now += STEP
        desk.take([captured for captured in frames if now - STEP <= captured.at < now])
        desk.work()
        call = next(iter(desk.engine.tracker.dialogs))
        if not begun and now >= answer + pause[0] * SECOND:
            begun = True
            desk.engine.command(call, now, pause=True, who="", why="")
        if begun and not ended and now >= answer + pause[1] * SECOND:
            ended = True
            desk.engine.command(call, now, pause=False, who="", why="")
        desk.work()
        if follower is None and now >= answer + join * SECOND:
            follower = Follower(desk.reel.folder / call, now)
        if follower is not None:
            heard.append(follower.sound(now))
    assert follower is not None
    return np.frombuffer(b"".join(heard), "<i2").reshape(-1, 2)


def loudest(samples: NDArray[np.int16], rate: int = 48000) -> float:
    """The strongest frequency."""
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples))


@pytest.mark.parametrize("suite", ["", "AES_CM_128_HMAC_SHA1_80"])
def test_each_side_is_heard_on_its_channel_a_second_late(tmp_path: Path, suite: str) -> None:
    heard = follow(tmp_path, MadeCall(talk=3.0, suite=suite))
    speech = heard[: round(2.6 * 48000)]
    assert loudest(speech[48000:96000, 0]) == pytest.approx(CALLER_HZ, abs=3)
    assert loudest(speech[48000:96000, 1]) == pytest.approx(CALLED_HZ, abs=3)
    begun = int(np.flatnonzero(np.abs(heard[:, 0]) > 100)[0])
    assert begun / 48000 == pytest.approx(DELAY / SECOND - 0.3, abs=0.3), "silence first: what was said before is over"
    assert (np.abs(heard[begun : begun + 84000, 0]) > 0).mean() > 0.95, "without a hole"


def test_a_pause_is_silence(tmp_path: Path) -> None:
    heard = follow(tmp_path, MadeCall(talk=4.0), pause=(1.0, 2.4))
    loud = np.abs(heard[:, 0].astype(int)) > 100
    still = np.flatnonzero(np.diff(np.flatnonzero(loud)) > 48000)
    assert len(still) == 1, "one gap of more than a second"


def test_who_joins_late_hears_only_what_is_said_from_then_on(tmp_path: Path) -> None:
    heard = follow(tmp_path, MadeCall(talk=4.0), join=3.0)
    assert len(heard) / 48000 == pytest.approx(2.0, abs=0.5)


@pytest.mark.parametrize("joined", [False, True])
def test_of_a_leg_is_heard_what_flows_directly_and_nothing_that_is_relayed(tmp_path: Path, joined: bool) -> None:
    desk, frames = Desk(tmp_path), direct_later().frames
    now, heard, follower = frames[0].at, [], None
    while now < frames[-1].at + DELAY:
        now += STEP
        desk.take([captured for captured in frames if now - STEP <= captured.at < now])
        desk.work()
        if follower is None and now > frames[0].at + SECOND // 2:
            main, leg = desk.engine.tracker.dialogs
            follower = Follower(desk.reel.folder / main, now)
            if joined:
                follower.join(desk.reel.folder / leg)
        if follower is not None:
            heard.append(follower.sound(now))
    samples = np.frombuffer(b"".join(heard), "<i2").reshape(-1, 2)
    begun = int(np.flatnonzero(np.abs(samples[:, 1]) > 100)[0])
    relayed, direct = samples[begun : begun + 24000], samples[begun + 43200 : begun + 81600]
    assert [round(loudest(relayed[:, side]), -1) for side in (0, 1)] == [A.hz, B.hz]
    sides = [bool((np.abs(direct[:, side]) > 100).mean() > 0.5) for side in (0, 1)]
    assert all(sides) is joined
    if joined:
        assert [round(loudest(direct[:, side]), -1) for side in (0, 1)] == [A.hz, B.hz]


def test_a_call_without_sound_is_silence(tmp_path: Path) -> None:
    (tmp_path / "call").mkdir()
    follower = Follower(tmp_path / "call", 10 * SECOND)
    assert follower.rate == 48000
    assert follower.sound(11 * SECOND) == bytes(4 * 48000)
    assert follower.sound(11 * SECOND) == b""


@given(st.lists(st.binary(max_size=60), max_size=5), st.data())
def test_whole_blocks_are_found_however_the_file_grows(bodies: list[bytes], data: st.DataObject) -> None:
    text = b"".join(blocks.encode(blocks.SIP, body) for body in bodies)
    found: list[bytes] = []
    place = 0
    for end in [*sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6))), len(text)]:
        some, used = blocks.whole(text[place:end])
        found += [block.body for block in some]
        place += used
    assert found == bodies


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_damage_is_passed_over(rubbish: bytes, body: bytes) -> None:
    whole = blocks.encode(blocks.SIP, body)
    broken = whole[:-1] + bytes([whole[-1] ^ 1])
    found, _ = blocks.whole(broken + rubbish.replace(b"A", b"") + whole)
    assert [block.body for block in found] == [body]
