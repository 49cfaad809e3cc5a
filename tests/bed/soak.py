"""Many calls on a mirror while the tap is killed again and again, or its disk stands still; and what is missing afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import NamedTuple

from appliance.ledger import Ledger
from appliance.records import CallEnded, CallNotRecorded, SegmentClosed
from benchmarks.traffic import write
from capture import blocks, index
from tests.bed import disks
from tests.bed.house import wait_for
from tests.bed.lan import Lan
from tests.bed.program import COMMAND
from tests.bed.starter import Starter

PACKETS_A_SECOND = 50
"""Of one side."""


class Outcome(NamedTuple):
    """What became of the calls."""

    calls: int
    closed: int
    """Calls that ended and are queued to be rendered."""
    sent: int
    """RTP packets on the mirror."""
    packets: int
    """And on the spool, each counted once."""
    worst: int
    """Packets that the worst side of a call misses."""
    unsettled: int
    """Calls that ended as anything but a recording to be made."""
    dropped: int
    """What the kernel dropped while the last tap ran."""
    kills: int
    away_s: float
    """The longest time without a tap."""
    wall_s: float


def killed(folder: Path, lan: Lan, *, calls: int, seconds: float, kills: int, between_s: float, seed: int = 0) -> Outcome:
    """The tap is killed so many times, each time up to `between_s` after it was ready, and sometimes while it is still starting.

    What is on the mirror while no tap runs waits in the ring (10 s of it): a tap that is never left alone long enough to catch up
    loses what the ring cannot hold.
    """
    random, starter = Random(seed), Starter(lan, folder / "var")
    try:
        starter.start()
        player, begun = play(lan, folder, calls, seconds), time.monotonic()
        done, away = 0, 0.0
        while done < kills and player.poll() is None:
            time.sleep(random.uniform(0.0, between_s))
            starter.kill()
            done += 1
            gone = time.monotonic()
            if done < kills and not random.randrange(5):
                starter.spawn()
                time.sleep(random.uniform(0.0, 0.5))
                starter.kill()
                done += 1
            starter.start()
            away = max(away, time.monotonic() - gone)
        return outcome(starter, player, begun, calls, seconds)._replace(kills=done, away_s=away)
    finally:
        starter.close()


def stalled(folder: Path, lan: Lan, *, calls: int, seconds: float, stall_s: float) -> Outcome:
    """The spool's disk takes no write for so long: whoever writes waits."""
    with disks.loop_disk(folder / "disk.img", 512) as place:
        starter = Starter(lan, place / "var")
        try:
            starter.start()
            player, begun = play(lan, folder, calls, seconds), time.monotonic()
            wait_for("the answers", lambda: sum(1 for call in starter.calls() if call.answered_at) == calls, 60.0)
            time.sleep(1.0)
            with disks.frozen(place):
                time.sleep(stall_s)
            return outcome(starter, player, begun, calls, seconds)
        finally:
            starter.close()


def play(lan: Lan, folder: Path, calls: int, seconds: float) -> subprocess.Popen[bytes]:
    """So many calls of so many seconds, all at once."""
    capture = folder / "traffic.pcap"
    write(capture, calls, seconds)
    command = lan.inside("carrier", [*COMMAND, "capture", "play", "--interface", "eth0", str(capture)])
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def outcome(starter: Starter, player: subprocess.Popen[bytes], begun: float, calls: int, seconds: float) -> Outcome:
    """Wait for the end of all calls, stop the tap, and count."""
    if player.wait() != 0:
        raise RuntimeError("the traffic could not be played")
    wait_for("the end of the calls", lambda: starter.closed(calls), 120.0)
    wall = time.monotonic() - begun
    if starter.stop() != 0:
        raise RuntimeError("the tap did not stop")
    with Ledger.open(starter.box.folders.ledger) as ledger:
        rows = [row.record for row in ledger.since(0, (CallEnded, CallNotRecorded, SegmentClosed), limit=1_000_000)]
    sides: dict[tuple[str, str], int] = {}
    for record in rows:
        if isinstance(record, SegmentClosed):
            count = distinct(starter.box.folders.spool / record.file)
            sides[record.call, record.side] = sides.get((record.call, record.side), 0) + count
    each = int(seconds * PACKETS_A_SECOND)
    missing = [each - count for count in sides.values()] + [each] * (2 * calls - len(sides))
    return Outcome(
        calls=calls, closed=len({record.call for record in rows if isinstance(record, CallEnded) and record.end_seen}),
        sent=2 * calls * each, packets=sum(sides.values()), worst=max(missing),
        unsettled=sum(isinstance(record, CallNotRecorded) for record in rows), dropped=int(starter.detail()["dropped"]),
        kills=0, away_s=0.0, wall_s=wall,
    )  # fmt: skip


def distinct(file: Path) -> int:
    """Packets in a file of the spool, by their timestamps: what a killed tap had written and not given back is there twice."""
    seen: set[int] = set()
    with file.open("rb") as opened:
        for block in blocks.read(opened):
            if block.kind == blocks.PACKETS:
                seen.update(index.index(block.body).timestamp.tolist())
    return len(seen)


def main() -> None:
    """`python -m tests.bed.soak killed|stalled FOLDER CALLS SECONDS COUNT`, for whoever looks for the cause of something."""
    what, folder, calls, seconds, count = sys.argv[1:]
    Path(folder).mkdir(parents=True)
    with Lan() as lan:
        if what == "killed":
            print(killed(Path(folder), lan, calls=int(calls), seconds=float(seconds), kills=int(count), between_s=8.0))
        else:
            print(stalled(Path(folder), lan, calls=int(calls), seconds=float(seconds), stall_s=float(count)))


if __name__ == "__main__":
    main()
