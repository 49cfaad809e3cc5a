"""What the telephone system's settings say of recording, as rules of the capture engine, which sees every call of Asterisk's on the wire.

The tap listens on the voice LAN's interface as it does on a mirror port, so that a call of the telephone system is recorded, paused,
sealed and listed as any other. A desk, a trunk or a route that says never or always becomes a rule before the site's own. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance.capture_settings import Rule
from appliance.phone_settings import Phone


def rules(phone: Phone) -> tuple[Rule, ...]:
    """Every rule that the settings mean: what is never recorded first."""
    if not phone.enabled:
        return ()
    found = list(_said(phone))
    return tuple(rule for action in ("never", "record") for rule in found if rule.action == action)


def _said(phone: Phone) -> Iterator[Rule]:
    actions = {"never": "never", "always": "record"}
    for desk in phone.extensions:
        if action := actions.get(desk.record):
            name = f"extension {desk.number}"
            yield Rule.model_validate({"name": name, "action": action, "caller": [desk.number]})
            yield Rule.model_validate({"name": name, "action": action, "called": [desk.number]})
    for trunk in phone.trunks:
        if action := actions.get(trunk.record):
            yield Rule.model_validate({"name": f"trunk {trunk.name}", "action": action, "trunk": [trunk.host]})
    for route in phone.routes:
        if (action := actions.get(route.record)) and route.numbers:
            yield Rule.model_validate({"name": f"route {route.name}", "action": action, "called": route.numbers})
