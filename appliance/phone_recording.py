"""What the telephone system's settings say of recording, as rules of the capture engine, which sees every call of Asterisk's on the wire.

The tap listens on the voice LAN's interface as it does on a mirror port, so that a call of the telephone system is recorded, paused,
sealed and listed as any other. A desk, group, queue, trunk or route that says never, always or on demand becomes a rule before the
site's own. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance.capture_settings import Rule
from appliance.phone_settings import Group, Phone, Queue

_ACTIONS = {"never": "never", "always": "record", "on_demand": "on_demand"}
"""What a setting means as a rule, in the order in which rules are asked."""


def rules(phone: Phone) -> tuple[Rule, ...]:
    """Every rule that the settings mean: what is never recorded first."""
    if not phone.enabled:
        return ()
    found = list(_said(phone))
    return tuple(rule for action in _ACTIONS.values() for rule in found if rule.action == action)


def members(phone: Phone, name: str) -> frozenset[str]:
    """The desks that this ring group or queue rings."""
    return frozenset(one for place in _places(phone) if place.name == name for one in place.members)


def _places(phone: Phone) -> list[Group | Queue]:
    return [*phone.groups, *phone.queues]


def _said(phone: Phone) -> Iterator[Rule]:
    for desk in phone.extensions:
        if action := _ACTIONS.get(desk.record):
            name = f"extension {desk.number}"
            yield Rule.model_validate({"name": name, "action": action, "caller": [desk.number]})
            yield Rule.model_validate({"name": name, "action": action, "called": [desk.number]})
    for place in _places(phone):
        if action := _ACTIONS.get(place.record):
            yield Rule.model_validate({"name": f"group {place.name}", "action": action, "group": [place.name]})
    for trunk in phone.trunks:
        if action := _ACTIONS.get(trunk.record):
            yield Rule.model_validate({"name": f"trunk {trunk.name}", "action": action, "trunk": [trunk.host]})
    for route in phone.routes:
        if (action := _ACTIONS.get(route.record)) and route.numbers:
            yield Rule.model_validate({"name": f"route {route.name}", "action": action, "called": route.numbers})
