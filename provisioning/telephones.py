"""Which telephone asks, and what it is answered: by the MAC address in the name of the file that it wants.

Whoever asks for a MAC that is not ours, or for anything else, is answered 404 and a sentence goes to the log, so that a technician sees
why a telephone stays empty. The settings hold the telephone's own password and no other's. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from types import ModuleType

from appliance.config import Config
from appliance.phone_settings import Extension, Secrets

_MOST_ADDRESSES = 4096
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Lamp:
    """A key of a telephone: what it shows and calls."""

    number: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telephone:
    """All that one telephone is told."""

    mac: str
    model: str
    number: str
    name: str
    password: str
    host: str
    port: int
    transport: str
    language: str
    voicemail: str
    """What it calls to hear messages; "" where it has no box."""
    pickup: str
    """Dialled before the number of a lamp that blinks."""
    keys: str
    codecs: Sequence[str]
    lamps: Sequence[Lamp] = ()

    def __repr__(self) -> str:
        return f"Telephone({self.number}, {self.mac})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back, and what the log says."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    sentence: str = ""
    """For the log; never with a secret."""


def one_line(text: str) -> str:
    """The text without anything that could begin a line of its own."""
    kept = (letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs", "Zl", "Zp"))
    return "".join(letter for letter in kept if letter not in "\ufffe\uffff")  # no letters of XML's


def telephones(config: Config, secrets: Secrets, host: str) -> dict[str, Telephone]:
    """Every telephone that fetches its settings, by MAC; `host` is what they reach Asterisk by."""
    return {desk.mac: _telephone(config, desk, secrets, host) for desk in config.phone.extensions if desk.mac and desk.model}


def _telephone(config: Config, desk: Extension, secrets: Secrets, host: str) -> Telephone:
    network, codes = config.phone.network, config.phone.codes
    return Telephone(
        mac=desk.mac, model=desk.model, number=desk.number, name=desk.name or desk.number, password=secrets.phones[desk.number],
        host=host, port=5061 if desk.encrypted else network.port, transport="tls" if desk.encrypted else "udp",
        language=config.phone.language, voicemail=codes.voicemail if desk.voicemail else "", pickup=codes.pickup_of, keys=desk.dtmf,
        codecs=desk.codecs, lamps=tuple(_lamp(config, name) for name in desk.lamps),
    )  # fmt: skip


def _lamp(config: Config, name: str) -> Lamp:
    """A lamp by the extension, switch or parking place that it is named after."""
    labels = {desk.number: desk.name or desk.number for desk in config.phone.extensions}
    for switch in config.phone.switches:
        if switch.name == name:
            return Lamp(switch.code, switch.title or switch.name)
    return Lamp(name, labels.get(name, name))


def answer(
    path: str, address: str, known: Mapping[str, Telephone], makes: Mapping[str, ModuleType], inside: Sequence[str] = ()
) -> Answer:
    """What whoever asks for `path` from `address` is answered; `inside` are the networks of our telephones, where they are known."""
    if inside and not any(ip_address(address) in ip_network(network, strict=False) for network in inside):
        return Answer(status=404, sentence=f"{address}: is in none of phone.network.inside; a telephone there gets no settings")
    plain = path.partition("?")[0]
    for make, module in makes.items():
        for form in module.PATHS:
            if found := re.fullmatch(form, plain):
                return _for_mac(found["mac"].lower(), make, address, known, module)
    return Answer(status=404, sentence=f"{address}: asks for {one_line(plain)[:80]!r}, which is no telephone's file of ours")


def _for_mac(mac: str, make: str, address: str, known: Mapping[str, Telephone], module: ModuleType) -> Answer:
    telephone = known.get(mac)
    if telephone is None:
        return Answer(
            status=404, sentence=f'{address}: the {make} with MAC {mac} is not ours; write mac = "{mac}" to its extension if it is'
        )
    if telephone.model != make:
        return Answer(
            status=404,
            sentence=f"{address}: MAC {mac} asks as a {make} and extension {telephone.number} says {telephone.model}; correct model",
        )
    body = module.render(telephone).encode()
    return Answer(
        status=200, body=body, content_type=module.TYPE, sentence=f"{address}: extension {telephone.number} has its settings"
    )


@dataclass(slots=True)
class Throttle:
    """How many requests an address may make: a bucket for each, refilled over the minute; the longest silent is forgotten first."""

    per_minute: int
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def allows(self, address: str, now: float) -> bool:
        """Whether one more is answered at `now` (seconds of a clock that only goes on)."""
        left, then = self._buckets.pop(address, (float(self.per_minute), now))
        left = min(float(self.per_minute), left + (now - then) * self.per_minute / _MINUTE_S)
        allowed = left >= 1
        self._buckets[address] = (left - 1 if allowed else left, now)
        while len(self._buckets) > _MOST_ADDRESSES:
            del self._buckets[next(iter(self._buckets))]
        return allowed
