"""The phone system at a glance: how each trunk stands and why, what is set up, and what happens when a number calls at a time.

Everything is read from the configuration and from the last heartbeat of the flows' service; nothing here writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from appliance import trunk_states
from appliance.config import Config
from appliance.moments import SECOND
from appliance.numbers import parse
from appliance.options import WITHHELD
from appliance.pages import Answer, Page, Sheet, Visit, speaking
from appliance.phone_lines import Route, Trunk
from appliance.words import Text
from ivr_flows.console import flow_view, flows, hours, prompts
from ivr_flows.console.words import WORDS

HERE = Path(__file__).parent
FRESH_S = 90
"""A heartbeat that is older says nothing of now."""


class Line(NamedTuple):
    """A trunk, and how it stands."""

    trunk: Trunk
    standing: str
    """up, down or unknown."""
    why: tuple[Text, Text] | None


def pages() -> tuple[Page, ...]:
    """What the wing brings to the console."""
    return (Page("phone", "/phone", flows.RIGHT, overview), *flows.pages(), *hours.pages(), *prompts.pages())


def lines(visit: Visit) -> tuple[list[Line], int | None]:
    """Every trunk, and when its state was last told."""
    beat = next((one for one in visit.ledger.heartbeats() if one.service == "ivr"), None)
    fresh = beat is not None and visit.now - beat.at < FRESH_S * SECOND
    standings = trunk_states.from_heartbeat(beat.detail) if beat is not None and fresh else {}
    found = []
    for trunk in visit.box.config.phone.trunks:
        standing = standings.get(trunk.name)
        why = trunk_states.why(trunk.title or trunk.name, trunk.host, trunk.kind, standing) if standing else None
        found.append(Line(trunk, "unknown" if standing is None else "down" if why else "up", why))
    return found, beat.at if beat else None


def overview(visit: Visit) -> Answer:
    """The page; with `caller` in the query also what happens when it calls."""
    trunks, told_at = lines(visit)
    asked = visit.query
    return Sheet(
        HERE / "overview.html",
        {
            "t": speaking(WORDS, visit.language), "phone": visit.box.config.phone, "trunks": trunks, "told_at": told_at,
            "desks": _desks(visit), "asked": defaultdict(str, asked), "came": _came(visit, asked) if "caller" in asked else None,
        },
    )  # fmt: skip


def _desks(visit: Visit) -> dict[str, str] | None:
    """By extension: registered or not, forwarded, do-not-disturb; None where nothing was told for long."""
    beat = next((one for one in visit.ledger.heartbeats() if one.service == "ivr"), None)
    told = beat.detail.get("desks") if beat is not None and visit.now - beat.at < FRESH_S * SECOND else None
    if not isinstance(told, Mapping):
        return None
    t = speaking(WORDS, visit.language)
    found = {}
    for desk in visit.box.config.phone.extensions:
        one = told.get(desk.number, {})
        words = [f"{t('registered')} {one['at']}" if one.get("at") else t("not registered")]
        words += [f"{t('forwarded to')} {one['forward']}"] if one.get("forward") else []
        words += [t("do not disturb")] if one.get("quiet") else []
        found[desk.number] = " · ".join(words)
    return found


def route_for(config: Config, called: str, caller: str) -> Route | None:
    """The first route that takes this call, as the dialplan finds it: those of the number before those of any number."""
    number = config.number(called).national if called else ""
    blocked = _is_among(config, config.phone.block.callers, caller)
    routes = [route for route in config.phone.routes if ("blocked" in route.callers) == blocked]
    own = [route for route in routes if number and number in {config.number(one).national for one in route.numbers}]
    some = [route for route in routes if route in own or not route.numbers]
    return next((route for route in some if not route.callers or _is_among(config, route.callers, caller)), None)


def _is_among(config: Config, said: list[str], caller: str) -> bool:
    """Whether this caller (a number, or the word for why there is none) is meant by one of these."""
    hidden = not caller or caller in WITHHELD
    number = "" if hidden else config.number(caller).national
    for one in said:
        if one == "blocked":
            fits = _is_among(config, config.phone.block.callers, caller)
        elif one == "listed":
            fits = not hidden and number in {config.number(contact.number).national for contact in config.phone.contacts}
        elif one in WITHHELD:
            fits = hidden and (one == "withheld" or one == caller)
        elif one.endswith("*"):
            fits = not hidden and number.startswith(one[:-1].replace("-", ""))
        else:
            fits = not hidden and number == config.number(one).national
        if fits:
            return True
    return False


def _came(visit: Visit, asked: Mapping[str, str]) -> dict[str, Any]:
    """Route, target and, where a flow takes the call, the walk through it."""
    config, caller = visit.box.config, asked.get("caller", "").strip()
    if caller and caller not in WITHHELD and not parse(caller).national:
        return {"trouble": speaking(WORDS, visit.language)("This is no number.")}
    route = route_for(config, asked.get("called", "").strip(), caller)
    if route is None:
        blocked = _is_among(config, config.phone.block.callers, caller)
        return {"route": None, "blocked": config.phone.block.action if blocked else "", "fallback": config.phone.fallback}
    switched = bool(route.switch) and asked.get("night") == route.switch
    target = route.switched if switched else route.target
    told: dict[str, Any] = {"route": route, "target": target, "switched": switched}
    kind, _, name = target.partition(":")
    if kind == "flow" and (text := flow_view.live_text(visit.box, name)):
        told["flow"] = name
        told["walk"] = flows.call_through(visit, flow_view.look(visit.box, name, text), asked)
    return told
