"""Looks something up by HTTP at a listed host, within a time, and has a branch for when that fails. Pure.

Values are put into the path and the query percent-encoded, never into scheme or host; with `send` they go as a JSON object in a POST.
`save` names what is taken out of the JSON that comes back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from appliance.moments import SECOND
from ivr_flows.effects import LookUp, Why
from ivr_flows.inputs import Answer, Input, LookUpFailed, Timer
from ivr_flows.model import Way
from ivr_flows.reading import Reading
from ivr_flows.said import fill
from ivr_flows.state import Call, Leave, Local, Move, Stay
from ivr_flows.tree import Text

EXAMPLE = """
type: http
url: "https://crm.example/customers?number={caller}"
timeout: 3s
save: {customer: name, rank: account.rank}
next: known
not_found: menu
error: menu
"""
URL = re.compile(r"(https?)://([A-Za-z0-9.-]{1,253})(?::(\d{1,5}))?(/[^\s{}]*(?:\{[^{}]*\}[^\s{}]*)*)?\Z")
_PATH = re.compile(r"[\w-]{1,60}(\.[\w-]{1,60}){0,8}\Z")
_GRACE = 2 * SECOND
"""The shell keeps the time-out; should it not, the flow goes on this much later."""


@dataclass(frozen=True, slots=True)
class Options:
    """Whom to ask what."""

    url: str
    method: str = "GET"
    timeout: int = 5 * SECOND
    save: Mapping[str, str] = field(default_factory=dict)
    send: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The host that is asked."""
        found = URL.match(self.url)
        return found[2].lower() if found else ""


def read(reading: Reading) -> Options:
    """Exits: next, error, and not_found (404) where one is named."""
    place = reading.key_place("url")
    url = reading.template("url", required=True)
    if url and not URL.match(url):
        reading.notes.add("wrong-form", place, name="url", wanted="url: https://HOST/PATH?a={caller}")
        url = ""
    if not reading.has("timeout"):
        reading.notes.add("http-without-timeout", reading.place, node=reading.where)
    timeout = reading.duration("timeout", 5 * SECOND, 1, 30)
    save, send = _save(reading), _send(reading)
    method = reading.choice("method", ("GET", "POST"), "POST" if send else "GET")
    reading.exit("next", Way.PASSES)
    reading.exit("not_found", Way.PASSES, required=False)
    if not reading.has("error"):
        reading.notes.add("http-without-error", reading.place, node=reading.where)
    reading.exit("error", Way.PASSES, required=False)
    return Options(url, method, timeout, save, send)


def _save(reading: Reading) -> dict[str, str]:
    found = {}
    for key, value in reading.entries("save"):
        if not isinstance(value, Text) or not _PATH.match(value.value):
            reading.notes.add("wrong-form", value.place, name=f"save.{key.value}", wanted="save: {name: customer.name}")
        elif not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,39}", key.value):
            reading.notes.add("bad-name", key.place, given=key.value)
        else:
            found[key.value] = value.value
            reading.facts.gives.append(key.value)
    return found


def _send(reading: Reading) -> dict[str, str]:
    found = {}
    for key, value in reading.entries("send"):
        if not isinstance(value, Text):
            reading.notes.add("wrong-form", value.place, name=f"send.{key.value}", wanted='send: {number: "{caller}"}')
        elif (text := reading.reads(value)) is not None:
            found[key.value] = text
    return found


def enter(call: Call, options: Options) -> Move:
    """Ask."""
    if not options.url:
        return Leave("error", Why("lookup-failed", ("url",)))
    encoded = {name: quote(value, safe="") for name, value in call.values.items()}
    body = {name: fill(text, call.values) for name, text in options.send.items()}
    effect = LookUp(call.token, options.method, fill(options.url, encoded), options.timeout, options.save, body)
    return Stay((effect,), Local("asked", call.token), call.now + options.timeout + _GRACE)


def react(call: Call, options: Options, given: Input) -> Move:
    """Take what was answered, or the branch for when nothing was."""
    if isinstance(given, Answer) and given.token == call.local.token:
        status = str(given.status)
        if 200 <= given.status < 300:
            values = {name: given.values.get(name, "")[:500] for name in options.save}
            return Leave("next", Why("looked-up", (options.host, status)), values=values)
        if given.status == 404 and "not_found" in call.node.exits:
            return Leave("not_found", Why("looked-up", (options.host, status)))
        return Leave("error", Why("lookup-failed", (f"HTTP {status}",)))
    if isinstance(given, LookUpFailed) and given.token == call.local.token:
        return Leave("error", Why("lookup-failed", (given.reason,)))
    if isinstance(given, Timer):
        return Leave("error", Why("lookup-failed", ("timeout",)))
    return call.same()
