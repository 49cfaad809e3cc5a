"""Skinny messages (Cisco's SCCP), as far as a recorder needs them: who calls whom, and where audio goes. Pure.

    length of what follows the version, u32 | protocol version, u32 | message id, u32 | fields            (little endian)

There is no public specification; the layouts are those that Wireshark's and chan-sccp's authors found out. Fields are only ever added
at a message's end, and addresses grew in version 17: before it 4 octets, since then a kind (0 IPv4, 1 IPv6) and 16 octets. What is no
Skinny message raises SccpError, whose `name` is counted as a weird; messages that say nothing of calls give `Other`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import NamedTuple

from capture.frames import Address
from capture.payloads import Encoding
from capture.sccp_codes import CODECS, HIGHEST, SPCP, SUITES, CallState, Id
from capture.sdp import SrtpKey

PORT = 2000
HEAD = 12
MAX_MESSAGE = 16 * 1024
VERSIONS = frozenset({0, *range(3, 23)})  # old ones write 0; 22 is the newest that anybody described
_WIDE = 17
"""Since this version an address says of which kind it is."""
_ALTERNATE = 16
"""Since this version CallInfoV2 holds the caller's alternate number too: chan-sccp, which real phones understand, writes it so; tshark
reads it in every version."""
MAX_TEXT = 255


class SccpError(ValueError):
    """The bytes are no Skinny message; `name` is the weird that is counted."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Other(NamedTuple):
    """A message that says nothing of a call."""

    id: int
    reference: int = 0


class State(NamedTuple):
    """CallState: what became of a call at this phone."""

    id: int
    reference: int
    state: int
    line: int


class Info(NamedTuple):
    """CallInfo in either form: who calls whom. Texts are as they stood there."""

    id: int
    reference: int
    line: int
    kind: int
    calling: bytes
    calling_name: bytes
    called: bytes
    called_name: bytes
    original: bytes
    """Whom the caller meant first."""
    redirecting: bytes
    hidden: int
    """Bits of what is not to be shown."""


class Dialed(NamedTuple):
    """DialedNumber: what was dialled at this phone."""

    id: int
    reference: int
    number: bytes


class Receive(NamedTuple):
    """OpenReceiveChannel: the phone is to expect audio in this encoding."""

    id: int
    reference: int
    party: int
    encodings: dict[int, Encoding]
    secret: bool
    keys: tuple[SrtpKey, ...]


class Ack(NamedTuple):
    """OpenReceiveChannelAck, StartMediaTransmissionAck: the phone's own address, None where it refuses."""

    id: int
    reference: int
    """0 in old versions."""
    party: int
    address: Address | None


class Send(NamedTuple):
    """StartMediaTransmission: the phone is to send audio there."""

    id: int
    reference: int
    party: int
    address: Address | None
    encodings: dict[int, Encoding]
    secret: bool
    keys: tuple[SrtpKey, ...]


class Pressed(NamedTuple):
    """KeypadButton and SoftKeyEvent: a key of the phone."""

    id: int
    reference: int
    """0 in old versions."""
    key: int


Message = Other | State | Info | Dialed | Receive | Ack | Send | Pressed


class _Fields:
    """A message's fields one after the other; those that an old version lacks are 0."""

    def __init__(self, body: bytes, version: int) -> None:
        self._body, self._place, self.version = body, 0, version
        self.wide = version >= _WIDE

    def number(self) -> int:
        self._place += 4
        return int.from_bytes(self._body[self._place - 4 : self._place].ljust(4, b"\0"), "little")

    def raw(self, size: int) -> bytes:
        self._place += size
        return self._body[self._place - size : self._place].ljust(size, b"\0")

    def text(self, size: int) -> bytes:
        return self.raw(size).partition(b"\0")[0]

    def texts(self, most: int) -> list[bytes]:
        """What is left, as texts that end with a zero."""
        found = self._body[self._place :].split(b"\0")[:most]
        return [text[:MAX_TEXT] for text in found] + [b""] * (most - len(found))

    def host(self) -> bytes:
        """An IP address; b"" for a kind that nobody knows."""
        if not self.wide:
            return self.raw(4)
        kind, raw = self.number(), self.raw(16)
        return {0: raw[:4], 1: raw}.get(kind, b"")

    def need(self, size: int, wide: int = MAX_MESSAGE) -> None:
        """Raises SccpError below `size`. From `wide` on it has wide addresses, whatever version its head says."""
        self.wide = self.wide or len(self._body) >= wide
        if len(self._body) < size:
            raise SccpError("sccp-short")


def parse(data: bytes) -> Message:
    """The message in these bytes. Raises SccpError."""
    size = length(data)
    if not size or size != len(data):
        raise SccpError("sccp-length")
    number = int.from_bytes(data[8:12], "little")
    fields = _Fields(data[HEAD:], int.from_bytes(data[4:8], "little"))
    read = _READERS.get(number)
    return Other(number) if read is None else read(number, fields)


def length(data: bytes | bytearray) -> int:
    """How long the message is that begins here; 0 while its head is incomplete. Raises SccpError where none begins here."""
    if len(data) < HEAD:
        return 0
    size, version, number = (int.from_bytes(data[place : place + 4], "little") for place in (0, 4, 8))
    if not 4 <= size <= MAX_MESSAGE or version not in VERSIONS or not (number < HIGHEST or number in SPCP):
        raise SccpError("sccp-head")
    return size + 8


def is_whole(data: bytes) -> bool:
    """Whether this is one Skinny message: no message of SIP is."""
    return looks_like_sccp(data) and length(data) == len(data)


def looks_like_sccp(data: bytes | bytearray) -> bool:
    """Whether a Skinny message begins here."""
    try:
        return length(data) > 0
    except SccpError:
        return False


def begins_connection(payload: bytes, *, usual: bool) -> bool:
    """Whether a segment that begins so is of a Skinny connection.

    On the `usual` port its form suffices; on others the messages in it must be whole, and one of them speak of a call.
    """
    if payload[2:4].strip(b"\0"):
        return False
    if usual:
        return looks_like_sccp(payload) or (0 < len(payload) < HEAD and (len(payload) < 5 or payload[4] in VERSIONS))
    telling = False
    try:
        while payload:
            size = length(payload)
            if not size or size > len(payload):
                return False
            message = parse(payload[:size])
            telling = telling or (isinstance(message, State) and message.reference > 0 and message.state in _STATES)
            telling = telling or (isinstance(message, (Info, Send, Receive)) and message.reference > 0)
            payload = payload[size:]
    except SccpError:
        return False
    return telling


_STATES = frozenset(CallState)


def _state(number: int, fields: _Fields) -> State:
    fields.need(12)
    state, line, reference = fields.number(), fields.number(), fields.number()
    return State(number, reference, state, line)


def _info(number: int, fields: _Fields) -> Info:
    fields.need(140)
    calling_name, calling, called_name, called = (fields.text(size) for size in (40, 24, 40, 24))
    line, reference, kind = fields.number(), fields.number(), fields.number()
    _, original, _, redirecting = (fields.text(size) for size in (40, 24, 40, 24))
    fields.raw(2 * 4 + 4 * 24 + 2 * 4)  # reasons, voice mail boxes, instance, security
    return Info(number, reference, line, kind, calling, calling_name, called, called_name, original, redirecting, fields.number())


def _info_v2(number: int, fields: _Fields) -> Info:
    fields.need(33)
    line, reference, kind = fields.number(), fields.number(), fields.number()
    fields.raw(16)  # reasons, instance, security
    hidden = fields.number()
    numbers = 9 if fields.version >= _ALTERNATE else 8
    texts = fields.texts(numbers + 4)
    if numbers == 9:
        del texts[1]
    calling, called, original, redirecting, *_, calling_name, called_name, _, _ = texts
    return Info(number, reference, line, kind, calling, calling_name, called, called_name, original, redirecting, hidden)


def _dialed(number: int, fields: _Fields) -> Dialed:
    text = fields.text(24 if fields.version < 18 else 25)
    fields.number()
    return Dialed(number, fields.number(), text)


def _receive(number: int, fields: _Fields) -> Receive:
    fields.need(28)
    _, party, _, codec, _ = (fields.number() for _ in range(5))
    chosen = fields.raw(4)
    reference = fields.number()
    secret, keys = _encryption(fields)
    fields.raw(8)
    return Receive(number, reference, party, _encodings(codec, chosen, fields), secret, keys)


def _send(number: int, fields: _Fields) -> Send:
    fields.need(44)
    _, party = fields.number(), fields.number()
    address = _usable(fields.host(), fields.number(), 0)
    _, codec, _, _, _ = (fields.number() for _ in range(5))
    chosen = fields.raw(4)
    reference = fields.number()
    secret, keys = _encryption(fields)
    fields.raw(8)
    return Send(number, reference, party, address, _encodings(codec, chosen, fields), secret, keys)


def _receive_ack(number: int, fields: _Fields) -> Ack:
    fields.need(16, 36)
    status, host, port, party = fields.number(), fields.host(), fields.number(), fields.number()
    return Ack(number, fields.number(), party, _usable(host, port, status))


def _sending_ack(number: int, fields: _Fields) -> Ack:
    fields.need(24, 40)
    _, party, reference, host, port = fields.number(), fields.number(), fields.number(), fields.host(), fields.number()
    return Ack(number, reference, party, _usable(host, port, fields.number()))


def _pressed(number: int, fields: _Fields) -> Pressed:
    fields.need(4)
    key, _ = fields.number(), fields.number()
    return Pressed(number, fields.number(), key)


def _hook(number: int, fields: _Fields) -> Other:
    fields.number()
    return Other(number, fields.number())


def _stop(number: int, fields: _Fields) -> Other:
    fields.raw(8)
    return Other(number, fields.number())


def _usable(host: bytes, port: int, status: int) -> Address | None:
    return Address(host, port) if not status and any(host) and 0 < port < 65536 else None


def _encryption(fields: _Fields) -> tuple[bool, tuple[SrtpKey, ...]]:
    """Whether the audio is SRTP, and its key."""
    algorithm, lengths, key, salt = fields.number(), fields.raw(4), fields.raw(16), fields.raw(16)
    fields.raw(8)
    if not algorithm:
        return False, ()
    sizes = int.from_bytes(lengths[:2], "little"), int.from_bytes(lengths[2:], "little")
    if algorithm not in SUITES or sizes != (16, 14):
        return True, ()
    return True, (SrtpKey(SUITES[algorithm], base64.b64encode(key + salt[:14]).decode()),)


def _encodings(codec: int, chosen: bytes, fields: _Fields) -> dict[int, Encoding]:
    """Payload type → encoding; `chosen` holds the payload type of those that have no fixed one."""
    found: dict[int, Encoding] = {}
    number, encoding = CODECS.get(codec, (None, None))
    if number is None and 96 <= chosen[1] < 128:
        number = chosen[1]
    if number is not None and encoding is not None:
        found[number] = encoding
    events = fields.number()
    if 96 <= events < 128 and events not in found:
        found[events] = Encoding("TELEPHONE-EVENT", 8000)
    return found


_READERS: dict[int, Callable[[int, _Fields], Message]] = {
    Id.KEYPAD: _pressed,
    Id.SOFT_KEY: _pressed,
    Id.OFF_HOOK: _hook,
    Id.ON_HOOK: _hook,
    Id.RECEIVE_ACK: _receive_ack,
    Id.START_SENDING: _send,
    Id.STOP_SENDING: _stop,
    Id.CALL_INFO: _info,
    Id.RECEIVE: _receive,
    Id.STOP_RECEIVING: _stop,
    Id.SELECT_SOFT_KEYS: _hook,
    Id.CALL_STATE: _state,
    Id.DIALED: _dialed,
    Id.CALL_INFO_V2: _info_v2,
    Id.SENDING_ACK: _sending_ack,
}


class Messages:
    """One direction of a Skinny connection, cut into messages; whole or byte by byte gives the same."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._over = self._seen = False
        self.weirds: list[tuple[str, bytes]] = []

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that these bytes complete."""
        self._held += data
        found: list[bytes] = []
        try:
            while (size := length(self._held)) and len(self._held) >= size:
                found.append(bytes(self._held[:size]))
                del self._held[:size]
            self._seen = self._seen or bool(found)
        except SccpError as error:
            if self._seen or found:  # else it was none from the beginning
                self.weirds.append((error.name, bytes(self._held[:256])))
            self._held.clear()
            self._over = True
        return found

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their message."""
        return len(self._held)

    @property
    def plausible(self) -> bool:
        """Whether a message may still come."""
        return not self._over

    @staticmethod
    def resumes(payload: bytes) -> bool:
        """Whether a stream with a hole can be taken up with this segment."""
        return looks_like_sccp(payload)

    def anew(self) -> Messages:
        """One for the same stream behind a hole."""
        return Messages()
