"""What is to be done with what a new connection finds in Asterisk: our calls to adopt, strangers to send to their fallback, debris. Pure.

After a reconnect Asterisk tells no `StasisStart` again (`asterisk-facts.md`). What was in the application says so itself: the arguments of
`Stasis` stand in `dialplan.app_data`. A call that this process knows goes on where it was; one that another process began is sent to the
fallback of its flow, so that somebody's phone rings; a conversation that came back is over and done. Bridges of the application without two
live legs go, and recordings that nobody waits for are stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from appliance import dialplan
from appliance.dialplan import Outcome
from ivr_flows.ari_models.models_bridges import Bridge
from ivr_flows.ari_models.models_channels import Channel

STASIS, BROADCAST = "Stasis", "StasisBroadcast"
_TALKED = (Outcome.ANSWERED, Outcome.DONE)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A call in the application that this process did not begin."""

    channel: str
    flow: str
    """Whose fallback rings; "" where only a variable of the channel's says it."""
    over: bool = False
    """Whether it had its conversation, and is to be ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done."""

    adopted: tuple[str, ...]
    """Ours, and still inside."""
    gone: tuple[str, ...]
    """Ours, and hung up meanwhile."""
    strangers: tuple[Stranger, ...]
    bridges: tuple[str, ...]
    """To be deleted."""
    recordings: tuple[str, ...]
    """To be stopped."""


def recording_of(channel: str) -> str:
    """The name of the one recording that a call may have under way, so that whoever comes later knows it."""
    return f"{dialplan.APP}-{channel}"


def arguments(app_name: str, app_data: str) -> tuple[str, ...]:
    """What the dialplan gave to the application, from the channel's own place in it; empty where it is in another."""
    parts = app_data.split(",")
    if app_name == STASIS and parts[0] == dialplan.APP:
        return tuple(parts[1:])
    if app_name == BROADCAST and len(parts) > 2:
        return tuple(parts[2].split(":"))
    return ()


def plan(inside: Collection[str], channels: Sequence[Channel], bridges: Sequence[Bridge], known: Mapping[str, bool]) -> Plan:
    """`inside` are the channels that Asterisk lists for the application; `known` our calls, and whether each is away in the dialplan."""
    there = {channel.id: channel for channel in channels}
    ours = [name for name, away in known.items() if name in there and (away or name in inside)]
    strangers = [_stranger(there[name]) for name in sorted(inside) if name in there and name not in known]
    return Plan(
        adopted=tuple(name for name in ours if name in inside),
        gone=tuple(name for name in known if name not in ours),
        strangers=tuple(strangers),
        bridges=tuple(bridge.id for bridge in bridges if _is_ours(bridge) and len(set(bridge.channels) & set(there)) < 2),
        recordings=tuple(recording_of(stranger.channel) for stranger in strangers),
    )


def _stranger(channel: Channel) -> Stranger:
    args = arguments(channel.dialplan.app_name, channel.dialplan.app_data)
    if args[:1] == (dialplan.ENTER,):
        return Stranger(channel.id, args[2] if len(args) > 2 else "")
    return Stranger(channel.id, "", over=args[:1] == (dialplan.BACK,) and args[1:2] in [(outcome,) for outcome in _TALKED])


def _is_ours(bridge: Bridge) -> bool:
    return bridge.creator == STASIS
