"""A wall clock that is set in the middle of a call, by whatever amount and at whatever packet, moves none of the call's packets."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from appliance.moments import MILLISECOND, SECOND
from capture.pcapfile import Captured
from capture.timebase import STEP, TimeBase, together
from tests.bed.made import MadeCall
from tests.bed.program import appliance
from tests.bed.recorded import all_recordings, recorded
from tests.fakes.clock import START, FakeClock

HOUR = 3600.0
STEPS = st.sampled_from([HOUR, -HOUR, 0.15, -0.15, 5.0, -5.0, 86400.0 * 365, 59.0, -59.0])


def block(*stamps: int) -> bytearray:
    """A block of a TPACKET_V3 ring with empty frames of these stamps."""
    first, size = 48, 32
    ends = [part for stamp in (stamps[0], stamps[-1]) for part in divmod(stamp, SECOND)]
    head = struct.pack("=IIIIIIQIIII", 1, 48, 1, len(stamps), first, first + size * len(stamps), 7, *ends)
    frames = [struct.pack("=III20x", size, *divmod(stamp, SECOND)) for stamp in stamps]
    return bytearray(head + b"".join(frames))


def stamps(memory: bytearray) -> list[int]:
    """What stands in the frames of a block."""
    places = range(48, len(memory), 32)
    return [second * SECOND + rest for second, rest in (struct.unpack_from("=II", memory, place + 4) for place in places)]


def base_of(clock: FakeClock, kept: str = "", boot: str = "run") -> TimeBase:
    return TimeBase(lambda: (clock.now(), clock.monotonic()), kept, boot)


class Mirror:
    """Frames every 20 ms, stamped by the wall clock, read by blocks of three."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.base = clock, base_of(clock)
        self.heard: list[int] = []
        self._waiting: list[int] = []

    def run(self, frames: int, step: float = 0.0, behind: int = -1, *, looks: bool = True) -> None:
        """So many frames; behind one of them the wall clock is set."""
        for number in range(frames):
            self.clock.forward(0.020)
            self._waiting.append(self.clock.now())
            if number == behind:
                self.clock.step(step)
            if len(self._waiting) == 3:
                self.read(looks=looks)

    def read(self, *, looks: bool = True) -> None:
        """A round of the tap."""
        if looks:
            self.base.look()
        if self._waiting:
            memory = block(*self._waiting)
            self.base.block(memory, 0)
            self.heard += stamps(memory)
            self._waiting = []


def gaps(heard: list[int]) -> set[int]:
    return {after - before for before, after in pairwise(heard)}


@given(step=STEPS, behind=st.integers(3, 50), looks=st.booleans())
def test_a_step_moves_no_frame(step: float, behind: int, looks: bool) -> None:
    mirror = Mirror(FakeClock())
    mirror.run(60, step, behind, looks=looks)
    mirror.read()
    if looks or abs(step) > 1:  # without a look of its own it learns of the step by the stamps
        assert gaps(mirror.heard) == {20 * MILLISECOND}
        assert mirror.base.take_steps() == [round(step * SECOND)]
        assert mirror.base.take_steps() == []
        assert mirror.base.shift == -round(step * SECOND)


@given(steps=st.lists(STEPS, min_size=2, max_size=4))
def test_several_steps_move_no_frame(steps: list[float]) -> None:
    mirror = Mirror(FakeClock())
    for step in steps:
        mirror.run(30, step, 13)
    mirror.read()
    assert gaps(mirror.heard) == {20 * MILLISECOND}


def test_the_new_time_is_adopted_when_no_call_is_under_way() -> None:
    mirror = Mirror(FakeClock())
    mirror.run(6, HOUR, 2)
    held = mirror.heard[-1]
    assert held < mirror.clock.now() - 3000 * SECOND
    mirror.base.adopt()
    mirror.run(3)
    assert mirror.heard[-1] == mirror.clock.now()
    assert mirror.base.shift == 0


def test_a_machine_whose_clock_is_left_alone_has_its_stamps_left_alone() -> None:
    mirror = Mirror(FakeClock())
    mirror.run(300)
    assert (mirror.base.shift, mirror.base.take_steps()) == (0, [])
    assert mirror.heard[-1] == mirror.clock.now()


def test_a_change_under_a_tenth_of_a_second_is_followed() -> None:
    mirror = Mirror(FakeClock())
    mirror.run(30, STEP / SECOND / 2, 10)
    assert mirror.base.take_steps() == []
    assert mirror.heard[-1] == mirror.clock.now()


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_the_next_recorder_goes_on_with_the_base_even_if_the_step_came_between_them(step: float) -> None:
    mirror = Mirror(FakeClock())
    mirror.run(30)
    note = mirror.base.note
    mirror.clock.step(step)
    mirror.base = base_of(mirror.clock, note)
    mirror.run(30)
    assert gaps(mirror.heard) == {20 * MILLISECOND}


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_frames_that_a_killed_recorder_had_brought_onto_the_base_are_not_moved_twice(step: float) -> None:
    clock = FakeClock()
    base = base_of(clock)
    clock.step(step)
    base.look()
    raw = [clock.now() + number * 20 * MILLISECOND for number in range(9)]
    seen = block(*raw[:3])
    base.block(seen, 0)
    clock.forward(0.18)
    successor = base_of(clock, base.note)
    heard = []
    for memory in (seen, block(*raw[3:6]), block(*raw[6:])):
        successor.look()
        successor.block(memory, 0)
        heard += stamps(memory)
    assert heard == [stamp - round(step * SECOND) for stamp in raw]


@pytest.mark.parametrize("kept", ["", "other 5", "run", "run x", "run 1 2", "run --5", "\x00"])
def test_a_note_of_another_run_of_the_machine_or_none_counts_for_nothing(kept: str) -> None:
    assert base_of(FakeClock(), kept).shift == 0


def test_two_clocks_are_read_together_however_busy_the_machine() -> None:
    monotonic = iter([0, 900 * MILLISECOND, 1000 * MILLISECOND, 1001 * MILLISECOND])
    wall = iter([START, START + SECOND])
    assert together(lambda: next(wall), lambda: next(monotonic)) == (START + SECOND, 1000 * MILLISECOND + MILLISECOND // 2)


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_call_in_which_the_clock_was_set_sounds_and_lasts_as_it_would_have(step: float, tmp_path: Path) -> None:
    call = MadeCall(talk=2.0)
    frames = call.frames()
    clock = FakeClock(frames[0].at)
    base, heard = base_of(clock), []
    for number, captured in enumerate(frames):
        clock.forward((captured.at - frames[max(0, number - 1)].at) / SECOND)
        if number == len(frames) // 2:
            clock.step(step)
        base.look()
        memory = block(clock.now())
        base.block(memory, 0)
        heard.append(Captured(captured.link, captured.frame, *stamps(memory)))
    audio = []
    for name, told in (("stepped", heard), ("plain", frames)):
        box = recorded(tmp_path / name, frames=told)
        (recording,) = all_recordings(box)
        assert (recording.facts.packets, recording.facts.lost, recording.facts.cut) == (2 * call.packets, 0, False)
        appliance("open", recording.facts.recording, "-o", tmp_path / f"{name}.wav", "--data", box.folders.data)
        audio.append(soundfile.read(tmp_path / f"{name}.wav", dtype="int16")[0].tobytes())
    assert audio[0] == audio[1]
