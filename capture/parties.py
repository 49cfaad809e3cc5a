"""Who calls whom, on which line and which way: read from an INVITE's headers and the box's configuration. Pure.

The order of trust is that of `japan-facts.md`: P-Called-Party-ID carries the dialled number on inbound calls of NTT's network, the
Request-URI comes next, and To last. A number that the caller withheld is not dug out of other headers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from appliance import phone_recording
from appliance.config import Config
from appliance.dialplan import GROUP_HEADER
from appliance.numbers import CallerReason, Kind, Number, caller_reason
from appliance.records import Direction
from capture.frames import Address
from capture.policy import Facts
from capture.sip import Message, NameAddress, name_address, uri

_KEPT = frozenset({
    "from", "to", "p-called-party-id", "p-asserted-identity", "p-preferred-identity", "remote-party-id", "privacy",
    "diversion", "history-info", "call-id", "user-agent", "alert-info", "call-info",
})  # fmt: skip
_ASSERTED = ("p-asserted-identity", "p-preferred-identity", "remote-party-id")
MAX_KEPT = 40
MAX_KEPT_LENGTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """What an INVITE says of the two ends."""

    caller: Number
    caller_name: str
    caller_reason: CallerReason | None
    called: Number
    direction: Direction
    line: str | None
    """The configured line's number, as configured."""
    facts: Facts
    """The same as far as the rules ask for it."""
    headers: tuple[str, ...]


def read(message: Message, source: Address, destination: Address, config: Config, *, reverse: bool = False) -> Parties:
    """The parties of the call that this message belongs to.

    `reverse`: the message travels from the called party to the caller (a re-INVITE from there, say), so the addresses are swapped.
    """
    if reverse:
        source, destination = destination, source
    sender = name_address(message.get("from"))
    reason = caller_reason(
        display_name=sender.display_name, user=sender.uri.user, host=sender.uri.host, privacy=message.get("privacy")
    )
    caller = config.number("" if reason else _caller_text(message, sender, config))
    called, dialled = _called(message, config)
    line, direction = _place(caller, called, config, reason, source, destination, dialled=dialled)
    targets = (called, *_others(message, config, "p-called-party-id", "to", target=True))
    return Parties(
        caller=caller,
        caller_name="" if reason else tidy(sender.display_name),
        caller_reason=reason,
        called=called,
        direction=direction,
        line=line,
        facts=Facts(
            callers=() if reason else (caller, *_others(message, config, "from", *_ASSERTED)),
            withheld=reason,
            called=targets,
            lines=_lines(message, config, caller, called),
            direction=direction,
            hosts=(source.host, destination.host),
            domains=_domains(message),
            group=_group(message, targets, config),
        ),
        headers=_kept(message),
    )


def between(
    calling: str, calling_name: str, called: str, others: Sequence[str], config: Config, *, hidden: bool, kept: Iterable[str]
) -> Parties:
    """The parties that a phone's display names, without headers; `others` are further numbers that the called party stands for.

    `hidden`: the caller's number is not to be shown. The addresses tell nothing of the direction: phone and call manager are inside.
    """
    reason = CallerReason.ANONYMOUS if hidden else None
    caller, target = config.number("" if hidden else tidy(calling)), config.number(tidy(called))
    texts = [text for text in (calling, called, *others) if text]
    lines = [config.line(tidy(text)) for text in texts]
    ours = config.line(caller.national, caller.raw), config.line(target.national, target.raw)
    direction = Direction.UNKNOWN
    if calling or called:
        direction = _by_numbers(caller, target, reason, ours=(ours[0] is not None, ours[1] is not None), dialled=False)
    own = next((line for line in (ours if direction is Direction.OUTBOUND else reversed(ours)) if line is not None), None)
    return Parties(
        caller=caller,
        caller_name="" if hidden else tidy(calling_name),
        caller_reason=reason,
        called=target,
        direction=direction,
        line=None if own is None else own.number,
        facts=Facts(
            callers=() if hidden else (caller,),
            withheld=reason,
            called=(target, *(config.number(tidy(text)) for text in others if text)),
            lines=tuple(line.number for line in lines if line is not None),
            direction=direction,
            hosts=(),
            domains=(),
        ),
        headers=tuple(line[:MAX_KEPT_LENGTH] for line in kept)[:MAX_KEPT],
    )


def tidy(text: str) -> str:
    """A display name that is safe to show: no control characters, no bidirectional overrides, at most 200 characters."""
    shown = "".join(letter for letter in text if letter.isprintable() or letter == "\u3000")
    return shown.strip()[:200]


def _caller_text(message: Message, sender: NameAddress, config: Config) -> str:
    """From, unless it holds no telephone number and the network asserts one."""
    own = tidy(sender.uri.user)
    if config.number(own).is_public:
        return own
    for header in _ASSERTED:
        for value in message.all(header):
            asserted = tidy(name_address(value).uri.user)
            if config.number(asserted).is_public:
                return asserted
    return own or tidy(sender.uri.host)


def _called(message: Message, config: Config) -> tuple[Number, bool]:
    """The dialled number, and whether P-Called-Party-ID gave it (which only the called side's network writes)."""
    told = name_address(message.get("p-called-party-id")).uri.user
    target = uri(message.uri) if message.is_request else name_address(message.get("to")).uri
    texts = [told, target.user, name_address(message.get("to")).uri.user]
    found = [config.number(tidy(text)) for text in texts if text]
    for number in found:
        if config.line(number.national, number.raw):
            return number, bool(told)
    public = next((number for number in found if number.is_public), None)
    fallback = found[0] if found else config.number(tidy(target.host))
    return public or fallback, bool(told)


def _others(message: Message, config: Config, *headers: str, target: bool = False) -> tuple[Number, ...]:
    """Further numbers that stand for a party: in these headers, and in the request's target."""
    users = [name_address(value).uri.user for header in headers for value in message.all(header)]
    users += [uri(message.uri).user] if target and message.is_request else []
    return tuple(config.number(tidy(user)) for user in users if user)


def _lines(message: Message, config: Config, caller: Number, called: Number) -> tuple[str, ...]:
    """Every configured line that a number in the message is, as configured."""
    texts = [name_address(message.get(name)).uri.user for name in ("p-called-party-id", "to", "from")] + [uri(message.uri).user]
    found = [config.line(tidy(text)) for text in texts if text]
    found += [config.line(number.national, number.raw) for number in (called, caller)]
    return tuple(dict.fromkeys(line.number for line in found if line is not None))


def _group(message: Message, called: Iterable[Number], config: Config) -> str:
    """Who rings the desk, as our dialplan writes it. It counts for the group's own desks only: they are called by nobody else."""
    name = message.get(GROUP_HEADER.lower())
    members = phone_recording.members(config.phone, name) if name else ()
    return name if any(number.national in members for number in called) else ""


def _domains(message: Message) -> tuple[str, ...]:
    hosts = [name_address(value).uri.host for name in ("from", "to", "p-called-party-id") for value in message.all(name)]
    return tuple(dict.fromkeys(host.lower() for host in [*hosts, uri(message.uri).host] if host))


def _place(
    caller: Number,
    called: Number,
    config: Config,
    reason: CallerReason | None,
    source: Address,
    destination: Address,
    *,
    dialled: bool,
) -> tuple[str | None, Direction]:
    """(line's number, direction)."""
    called_line, caller_line = config.line(called.national, called.raw), config.line(caller.national, caller.raw)
    direction = _by_network(config, source, destination)
    if direction is Direction.UNKNOWN:
        direction = _by_numbers(caller, called, reason, ours=(caller_line is not None, called_line is not None), dialled=dialled)
    lines = [line for line in (called_line, caller_line) if line is not None]
    if direction is Direction.OUTBOUND:
        lines.reverse()
    return lines[0].number if lines else None, direction


def _by_network(config: Config, source: Address, destination: Address) -> Direction:
    if not config.capture.inside:
        return Direction.UNKNOWN
    nets = [ip_network(text, strict=False) for text in config.capture.inside]
    inside = [any(ip_address(address.host) in net for net in nets) for address in (source, destination)]
    return {
        (True, True): Direction.INTERNAL,
        (True, False): Direction.OUTBOUND,
        (False, True): Direction.INBOUND,
    }.get((inside[0], inside[1]), Direction.UNKNOWN)


def _by_numbers(
    caller: Number, called: Number, reason: CallerReason | None, *, ours: tuple[bool, bool], dialled: bool
) -> Direction:
    """Without configured networks the numbers tell, where they can."""
    if ours != (False, False):
        return {(True, True): Direction.INTERNAL, (True, False): Direction.OUTBOUND}.get(ours, Direction.INBOUND)
    if dialled or reason is not None:
        return Direction.INBOUND
    if called.kind in (Kind.EMERGENCY, Kind.SERVICE):
        return Direction.OUTBOUND
    return {
        (False, False): Direction.INTERNAL,
        (False, True): Direction.OUTBOUND,
        (True, False): Direction.INBOUND,
    }.get((caller.is_public, called.is_public), Direction.UNKNOWN)


def _kept(message: Message) -> tuple[str, ...]:
    """The header lines the facts were read from, kept beside every interpretation."""
    lines = [message.uri] if message.is_request else []
    lines += [f"{name}: {value}" for name, value in message.headers if name in _KEPT]
    return tuple(line[:MAX_KEPT_LENGTH] for line in lines[:MAX_KEPT])
