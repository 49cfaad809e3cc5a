"""The kernel's filter passes every frame in which the dissector finds something, and spares the rest."""

from __future__ import annotations

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import bpf, tunnels
from capture.bpf import Instruction
from capture.frames import CARRIED, LINK_ETHERNET, TAGS, Dissector, FrameError
from capture.pcapfile import frames as frames_of
from capture.ring import Ring, open_socket
from tests import needs
from tests.bed.wire import NEAR, Wire
from tests.capture.test_walk import PLAIN, changed, six, tagged

PROGRAM = bpf.program()
ARP = PLAIN[:12] + b"\x08\x06" + PLAIN[14:]
PING = changed(23, 1)


def passes(frame: bytes, program: list[Instruction] = PROGRAM) -> bool:
    """What the kernel's machine says of the frame: a load beyond its end drops it."""
    place = value = 0
    while True:
        step = program[place]
        place += 1
        if step.code == 0x06:
            return bool(step.operand)
        if step.code in (0x28, 0x30):
            size = 2 if step.code == 0x28 else 1
            if step.operand + size > len(frame):
                return False
            value = int.from_bytes(frame[step.operand : step.operand + size], "big")
        elif step.code == 0x15:
            place += step.true if value == step.operand else step.false
        else:
            raise AssertionError(step)


CARRYING = [
    PLAIN,
    changed(20, 0x20),
    changed(21, 100),
    six(),
    *(changed(23, protocol) for protocol in sorted(CARRIED)),
    *(changed(20, header, six()) for header in (0, 6, 17, 43, 44, 51, 60, 135)),
    *(tagged(PLAIN, *[tag.to_bytes(2, "big")] * count) for tag in sorted(TAGS) for count in (1, 2, 3, 4)),
    *(tagged(six(), b"\x88\xa8", b"\x81\x00") for _ in range(1)),
    *(PLAIN[:12] + ethertype.to_bytes(2, "big") + PLAIN[14:] for ethertype in sorted(tunnels.BY_ETHERTYPE)),
]
OTHERS = [ARP, PING, tagged(ARP, b"\x81\x00"), tagged(PING, b"\x88\xa8", b"\x81\x00"), changed(20, 58, six()), changed(23, 2)]


@pytest.mark.parametrize("frame", CARRYING)
def test_what_may_carry_a_call_passes(frame: bytes) -> None:
    assert passes(frame)


@pytest.mark.parametrize("frame", OTHERS)
def test_what_cannot_is_spared(frame: bytes) -> None:
    assert not passes(frame)


def test_the_program_jumps_forward_only_and_ends() -> None:
    assert len(PROGRAM) < 256, "a jump is one byte"
    assert PROGRAM[-1].code == 0x06
    assert all(place + 1 + step.true < len(PROGRAM) for place, step in enumerate(PROGRAM) if step.true)


@given(st.builds(changed, st.integers(0, 60), st.integers(0, 255), st.sampled_from(CARRYING)))
def test_nothing_that_the_dissector_understands_is_dropped(frame: bytes) -> None:
    try:
        found = Dissector().dissect(LINK_ETHERNET, frame, 0)
    except FrameError:
        return
    assert found is None or passes(frame)


@needs.shared
def test_no_frame_of_a_public_capture_that_is_understood_is_dropped() -> None:
    checked = 0
    for file in sorted(needs.PCAPS.glob("*.pcap"))[:40]:
        dissector = Dissector()
        for link, frame, at in frames_of(file):
            if link != LINK_ETHERNET or checked > 60_000:
                break
            try:
                found = dissector.dissect(link, frame, at)
            except FrameError:
                continue
            checked += found is not None
            assert found is None or passes(frame), (file.name, frame.hex())
    assert checked > 10_000


@needs.namespaces()
def test_the_kernel_takes_the_program_and_does_the_same() -> None:
    with Wire() as wire:
        packets: socket.socket = wire.inside(lambda: open_socket(NEAR, 4))
        ring = Ring(packets)
        sent = [frame for pair in zip(CARRYING, (OTHERS * len(CARRYING))[: len(CARRYING)], strict=True) for frame in pair]
        wire.send(sent)
        found: list[bytes] = []
        deadline = time.monotonic() + 10
        while len(found) < len(CARRYING) and time.monotonic() < deadline:
            ring.wait(0.1)
            found += [captured.frame for captured in ring.drain(64)]
        ring.close()
        packets.close()
    assert found == CARRYING
