"""An INVITE is heard at once and as the ring will tell it; whatever is none, or comes too often, is left to the ring."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator

import pytest

from capture.bell import MOST, Bell
from capture.pcapfile import Captured
from capture.ring import Ring, open_socket
from tests import needs
from tests.bed.wire import NEAR, Wire
from tests.capture.playbook import CALL, CALLED, CALLER, OFFER, frame

pytestmark = needs.namespaces()

INVITE = frame(CALLER, CALLED, CALL.invite(OFFER))
OTHER = frame(CALLER, CALLED, CALL.request("ACK"))


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as found:
        yield found


@pytest.fixture
def bell(wire: Wire) -> Iterator[Bell]:
    found = wire.inside(lambda: Bell(NEAR))
    yield found
    found.close()


def rung(bell: Bell) -> bool:
    """Within ten seconds."""
    return bool(select.select(bell.filenos(), [], [], 10.0)[0])


def test_an_invite_is_heard_with_the_time_that_the_ring_tells(wire: Wire, bell: Bell) -> None:
    packets = wire.inside(lambda: open_socket(NEAR, 4))
    ring = Ring(packets)
    wire.send([OTHER, INVITE, INVITE + b"x"])
    assert rung(bell)
    heard, deadline = list[tuple[bytes, int]](), time.monotonic() + 10
    told = list[Captured]()
    while (len(heard) < 2 or len(told) < 3) and time.monotonic() < deadline:
        heard += bell.take()
        ring.wait(0.1)
        told += ring.drain(64)
    assert heard == [(captured.frame, captured.at) for captured in told[1:]]
    ring.close()
    packets.close()


def test_a_flood_is_left_to_the_ring_until_the_second_is_over(wire: Wire, bell: Bell) -> None:
    wire.send([INVITE] * (MOST + 50))
    heard, deadline = 0, time.monotonic() + 10
    while bell.filenos() and time.monotonic() < deadline:
        heard += len(bell.take())
    assert (heard, bell.take()) == (MOST, [])
    bell.renew()
    assert bell.take() == [], "what is old by now has had its turn"
    wire.send([INVITE])
    assert rung(bell)
    assert len(bell.take()) == 1


def test_where_nobody_may_listen_the_ring_alone_tells(caplog: pytest.LogCaptureFixture) -> None:
    bell = Bell("nosuchport")
    assert (bell.filenos(), bell.take()) == ([], [])
    bell.renew()
    bell.close()
    assert "nosuchport: calls are announced a moment later" in caplog.text
