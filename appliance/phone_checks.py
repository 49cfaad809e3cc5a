"""What no single value of the telephone system's settings can tell: a number given twice, a target that is not there, two routes for
one call, an emergency number in the way. Each problem is the path of a field and a sentence with its mend, as `config.py` says them.

Whether a flow is there is known only to who publishes it, so flows are named here as far as the caller knows them. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from appliance import dialplan, numbers
from appliance.config import Config
from appliance.dialplan import Kind
from appliance.options import WITHHELD
from appliance.phone_settings import Phone

Path = tuple[str | int, ...]
Problem = tuple[Path, str]
_TARGETS = {
    "extensions": ("no_answer", "busy", "unreachable"), "groups": ("no_answer",), "queues": ("no_answer",),
    "routes": ("target", "switched", "fallback"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Names:
    """What can be named in these settings."""

    of: dict[Kind, Collection[str]]
    trunks: Collection[str]
    switches: Collection[str]
    permissions: Collection[str]
    music: Collection[str]
    contacts: Collection[str]


def problems(config: Config, flows: Collection[str] | None = None) -> Iterator[Problem]:
    """Every problem of the telephone system's settings; flows are held against `flows` where it is known."""
    phone = config.phone
    if not phone.enabled:
        return
    names = _names(phone, flows)
    for part in (_numbers(phone), _names_once(phone), _codes(phone), _targets(phone, names), _mentions(phone, names)):
        yield from ((("phone", *path), what) for path, what in part)
    for part in (_routes(config), _emergency(config), _lines(phone), _ports(phone), _flow_fallbacks(phone)):
        yield from ((("phone", *path), what) for path, what in part)


def _names(phone: Phone, flows: Collection[str] | None) -> _Names:
    of: dict[Kind, Collection[str]] = {
        Kind.GROUP: {group.name for group in phone.groups},
        Kind.EXTENSION: {desk.number for desk in phone.extensions},
        Kind.QUEUE: {queue.name for queue in phone.queues},
        Kind.VOICEMAIL: {box.number for box in phone.boxes},
        Kind.CONFERENCE: {room.number for room in phone.conferences},
    }
    if flows is not None:
        of[Kind.FLOW] = flows
    return _Names(
        of=of,
        trunks={trunk.name for trunk in phone.trunks},
        switches={switch.name for switch in phone.switches},
        permissions={"standard"} | {one.name for one in phone.permissions},
        music={"default"} | {one.name for one in phone.music},
        contacts={contact.speed_dial for contact in phone.contacts},
    )


def _numbers(phone: Phone) -> Iterator[Problem]:
    """Extensions of whatever kind: each number once, no emergency or service number, none inside the parking places."""
    taken: dict[str, str] = {}
    for path, number, what in _numbered(phone):
        if number in numbers.EMERGENCY:
            yield path, f"{number} is an emergency number, which every desk must be able to call; choose another"
        elif number in taken:
            yield path, f"{number} is {taken[number]} already; give every number once"
        else:
            taken[number] = what
    boxes: dict[str, int] = {}
    for index, box in enumerate(phone.boxes):
        if box.number in boxes:
            yield ("boxes", index, "number"), f"{box.number} is a voicemail box already; give every number once"
        boxes[box.number] = index
    macs: dict[str, str] = {}
    for index, desk in enumerate(phone.extensions):
        if desk.mac and desk.mac in macs:
            yield ("extensions", index, "mac"), f"{desk.mac} is the telephone of {macs[desk.mac]} already; correct one of them"
        elif desk.mac and not desk.model:
            yield ("extensions", index, "mac"), "has no make beside it; add model = yealink, grandstream, panasonic or snom"
        macs[desk.mac] = desk.number


def _numbered(phone: Phone) -> Iterator[tuple[Path, str, str]]:
    """(path, number, what it is) of all that is called by an extension."""
    for kind, what in (
        ("extensions", "an extension"),
        ("groups", "a group"),
        ("queues", "a queue"),
        ("conferences", "a conference"),
    ):
        for index, one in enumerate(getattr(phone, kind)):
            if one.number:
                yield (kind, index, "number"), one.number, what
    first, last = phone.parking.first, phone.parking.last
    yield ("parking", "number"), phone.parking.number, "where calls are parked"
    if len(first) != len(last) or first > last or int(last) - int(first) >= 200:
        yield from ()
    else:
        for place in range(int(first), int(last) + 1):
            yield ("parking", "first"), str(place), "a parking place"


def _names_once(phone: Phone) -> Iterator[Problem]:
    """Names are extensions of Asterisk's contexts, which pass over hyphens."""
    for kind in ("groups", "queues", "switches", "music", "trunks", "routes", "permissions"):
        seen: set[str] = set()
        for index, one in enumerate(getattr(phone, kind)):
            if one.name.replace("-", "") in seen:
                yield (kind, index, "name"), f"{one.name} is there already (hyphens do not count); choose another name"
            seen.add(one.name.replace("-", ""))
    first, last = phone.parking.first, phone.parking.last
    if len(first) != len(last) or first > last or int(last) - int(first) >= 200:
        yield ("parking", "last"), f"{last} does not end at most 200 places that begin with {first}; write both of the same length"


def _codes(phone: Phone) -> Iterator[Problem]:
    """Codes: each once; a code that others begin with would swallow them."""
    taken: dict[str, str] = {}
    pairs = [(("codes", name), getattr(phone.codes, name)) for name in type(phone.codes).model_fields]
    pairs += [(("switches", index, "code"), switch.code) for index, switch in enumerate(phone.switches)]  # type: ignore[misc]
    for path, code in pairs:
        if code and code in taken:
            yield path, f"{code} is the code of {taken[code]} already; choose another"
        elif code:
            taken[code] = ".".join(map(str, path))
    speed = {contact.speed_dial: index for index, contact in enumerate(phone.contacts) if contact.speed_dial}
    for index, contact in enumerate(phone.contacts):
        if contact.speed_dial and speed[contact.speed_dial] != index:
            yield ("contacts", index, "speed_dial"), f"{contact.speed_dial} is given twice; choose another"


def _targets(phone: Phone, names: _Names) -> Iterator[Problem]:
    """Every target is there."""
    for kind, fields in _TARGETS.items():
        for index, one in enumerate(getattr(phone, kind)):
            for field in fields:
                yield from _target((kind, index, field), getattr(one, field), names)
    yield from _target(("fallback",), phone.fallback, names)


def _target(path: Path, text: str, names: _Names) -> Iterator[Problem]:
    if not text:
        return
    target = dialplan.target(text)
    known = names.of.get(target.kind)
    if known is not None and target.name not in known:
        what = "is not published" if target.kind is Kind.FLOW else "is not there"
        yield path, f"{text} {what}; {'publish it' if target.kind is Kind.FLOW else 'add it or name another'}"


def _mentions(phone: Phone, names: _Names) -> Iterator[Problem]:
    """Every other name that is mentioned is there."""
    desks = names.of[Kind.EXTENSION]
    for index, desk in enumerate(phone.extensions):
        yield from _known(("extensions", index, "permission"), [desk.permission], names.permissions, "[[phone.permissions]]")
        yield from _known(("extensions", index, "voicemail"), [desk.voicemail], names.of[Kind.VOICEMAIL], "[[phone.boxes]]")
        if desk.encrypted and not phone.network.tls:
            yield ("extensions", index, "encrypted"), "needs SIP over TLS; set tls = true in [phone.network]"
    for index, group in enumerate(phone.groups):
        inside = [one for one in group.members if not one.startswith(("0", "+"))]
        yield from _known(("groups", index, "members"), inside, desks, "[[phone.extensions]]")
        if not group.members:
            yield ("groups", index, "members"), f"the group {group.name} is empty; name at least one member"
    for index, queue in enumerate(phone.queues):
        yield from _known(("queues", index, "members"), queue.members, desks, "[[phone.extensions]]")
        yield from _known(("queues", index, "music"), [queue.music], names.music, "[[phone.music]]")
        if not queue.members:
            yield ("queues", index, "members"), f"the queue {queue.name} has nobody in it; name at least one member"
    for index, route in enumerate(phone.routes):
        yield from _known(("routes", index, "trunks"), route.trunks, names.trunks, "[[phone.trunks]]")
        yield from _known(("routes", index, "switch"), [route.switch], names.switches, "[[phone.switches]]")
        if bool(route.switch) != bool(route.switched):
            yield (
                ("routes", index, "switch"),
                "goes with switched only; name the switch and where calls go while it is on, or neither",
            )
    for index, rule in enumerate(phone.outbound):
        yield from _known(("outbound", index, "trunks"), rule.trunks, names.trunks, "[[phone.trunks]]")
    yield from _known(("emergency_trunks",), phone.emergency_trunks, names.trunks, "[[phone.trunks]]")


def _known(path: Path, said: Sequence[str], known: Collection[str], where: str) -> Iterator[Problem]:
    for one in said:
        if one and one not in known:
            yield path, f"{one} is not in {where}; add it there or name another"


def _routes(config: Config) -> Iterator[Problem]:
    """No route that an earlier one leaves no call, and none for one number twice."""
    earlier: list[tuple[str, set[str], set[str], set[str]]] = []
    for index, route in enumerate(config.phone.routes):
        dialled = {config.number(number).national for number in route.numbers}
        trunks, callers = set(route.trunks), set(route.callers)
        for name, their_numbers, their_trunks, their_callers in earlier:
            covers = _covers(their_numbers, dialled) and _covers(their_trunks, trunks) and _covers(their_callers, callers)
            if covers:
                yield (
                    ("routes", index, "numbers"),
                    f"no call is left for it: {name} above takes them all; remove one, or put it first",
                )
                break
            same = their_numbers & dialled
            if same and _covers(their_trunks, trunks) and _covers(their_callers, callers):
                yield ("routes", index, "numbers"), f"{sorted(same)[0]} goes to {name} already; give every number to one route"
                break
        earlier.append((route.name, dialled, trunks, callers))


def _covers(wide: set[str], narrow: set[str]) -> bool:
    """Whether a condition (empty: any) lets through all that the other lets through."""
    return not wide or (bool(narrow) and narrow <= wide) or ("withheld" in wide and bool(narrow) and narrow <= set(WITHHELD))


def _emergency(config: Config) -> Iterator[Problem]:
    """Nothing blocks, catches or rewrites 110, 118 and 119, and there is a trunk for them."""
    phone = config.phone
    if phone.extensions and not phone.trunks:
        yield ("trunks",), "there is none, so that nobody can call 110, 118 and 119; add a [[phone.trunks]]"
    for index, one in enumerate(phone.permissions):
        for number in one.refused:
            if _takes_emergency(number):
                yield ("permissions", index, "refused"), f"{number} refuses an emergency number, which is always allowed; remove it"
    for index, rule in enumerate(phone.outbound):
        for number in rule.numbers:
            if number.removesuffix("*") in numbers.EMERGENCY:
                yield (
                    ("outbound", index, "numbers"),
                    f"{number} is an emergency number; name its trunks in emergency_trunks instead",
                )
    for number in phone.block.callers:
        if number in numbers.EMERGENCY or (number.endswith("*") and _takes_emergency(number)):
            yield ("block", "callers"), f"{number} blocks when an emergency service calls back; remove it"
    for index, contact in enumerate(phone.contacts):
        if contact.speed_dial in numbers.EMERGENCY and not phone.codes.speed_dial:
            yield ("contacts", index, "speed_dial"), f"{contact.speed_dial} is an emergency number; choose another"


def _takes_emergency(text: str) -> bool:
    beginning = text.removesuffix("*")
    return text in numbers.EMERGENCY or (text.endswith("*") and any(number.startswith(beginning) for number in numbers.EMERGENCY))


def _lines(phone: Phone) -> Iterator[Problem]:
    """A trunk has what its kind needs."""
    for index, trunk in enumerate(phone.trunks):
        if trunk.kind != "address" and not trunk.user:
            what = "the HGW's extension for the box, such as 3" if trunk.kind == "hikari" else "the provider's user"
            yield ("trunks", index, "user"), f"is missing; write {what}"


def _ports(phone: Phone) -> Iterator[Problem]:
    if phone.network.last_rtp - phone.network.first_rtp < 20:
        yield ("network", "last_rtp"), f"{phone.network.last_rtp} leaves no room for ten calls; raise it"


def _flow_fallbacks(phone: Phone) -> Iterator[Problem]:
    """A fallback rings while the flows are down, so it is no flow."""
    fallbacks: list[tuple[Path, str]] = [(("fallback",), phone.fallback)]
    fallbacks += [(("routes", index, "fallback"), route.fallback) for index, route in enumerate(phone.routes)]
    for path, text in fallbacks:
        if text and dialplan.target(text).kind is Kind.FLOW:
            yield path, f"{text} is a flow, and a fallback rings when flows are down; name a group, an extension or a box"
