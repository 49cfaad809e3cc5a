"""Skinny messages written by hand, in every version's layout, and calls made of them: phones, a call manager, and their speech."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from appliance.moments import MILLISECOND, SECOND
from capture.frames import LINK_ETHERNET, Address
from capture.pcapfile import Captured
from capture.sccp_codes import OUTBOUND, CallState, Id
from tests.bed.made import CALLED_HZ, CALLER_HZ, PTIME, tone
from tests.capture.playbook import frame
from tests.fakes.clock import START

MANAGER = Address(bytes([10, 0, 0, 9]), 2000)
PHONES = (Address(bytes([10, 0, 0, 1]), 51001), Address(bytes([10, 0, 0, 2]), 51002))
AUDIO = (Address(bytes([10, 0, 0, 1]), 24000), Address(bytes([10, 0, 0, 2]), 26000))
PCMA, PCMU, G722, G729 = 2, 4, 6, 11
WIDE = 17


def message(number: int, body: bytes, version: int = 0) -> bytes:
    """A message with its head."""
    return struct.pack("<III", 4 + len(body), version, number) + body


def numbers(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def host(address: Address, version: int) -> bytes:
    """An address without its port, as this version writes it."""
    if version < WIDE:
        assert len(address.host) == 4
        return address.host
    return numbers(len(address.host) == 16) + address.host.ljust(16, b"\0")


def state(value: int, reference: int, version: int = 0, line: int = 1) -> bytes:
    return message(Id.CALL_STATE, numbers(value, line, reference, 0, 4, 0), version)


def info(
    calling: str | bytes, called: str | bytes, *, kind: int, reference: int, version: int = 0, calling_name: bytes = b"",
    called_name: bytes = b"", original: bytes = b"", hidden: int = 0, variable: bool | None = None,
) -> bytes:  # fmt: skip
    """CallInfo, or CallInfoV2 where texts are `variable` (the newer phones)."""
    one, other = (text.encode() if isinstance(text, str) else text for text in (calling, called))
    if variable if variable is not None else version >= 16:
        texts = [
            one,
            *([b""] if version >= 16 else []),
            other,
            original,
            b"",
            b"",
            b"",
            b"",
            b"",
            calling_name,
            called_name,
            b"",
            b"",
        ]
        texts += [b"", b""] if version >= WIDE else []
        body = numbers(1, reference, kind, 0, 0, 1, 0, hidden) + b"".join(text + b"\0" for text in texts)
        return message(Id.CALL_INFO_V2, body + bytes(-len(body) % 4), version)
    body = calling_name.ljust(40, b"\0") + one.ljust(24, b"\0") + called_name.ljust(40, b"\0") + other.ljust(24, b"\0")
    body += numbers(1, reference, kind) + bytes(40) + original.ljust(24, b"\0") + bytes(64) + numbers(0, 0) + bytes(96)
    return message(Id.CALL_INFO, body + numbers(1, 0, hidden), version)


def encryption(key: bytes = b"") -> bytes:
    """30 octets of key and salt, or none."""
    algorithm = 2 if key else 0
    head = struct.pack("<IHH", algorithm, 16 if key else 0, 14 if key else 0)
    return head + key[:16].ljust(16, b"\0") + key[16:].ljust(16, b"\0") + bytes(8)


def receive(
    party: int, codec: int, reference: int, version: int = 0, *, chosen: int = 0, events: int = 101, key: bytes = b""
) -> bytes:
    """OpenReceiveChannel."""
    body = numbers(reference, party, 20, codec, 0) + bytes([0, chosen, 0, 0]) + numbers(reference) + encryption(key)
    body += numbers(0, 0, events, 0, 0, 0)
    if version >= 11:
        body += host(Address(bytes(4), 0), version) + numbers(4000)
    body += numbers(0) if version >= 16 else b""
    body += numbers(0) if version >= WIDE else b""
    body += bytes(36) if version >= 20 else b""
    return message(Id.RECEIVE, body, version)


def receive_ack(address: Address, party: int, reference: int, version: int = 0, *, status: int = 0) -> bytes:
    """OpenReceiveChannelAck."""
    return message(Id.RECEIVE_ACK, numbers(status) + host(address, version) + numbers(address.port, party, reference), version)


def send(
    party: int,
    address: Address,
    codec: int,
    reference: int,
    version: int = 0,
    *,
    chosen: int = 0,
    events: int = 101,
    key: bytes = b"",
) -> bytes:
    """StartMediaTransmission."""
    body = numbers(reference, party) + host(address, version) + numbers(address.port, 20, codec, 184, 0, 0)
    body += bytes([0, chosen, 0, 0]) + numbers(reference) + encryption(key) + numbers(0, 0, events, 0, 0, 0)
    body += bytes(36) if version >= 20 else b""
    return message(Id.START_SENDING, body, version)


def sending_ack(address: Address, party: int, reference: int, version: int = 0) -> bytes:
    """StartMediaTransmissionAck."""
    return message(
        Id.SENDING_ACK, numbers(reference, party, reference) + host(address, version) + numbers(address.port, 0), version
    )


def stop(number: int, party: int, reference: int, version: int = 0) -> bytes:
    """StopMediaTransmission or CloseReceiveChannel."""
    return message(number, numbers(reference, party, reference, 0), version)


def key(value: int, reference: int, version: int = 0) -> bytes:
    return message(Id.KEYPAD, numbers(value, 1, reference), version)


def soft_key(event: int, reference: int, version: int = 0) -> bytes:
    return message(Id.SOFT_KEY, numbers(event, 1, reference), version)


def dialed(number: str, reference: int, version: int = 0) -> bytes:
    return message(Id.DIALED, number.encode().ljust(24 if version < 18 else 25, b"\0") + numbers(1, reference), version)


REGISTER = message(Id.REGISTER, b"SEP001122334455\0" + bytes(40))
KEEP_ALIVE = message(0, b"")


@dataclass(slots=True)
class Connections:
    """TCP connections of phones to their call manager, as frames."""

    sent: dict[tuple[Address, Address], int] = field(default_factory=dict)

    def carry(self, source: Address, destination: Address, data: bytes) -> bytes:
        """A frame with the next bytes of this direction."""
        sequence = self.sent.get((source, destination), 1)
        self.sent[source, destination] = sequence + len(data)
        head = struct.pack(">HHIIBBHHH", source.port, destination.port, sequence, 1, 0x50, 0x18, 8192, 0, 0)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(data), 0, 0x4000, 64, 6, 0, source.host, destination.host)
        return bytes(12) + b"\x08\x00" + ip + head + data


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinnyCall:
    """One call between two Skinny phones; `seen` are those whose connection is on the mirror."""

    version: int = WIDE
    begin: int = START
    talk: float = 1.0
    numbers: tuple[str, str] = ("1001", "1002")
    names: tuple[bytes, bytes] = (b"", b"")
    references: tuple[int, int] = (71, 72)
    seen: tuple[bool, bool] = (True, True)
    codec: int = PCMU
    shows: tuple[str, str] = ("", "")
    """What the called phone shows of the two numbers, where it is something else."""

    @property
    def packets(self) -> int:
        """RTP packets of each side."""
        return round(self.talk * SECOND) // PTIME

    def script(self) -> list[tuple[int, int, bool, bytes]]:
        """(milliseconds, phone, whether the phone says it, message), in the order of time."""
        v, (a, b), (one, other) = self.version, self.references, self.numbers
        called = tuple(shown or number for shown, number in zip(self.shows, self.numbers, strict=True))

        def told(kind: int, calling: str, asked: str, reference: int) -> bytes:
            return info(
                calling, asked, kind=kind, reference=reference, version=v, calling_name=self.names[0], called_name=self.names[1]
            )

        end = 1000 + round(self.talk * 1000)
        script = [
            (0, 0, True, message(Id.OFF_HOOK, numbers(1, 0), v)),
            (1, 0, False, state(CallState.OFF_HOOK, a, v)),
            *((10 + 5 * place, 0, True, key(int(digit), a, v)) for place, digit in enumerate(other)),
            (100, 0, False, dialed(other, a, v)),
            (101, 0, False, state(CallState.PROCEED, a, v)),
            (102, 0, False, told(OUTBOUND, one, other, a)),
            (103, 0, False, state(CallState.RING_OUT, a, v)),
            (110, 1, False, state(CallState.RING_IN, b, v)),
            (111, 1, False, told(1, called[0], called[1], b)),
            (900, 1, True, message(Id.OFF_HOOK, numbers(1, b), v)),
            (901, 1, False, state(CallState.CONNECTED, b, v)),
            (902, 0, False, state(CallState.CONNECTED, a, v)),
            (903, 1, False, receive(b + 100, self.codec, b, v)),
            (904, 0, False, receive(a + 100, self.codec, a, v)),
            (910, 1, True, receive_ack(AUDIO[1], b + 100, b, v)),
            (911, 0, True, receive_ack(AUDIO[0], a + 100, a, v)),
            (915, 1, False, send(b + 100, AUDIO[0], self.codec, b, v)),
            (916, 0, False, send(a + 100, AUDIO[1], self.codec, a, v)),
            (920, 0, True, sending_ack(AUDIO[0], a + 100, a, v)),
            (end, 0, True, message(Id.ON_HOOK, numbers(1, a), v)),
            (end + 1, 0, False, stop(Id.STOP_RECEIVING, a + 100, a, v)),
            (end + 1, 0, False, stop(Id.STOP_SENDING, a + 100, a, v)),
            (end + 2, 0, False, state(CallState.ON_HOOK, a, v)),
            (end + 3, 1, False, stop(Id.STOP_SENDING, b + 100, b, v)),
            (end + 4, 1, False, state(CallState.ON_HOOK, b, v)),
        ]
        return [line for line in script if self.seen[line[1]]]

    def frames(self) -> list[Captured]:
        """Every frame, in the order of time."""
        connections = Connections()
        found = []
        for at, phone, says, data in self.script():
            ends = (PHONES[phone], MANAGER) if says else (MANAGER, PHONES[phone])
            found.append(Captured(LINK_ETHERNET, connections.carry(*ends, data), self.begin + at * MILLISECOND))
        return sorted([*found, *self._speech()], key=lambda one: one.at)

    def _speech(self) -> Iterable[Captured]:
        kind, name = {PCMU: (0, "PCMU"), PCMA: (8, "PCMA"), G722: (9, "G722")}[self.codec]
        for side, hz in enumerate((CALLER_HZ, CALLED_HZ)):
            for place, payload in enumerate(tone(name, hz, self.packets)):
                packet = struct.pack(">BBHII", 0x80, kind, place, place * 160, 0xCD000000 + side) + payload
                at = self.begin + SECOND + place * PTIME + side * MILLISECOND
                yield Captured(LINK_ETHERNET, frame(AUDIO[side], AUDIO[1 - side], packet), at)
