"""The ring gives every frame in order and keeps each until it is released, even if the process that read it is killed."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from capture.frames import LINK_ETHERNET
from capture.pcapfile import Captured
from capture.ring import BLOCK, RETIRE_MS, Ring, RingError, open_socket
from tests import needs
from tests.bed.wire import FAR, NEAR, Wire

pytestmark = needs.namespaces()

MEGABYTES = 4
PATIENCE_S = 10.0


def frame(number: int, size: int = 200) -> bytes:
    """An Ethernet frame of a kind that no kernel answers."""
    return b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x88\xb5" + struct.pack(">I", number).ljust(size - 14, b".")


def number_of(captured: Captured) -> int:
    return int(struct.unpack_from(">I", captured.frame, 14)[0])


def gather(ring: Ring, count: int) -> list[Captured]:
    """The next so many frames; the blocks stay held."""
    found: list[Captured] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < count and time.monotonic() < deadline:
        ring.wait(0.1)
        found += ring.drain(64)
    return found


def is_full(ring: Ring) -> bool:
    return ring.full


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire() as found:
        yield found


@pytest.fixture
def packets(wire: Wire) -> Iterator[socket.socket]:
    found = wire.inside(lambda: open_socket(NEAR, MEGABYTES, everything=True))
    yield found
    found.close()


@pytest.fixture
def ring(packets: socket.socket) -> Iterator[Ring]:
    found = Ring(packets)
    yield found
    found.close()


def test_frames_arrive_in_order_as_they_were_sent(wire: Wire, ring: Ring) -> None:
    sent = [frame(number, 60 + number % 1400) for number in range(2000)]
    wire.send(sent)
    found = gather(ring, len(sent))
    assert [captured.frame for captured in found] == sent
    assert {captured.link for captured in found} == {LINK_ETHERNET}
    assert ring.statistics() == (2000, 0)


def test_each_frame_has_the_time_at_which_it_came(wire: Wire, ring: Ring) -> None:
    before = time.time_ns()
    wire.send([frame(number) for number in range(100)])
    found = gather(ring, 100)
    times = [captured.at for captured in found]
    assert before <= times[0]
    assert times[-1] <= time.time_ns()
    assert all(one <= other for one, other in pairwise(times))


@pytest.mark.parametrize("size", [14, 60, 1514])
def test_the_shortest_and_the_longest_frame_come_whole(wire: Wire, ring: Ring, size: int) -> None:
    sent = (b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x88\xb5").ljust(size, b"x")
    wire.send([sent])
    assert [captured.frame for captured in gather(ring, 1)] == [sent]


@pytest.mark.parametrize(
    "tags", [b"\x81\x00\x00\x64", b"\x88\xa8\x0f\xff", b"\x81\x00\xe0\x01\x81\x00\x00\x02", b"\x88\xa8\x00\x64\x81\x00\x00\x65"]
)
def test_vlan_tags_are_where_they_were_on_the_wire(wire: Wire, ring: Ring, tags: bytes) -> None:
    plain = frame(7)
    sent = plain[:12] + tags + plain[12:]
    wire.send([sent, plain])
    assert [captured.frame for captured in gather(ring, 2)] == [sent, plain]


def test_frames_for_other_machines_are_heard(wire: Wire, ring: Ring) -> None:
    sent = b"\x02\xaa\xbb\xcc\xdd\xee" + frame(1)[6:]
    wire.send([sent])
    assert [captured.frame for captured in gather(ring, 1)] == [sent]


def test_blocks_are_ours_until_they_are_released_and_then_the_kernels_again(wire: Wire, ring: Ring) -> None:
    blocks = MEGABYTES * (1 << 20) // BLOCK
    sent = 0
    while not is_full(ring) and sent < 100_000:
        wire.send([frame(sent + number, 1500) for number in range(100)])
        sent += 100
        time.sleep(0.001)
        for _ in ring.drain(blocks):
            pass
    assert is_full(ring)
    wire.send([frame(number, 1500) for number in range(200)])
    dropped = ring.statistics()[1]
    assert dropped > 0, "a kernel without a block counts what it drops"
    assert list(ring.drain(blocks)) == []
    ring.release()
    assert not is_full(ring)
    wire.send([frame(900_000 + number) for number in range(50)])
    found = gather(ring, 50)
    assert [number_of(captured) for captured in found][-50:] == list(range(900_000, 900_050))
    assert ring.statistics()[1] == dropped


def test_what_was_released_does_not_come_again(wire: Wire, packets: socket.socket) -> None:
    first = Ring(packets)
    wire.send([frame(number) for number in range(10)])
    assert len(gather(first, 10)) == 10
    first.release()
    wire.send([frame(number) for number in range(10, 20)])
    first.close()
    second = Ring(packets)
    assert [number_of(captured) for captured in gather(second, 10)] == list(range(10, 20))
    second.close()


def test_the_successor_of_a_killed_reader_finds_every_frame_that_was_not_released(wire: Wire, packets: socket.socket) -> None:
    with wire.sender() as sender:

        def send(begin: int, end: int) -> None:
            for number in range(begin, end):
                sender.send(frame(number))

        reader = os.fork()
        if reader == 0:
            try:
                ring = Ring(packets)
                send(0, 50)
                gather(ring, 50)
                ring.release()
                send(50, 100)
                gather(ring, 50)  # read, and not yet safe
                send(100, 150)  # never read
            finally:
                os.kill(os.getpid(), 9)
        assert os.waitstatus_to_exitcode(os.waitpid(reader, 0)[1]) == -9
        send(150, 200)  # while nobody reads
        time.sleep(5 * RETIRE_MS / 1000)  # the kernel hands its blocks over, full or not
        ring = Ring(packets)
        send(200, 250)
        assert [number_of(captured) for captured in gather(ring, 200)] == list(range(50, 250))
        assert ring.statistics() == (250, 0)
        ring.close()


def test_another_program_that_is_handed_the_socket_goes_on(wire: Wire, packets: socket.socket) -> None:
    wire.send([frame(number) for number in range(30)])
    program = """
import socket, struct, sys, time
from capture.ring import Ring
ring = Ring(socket.socket(fileno=int(sys.argv[1])))
found, end = [], time.monotonic() + 10
while len(found) < 30 and time.monotonic() < end:
    ring.wait(0.1)
    found += [struct.unpack_from(">I", captured.frame, 14)[0] for captured in ring.drain(64)]
print(*found)
"""
    handed = [sys.executable, "-c", program, str(packets.fileno())]
    done = subprocess.run(handed, pass_fds=[packets.fileno()], capture_output=True, text=True)
    assert [int(word) for word in done.stdout.split()] == list(range(30)), done.stderr


def test_the_ring_may_go_round_many_times(wire: Wire, ring: Ring) -> None:
    count, burst = 20_000, 500
    found = 0
    for begin in range(0, count, burst):
        wire.send([frame(number, 1500) for number in range(begin, begin + burst)])
        numbers = [number_of(captured) for captured in gather(ring, burst)]
        assert numbers == list(range(begin, begin + burst))
        found += len(numbers)
        ring.release()
    assert found == count
    assert count * 1500 > 4 * MEGABYTES * (1 << 20)
    assert ring.statistics() == (count, 0)


def test_waiting_ends_when_a_frame_comes(wire: Wire, ring: Ring) -> None:
    wire.send([frame(1)])
    ring.wait(3600.0)
    assert len(gather(ring, 1)) == 1


def test_waiting_ends_when_another_descriptor_is_readable(wire: Wire, ring: Ring) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"!")
    ring.wait(3600.0, reader)
    wire.send([frame(1)])
    gather(ring, 1)
    ring.wait(3600.0, reader)  # while a block is held
    os.close(reader)
    os.close(writer)


def test_closing_the_ring_leaves_the_socket_to_its_keeper(wire: Wire, packets: socket.socket) -> None:
    Ring(packets).close()
    wire.send([frame(5)])
    ring = Ring(packets)
    assert [number_of(captured) for captured in gather(ring, 1)] == [5]
    ring.close()


@pytest.mark.parametrize("name", ["nosuchport", "", "a-name-that-is-far-too-long-for-an-interface", "no such\nport", "日本"])
def test_an_unknown_interface_is_one_sentence(wire: Wire, name: str) -> None:
    with pytest.raises(RingError, match="`ip link` shows the interfaces there are") as raised:
        wire.inside(lambda: open_socket(name, MEGABYTES))
    assert str(raised.value).startswith(f"{name}: ")


def test_an_interface_that_is_down_is_one_sentence_with_its_mend(wire: Wire) -> None:
    with pytest.raises(RingError, match="lo: is down; run: ip link set lo up"):
        wire.inside(lambda: open_socket("lo", MEGABYTES))


def test_an_ordinary_user_is_told_what_is_missing(wire: Wire) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setuid(65534)
            open_socket(FAR, MEGABYTES)
        except RingError as error:
            code = 0 if "CAP_NET_RAW" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_socket_without_a_ring_of_ours_is_refused(wire: Wire) -> None:
    with wire.sender() as plain, pytest.raises(RingError, match="no ring of ours"):
        Ring(plain)
