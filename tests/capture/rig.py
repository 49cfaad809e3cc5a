"""An engine with what stands around it: frames go in, effects and packets are taken as the recorder takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from appliance.config import Config
from appliance.moments import SECOND
from appliance.records import Side
from capture.effects import Close, Effect
from capture.engine import Engine
from capture.frames import LINK_ETHERNET, Address
from capture.walk import STAMP
from tests.capture.playbook import ANSWER, CALL, CALLED, CALLER, OFFER, START, frame, office, rtp, tell

PHONE = Address(CALLER.host, 4000)
DESK = Address(CALLED.host, 6000)


class Heard(NamedTuple):
    """A stream as it was taken: its segment, speaker and packets."""

    segment: str
    speaker: Side
    packets: bytes


class Rig:
    """An engine with a shell that does what the recorder does: takes packets, closes calls."""

    def __init__(self, told: Config | None = None, link: int = LINK_ETHERNET) -> None:
        self.engine = Engine(told or office(), via="rig")
        self.link = link
        self.at = START
        self.effects: list[Effect] = []
        self.spool: dict[str, Heard] = {}

    def feed(self, *frames: bytes, link: int | None = None) -> Rig:
        """Frames 20 ms apart."""
        for data in frames:
            self.at += SECOND // 50
            self.engine.frame(self.link if link is None else link, data, self.at, self.at)
        return self

    def take(self) -> Rig:
        """Do what the shell does now and then."""
        for stream, packets in self.engine.take_streams(self.at):
            before = self.spool.get(stream.segment, Heard(stream.segment, stream.speaker, b"")).packets
            self.spool[stream.segment] = Heard(stream.segment, stream.speaker, before + packets)
        effects = self.engine.take_effects()
        self.effects += effects
        for effect in effects:
            if isinstance(effect, Close):
                self.engine.media.close(effect.call)
        return self

    def wait(self, seconds: int) -> Rig:
        """Time passes, with a tick every second."""
        for _ in range(seconds):
            self.at += SECOND
            self.take()
            self.engine.tick(self.at)
        return self.take()

    @property
    def words(self) -> list[str]:
        """The effects so far."""
        return [words for effect in self.take().effects if (words := tell(effect))]

    def packets(self, speaker: Side) -> list[bytes]:
        """What was put on the spool of this side's streams."""
        self.take()
        return [packet for heard in self.spool.values() if heard.speaker is speaker for packet in unpacked(heard.packets)]


def unpacked(block: bytes) -> list[bytes]:
    """The packets of a block of the spool."""
    place, found = 0, []
    while place < len(block):
        _, length = STAMP.unpack_from(block, place)
        place += STAMP.size + length
        found.append(block[place - length : place])
    return found


def carried(data: bytes, *, by: Side = Side.CALLER, tags: Iterable[int] = ()) -> bytes:
    """A SIP message in a frame."""
    ends = (CALLER, CALLED) if by is Side.CALLER else (CALLED, CALLER)
    return frame(*ends, data, tags=tags)


def opened(tags: Iterable[int] = ()) -> list[bytes]:
    """An answered call up to its ACK."""
    tags = list(tags)
    return [
        carried(CALL.invite(OFFER), tags=tags),
        carried(CALL.response(200, ANSWER), by=Side.CALLED, tags=tags),
        carried(CALL.request("ACK"), tags=tags),
    ]


def talk(count: int, tags: Iterable[int] = ()) -> list[bytes]:
    """Both sides speak."""
    tags = list(tags)
    pairs = [
        (
            frame(PHONE, DESK, rtp(n, ssrc=1, payload=b"\x11" * 160), tags=tags),
            frame(DESK, PHONE, rtp(n, ssrc=2, payload=b"\x22" * 160), tags=tags),
        )
        for n in range(count)
    ]
    return [data for pair in pairs for data in pair]


HANG_UP = [carried(CALL.request("BYE", sequence=2)), carried(CALL.response(200, to="BYE", sequence=2), by=Side.CALLED)]
"""The caller ends the call of `opened`."""
