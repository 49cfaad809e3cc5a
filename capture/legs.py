"""One call at one Skinny phone: what the phone was told of it, who calls whom, and with which other leg it is one talk. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.config import Config
from appliance.ids import CallId, call_id
from appliance.moments import SECOND
from appliance.records import Side
from capture import parties, sccp
from capture.dialog import Dialog, State
from capture.effects import Keep
from capture.frames import Address, host_text
from capture.sccp_codes import END_CALL, FROM_PHONE, HIDES_NUMBER, OUTBOUND, CallState, Id
from capture.sip import decode_text

TOGETHER = 10 * SECOND
"""How long after a phone has dialled the other one may begin to ring."""
PRIVATE = b"\x80\x36"
"""A label of the phone's own dictionary, for a name that is not shown."""
RINGS = frozenset({CallState.RING_OUT, CallState.RING_IN, CallState.CALL_WAITING})
_WHY = {int(CallState.BUSY): "busy", int(CallState.CONGESTION): "failed", int(CallState.INVALID_NUMBER): "not_found"}
Key = tuple[Address, Address, int]
"""Call manager, phone, callReference."""


@dataclass(slots=True, kw_only=True, eq=False)
class Leg:
    """One call at one phone."""

    key: Key
    began_at: int
    now: int
    start_seen: bool = False
    info: sccp.Info | None = None
    dialed: bytes = b""
    first_state: int = 0
    state: int = 0
    side: Side = Side.CALLER
    talk: Dialog | None = None
    connected: bool = False
    over: bool = False
    hung_up: bool = False
    """Whether this phone asked for the end."""
    why: str = ""
    receives: dict[int, sccp.Receive] = field(default_factory=dict)
    """By party, until the phone says where."""
    pending: list[Keep] = field(default_factory=list)
    """Its messages so far, without a call."""

    @property
    def calls(self) -> bool:
        """Whether this phone is the one that calls."""
        return self.info.kind == OUTBOUND if self.info else self.first_state != CallState.RING_IN

    @property
    def holds(self) -> bool:
        """Whether it keeps the talk up."""
        return self.connected and not self.over

    @property
    def is_told(self) -> bool:
        """Whether it is known who calls whom, or speech flows already."""
        if self.over or self.state == CallState.REMOTE_MULTILINE:
            return False
        if self.info is not None and (self.info.called or self.info.calling):
            return self.state in RINGS or self.state == CallState.PROCEED or self.connected or not self.start_seen
        return self.connected

    def learn(self, message: sccp.Message) -> None:
        """What the message says of the leg itself."""
        if isinstance(message, sccp.State):
            self.first_state = self.first_state or message.state
            self.start_seen = self.first_state in (CallState.OFF_HOOK, CallState.RING_IN)
            self.state = message.state
            self.why = _WHY.get(message.state, self.why)
            self.over = self.over or message.state == CallState.ON_HOOK
            self.connected = self.connected or message.state == CallState.CONNECTED
        elif isinstance(message, sccp.Info):
            self.info = message
        elif isinstance(message, sccp.Dialed):
            self.dialed = message.number
        elif message.id == Id.ON_HOOK or (message.id == Id.SOFT_KEY and getattr(message, "key", 0) == END_CALL):
            self.hung_up = True

    def people(self, config: Config) -> parties.Parties:
        """Who calls whom, as this phone shows it."""
        info = self.info or sccp.Info(0, 0, 0, OUTBOUND if self.calls else 1, b"", b"", self.dialed, b"", b"", b"", 0)
        hidden = bool(info.hidden & HIDES_NUMBER) and not self.calls
        hidden = hidden or (info.calling_name == PRIVATE and not info.calling)
        texts = {
            "calling": info.calling, "calling-name": info.calling_name, "called": info.called or self.dialed,
            "called-name": info.called_name, "original-called": info.original, "last-redirecting": info.redirecting,
            "dialled": self.dialed,
        }  # fmt: skip
        read = {name: _text(raw) for name, raw in texts.items()}
        return parties.between(
            read["calling"], read["calling-name"], read["called"],
            (read["original-called"], read["last-redirecting"], read["dialled"]), config, hidden=hidden,
            kept=(
                f"phone: {host_text(self.key[1].host)}", f"call-manager: {host_text(self.key[0].host)}",
                *(f"{name}: {text}" for name, text in read.items() if text),
            ),
        )  # fmt: skip

    def is_of_one_talk_with(self, mate: Leg) -> bool:
        """Whether two legs are of one talk, as far as references and numbers show it."""
        talk, one, other = mate.talk, mate.info, self.info
        if talk is None or mate.key[0].host != self.key[0].host or mate.key[1] == self.key[1]:
            return False
        if mate.key[2] == self.key[2]:
            return True
        if one is None or other is None or talk.state is State.ANSWERED or self.began_at - talk.last_at > TOGETHER:
            return False
        same = (one.calling, one.called) == (other.calling, other.called)
        return bool(one.calling) and same and not (mate.calls and self.calls)


def key_of(message: sccp.Message, source: Address, destination: Address) -> Key:
    """The leg that this message names."""
    phone, manager = (source, destination) if message.id in FROM_PHONE else (destination, source)
    return (manager, phone, message.reference)


def id_of(key: Key, at: int) -> CallId:
    """The id of a talk that this leg begins."""
    manager, phone, reference = key
    return call_id(f"skinny-{reference}@{manager}", str(phone), at)


def _text(raw: bytes) -> str:
    """A name or number, in whatever the phone's locale is; labels of the phone's own dictionary are none."""
    return "" if raw[:1] in (b"\x80", b"\x1e") and len(raw) <= 2 else decode_text(raw)
