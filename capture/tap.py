"""The tap: one interface's ring into the recorder, for ever.

A block goes back to the kernel only when everything it held is on the spool. Where the spool cannot be written the ring fills
meanwhile (and the kernel counts what it drops); nothing else is dropped. A tap that is killed leaves its open calls on the spool and
its unread blocks in the ring, and the next tap goes on with both.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import uuid
from ipaddress import ip_address
from pathlib import Path

from appliance.box import Box
from appliance.errors import ConfigError, CouldNotError
from appliance.ledger import Ledger
from appliance.logs import Trouble
from appliance.moments import SECOND
from appliance.service import HEARTBEAT_S, Service, sd_notify
from capture import drops, recovery
from capture.bell import Bell
from capture.control import Control
from capture.effects import Weird
from capture.engine import Engine
from capture.recorder import Recorder
from capture.ring import BLOCK, Ring, open_socket
from capture.scribe import Entry, Scribe
from capture.spool import Reel, SpoolError
from capture.timebase import STEP, TimeBase, together

FLUSH, FLUSH_BUSY = 2 * SECOND // 5, 4 * SECOND // 5
"""What was heard is written this often. With many streams the runs are longer, so that writing them costs half. The sync follows at
once (scribe.py), so a power cut takes about one second. A kill takes nothing: what was not written stands in the ring."""
BUSY = 200
"""Streams."""
TICK = SECOND
FLUSH_BYTES = 64 * 1024 * 1024
BLOCKS_A_ROUND = 64
FD_NAME = "ring"
LISTEN_FDS_START = 3

log = logging.getLogger(__name__)


class Tap:
    """One interface."""

    def __init__(self, box: Box, service: Service, interface: str) -> None:
        self._service = service
        self._clock = service.clock
        self.ring = Ring(inherited_socket() or _kept_socket(interface, box.config.capture.ring_megabytes))
        self.reel = Reel(box.folders.spool, interface)
        self.engine = Engine(box.config, via=interface)
        self._scribe = Scribe(lambda: Ledger.open(box.folders.ledger), self.reel, box.folders, self._clock)
        self.recorder = Recorder(self.engine, self.reel, self._scribe, box.config)
        self.bell = Bell(interface)
        self.control = Control(box.folders.run, interface, self.recorder, self._clock.now, self._clock.monotonic)
        self._trouble = Trouble(log, self._clock.monotonic)
        self._flushed_at = self._ticked_at = self._clock.monotonic()
        self._last_at: int = self._clock.now()
        self._base = TimeBase(lambda: together(self._clock.now, self._clock.monotonic), self.reel.note, boot_id())
        self._noted = 0
        self._dropped = 0
        self._beat_at = 0
        self._take_over(box)

    def _take_over(self, box: Box) -> None:
        """Go on with the calls of the tap before us."""
        ledger: Ledger | None = None
        try:
            ledger = Ledger.open(box.folders.ledger)
        except CouldNotError as error:  # recording goes on without the ledger; the spool will tell it later
            log.warning("%s", error)
        try:
            calls = recovery.rebuild(self.engine, self.reel, ledger, self._clock.monotonic())
            for entry in (*recovery.orphans(self.reel, ledger, calls), *recovery.ghosts(self.reel, ledger, calls)):
                self._scribe.put(entry)
        finally:
            if ledger is not None:
                ledger.close()
        if calls:
            log.info("%d calls under way taken over", len(calls))

    def run(self) -> None:
        """Listen until SIGTERM or SIGINT. Open calls stay on the spool, for the next tap."""
        sd_notify("READY=1")
        log.info("listening on %s", self.reel.name)
        while not self._service.stop:
            asked = self.ring.wait(self._patience(), self._service.stop.fileno(), self.control.fileno(), *self.bell.filenos())
            if not self.foretell():
                self.round(asked=self.control.fileno() in asked)
        sd_notify("STOPPING=1")
        self.close()

    def foretell(self) -> bool:
        """Say of calls that they ring, before the ring brings their INVITE; whether there was one. Then it is the scribe's turn."""
        heard = self.bell.take()
        for frame, at in heard:
            told = self.engine.foretell(frame, at + self._base.shift, self._clock.monotonic())
            if told is not None:
                self._scribe.put(Entry(records=[told], first=True))
        return bool(heard)

    def round(self, *, asked: bool = True) -> None:
        """Read what waits, write what is due; `asked`: somebody knocks at the control socket."""
        now = self._clock.monotonic()
        walker, memory = self.engine.walker, self.ring.memory
        before = walker.frames
        self._base.look()
        for start in self.ring.blocks(BLOCKS_A_ROUND):
            self._base.block(memory, start)
            self.engine.odd(walker.block(memory, start, start + BLOCK), now)
        if walker.frames != before:
            self._last_at = self._clock.now()
        self._keep_time()
        if asked or self.control.busy:
            self.control.round()
        if now - self._ticked_at >= TICK:
            self._ticked_at = now
            self.engine.expire(self._clock.now())
            self.engine.tick(now)
            self._scribe.check()
            self.bell.renew()
            self._tell_drops()
            self._beat(now)
        try:
            self.recorder.perform(now)
            if self._due(now):
                self._flushed_at = now
                self.recorder.flush(now)
                if self.reel.changed:
                    self._scribe.sync()
            if self.recorder.safe:
                self.ring.release()
            self._trouble.over("the spool is written again")
        except SpoolError as error:
            self._flushed_at = now  # it is tried again when the next is due, not at once
            self._trouble.happened(str(error))

    def _patience(self) -> float:
        """How long nothing is due (seconds), if nothing comes."""
        next_at = self._ticked_at + TICK
        if not self.recorder.safe or self.ring.holds:
            next_at = min(next_at, self._flushed_at + self._flush_every)
        return max(0, next_at - self._clock.monotonic()) / SECOND

    @property
    def _flush_every(self) -> int:
        return FLUSH if self.engine.media.size < BUSY else FLUSH_BUSY

    def _due(self, now: int) -> bool:
        """Whether what was gathered is to be written."""
        return now - self._flushed_at >= self._flush_every or self.engine.buffered > FLUSH_BYTES or self.ring.scarce

    def _keep_time(self) -> None:
        """Say that the wall clock was set, and adopt its time once no call is under way."""
        for moved in self._base.take_steps():
            said = f"the wall clock was set by {moved / SECOND:+.3f} s; calls under way keep the time they began with"
            log.warning("%s", said)
            self.engine.effects.append(Weird("clock-stepped", said.encode()))
        if self._base.shift and all(dialog.closed for dialog in self.engine.tracker.dialogs.values()):
            self._base.adopt()
        if abs(self._base.base - self._noted) >= STEP // 2:
            with contextlib.suppress(SpoolError):
                self.reel.leave_note(self._base.note)
                self._noted = self._base.base

    def _tell_drops(self) -> None:
        """Say that the kernel had no room for frames since the last time."""
        before, (_, self._dropped) = self._dropped, self.ring.statistics()
        if self._dropped > before:
            at = self._clock.now() + self._base.shift
            self._scribe.put(Entry(records=[drops.dropped(at, self.reel.name, self._dropped - before)]))

    def close(self) -> None:
        """Write what is held and let everything go."""
        try:
            self.recorder.perform(self._clock.monotonic())
            self.recorder.flush(self._clock.monotonic())
            self.ring.release()
        except SpoolError as error:
            log.warning("%s; what is missing is still in the ring", error)
        self.recorder.report_weirds(self._clock.now())
        self._scribe.put(Entry(heartbeat=self._service.heartbeat("stopped")))
        self._scribe.close()
        self.bell.close()
        self.control.close()
        self.ring.close()
        self.reel.close()

    def _beat(self, now: int) -> None:
        sd_notify("WATCHDOG=1")
        if self._beat_at and now - self._beat_at < HEARTBEAT_S * SECOND:
            return
        self._beat_at = now
        received, dropped = self.ring.statistics()
        self._service.detail = {
            "interface": self.reel.name, "frames": received, "dropped": dropped, "rtp": self.engine.rtp, "sip": self.engine.sip,
            "calls": self.engine.open_calls, "last_frame_at": self._last_at if received else None,
            "peers": [str(ip_address(host)) for host in sorted(self.engine.peers)],
        }  # fmt: skip
        self._scribe.put(Entry(heartbeat=self._service.heartbeat("ok")))
        self.recorder.report_weirds(self._clock.now())


def boot_id() -> str:
    """Of the machine's present run; under systemd it says so, for the unit shows the tap nothing of /proc but processes."""
    told = os.environ.get("APPLIANCE_BOOT_ID", "")
    return str(uuid.UUID(told)) if told else Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def inherited_socket() -> socket.socket | None:
    """The packet socket that our starter kept (sd_listen_fds(3)), so that its ring outlives us."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    for offset, name in enumerate(names):
        if name == FD_NAME:
            os.set_inheritable(LISTEN_FDS_START + offset, False)
            return socket.socket(fileno=LISTEN_FDS_START + offset)
    return None


def _kept_socket(interface: str, megabytes: int) -> socket.socket:
    """A fresh packet socket, also given to systemd's file descriptor store."""
    packets = open_socket(interface, megabytes)
    _store_descriptor(packets)
    return packets


def _store_descriptor(packets: socket.socket) -> None:
    """FDSTORE=1 (sd_pid_notify_with_fds(3)); outside of systemd nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
        notifier.connect("\0" + address[1:] if address.startswith("@") else address)
        socket.send_fds(notifier, [f"FDSTORE=1\nFDNAME={FD_NAME}".encode()], [packets.fileno()])


def interface_of(box: Box, named: str) -> str:
    """The interface to listen on: the one named, or the configured one. Raises ConfigError."""
    chosen = named or box.config.capture.interface
    if not chosen:
        raise ConfigError(f"{box.source.name}: capture.interface: is empty; name the mirror port's interface, or use --interface")
    return chosen
