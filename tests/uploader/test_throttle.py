"""Bytes pass a wrapped store no faster than the meter lets them, both ways, and stop when the service stops. Fault F32."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeParts
from uploader.pace import LOSS_PAUSE_S, Hours
from uploader.source import Source
from uploader.store import StoreAgainError
from uploader.throttle import Meter, Throttled

BODY = bytes(200_000)


class World:
    """A meter whose waiting moves the clock."""

    def __init__(self, rate: float, hours: tuple[Hours, ...] = ()) -> None:
        self.clock = FakeClock()
        self.begun = self.clock.monotonic()
        self.meter = Meter(rate, hours, lambda: self.clock.monotonic() / 1e9, self.clock.forward)
        self.below = FakeParts()
        self.store = Throttled(self.below, self.meter)

    @property
    def seconds(self) -> float:
        return (self.clock.monotonic() - self.begun) / 1e9


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "file").write_bytes(BODY)
    return Source(tmp_path / "file")


def test_putting_and_reading_take_as_long_as_the_rate_says(source: Source) -> None:
    world = World(10_000)
    world.store.put("key", source)
    assert world.below.objects["key"] == BODY
    assert 19 <= world.seconds <= 21
    assert b"".join(world.store.read("key")) == BODY
    assert 38 <= world.seconds <= 42


def test_parts_are_metered_too(source: Source) -> None:
    world = World(10_000)
    world.store.put_part("key", world.store.begin("key"), 1, source)
    assert 19 <= world.seconds <= 21


def test_the_hours_change_the_rate_and_may_close_the_way(source: Source) -> None:
    world = World(10_000, (Hours(540, 1080, 100_000.0), Hours(0, 60, 0.0)))
    assert not world.meter.closed()
    world.meter.at(600)
    world.store.put("key", source)
    assert world.seconds <= 3
    world.meter.at(30)
    assert "hours" in world.meter.closed()
    world.meter.at(90)
    assert (world.meter.closed(), world.meter.rate) == ("", 10_000)


def test_f32_while_speech_is_lost_nothing_leaves(source: Source) -> None:
    world = World(float("inf"))
    world.meter.heard(0, False)
    world.meter.heard(3, False)
    assert "speech" in world.meter.closed()
    world.store.put("key", source)
    assert world.seconds >= LOSS_PAUSE_S, "what is on its way waits too"
    assert not world.meter.closed()


def test_a_service_that_stops_stops_at_the_next_piece(source: Source) -> None:
    world = World(float("inf"))
    world.meter.stop()
    with pytest.raises(StoreAgainError, match="the service stops"):
        world.store.put("key", source)
    assert world.below.objects == {}
