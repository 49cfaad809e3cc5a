"""Everything that can be known of a flow before a caller meets it: `lint` is the whole of it. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from ivr_flows.around_flow import Known
from ivr_flows.findings import Finding, Notes, in_order
from ivr_flows.flow_reading import read_flow
from ivr_flows.graph import check_ways
from ivr_flows.model import Flow, Node, Use, Way
from ivr_flows.reading import GIVEN
from ivr_flows.said import Prompt, Sound, Spoken, seconds_of
from ivr_flows.tree import Place

ENDS = ("hangup", "answered", "voicemail", "conference", "fallback")
"""How a simulated call may end."""
HOLIDAYS_LEFT = timedelta(days=90)
LONGEST_BEFORE_KEY_S = 30.0
_NAMED = re.compile(
    r"(?<![0-9])([0-9*#])(?=番?(?:のキー)?を)|(?<![0-9])([0-9*#])(?=番で)|(?:press|dial)\s+([0-9*#])(?![0-9])", re.IGNORECASE
)
_WORDED = {
    "シャープ": "#",
    "米印": "*",
    "こめじるし": "*",
    "アスタリスク": "*",
    "press hash": "#",
    "press pound": "#",
    "press star": "*",
}


def lint(data: bytes, known: Known) -> tuple[Flow | None, list[Finding]]:
    """The flow, and everything that is wrong with it, by line."""
    flow, found = read_flow(data)
    if flow is None:
        return None, found
    return flow, in_order([*found, *check(flow, known)])


def check(flow: Flow, known: Known) -> list[Finding]:
    """What is wrong with a flow whose form was read."""
    notes = Notes()
    if flow.nodes:
        check_ways(flow, notes, known.book)
        _long_prompts(flow, known, notes)
    _values(flow, notes)
    _calendars(flow, known, notes)
    for node in flow.nodes.values():
        _prompts(node, known, notes)
        _host(flow, node, notes)
        for use in node.uses:
            _use(flow, node, use, known, notes)
    if flow.fallback is not None:
        _of_the_box(Use(flow.fallback.kind, flow.fallback.name, flow.fallback_place), known, notes)
    _routes(flow, known, notes)
    _tests(flow, notes)
    return notes.found


def _tests(flow: Flow, notes: Notes) -> None:
    """A test that names what is not there would pass, or fail, for no reason."""
    for test in flow.tests:
        for name in (*test.story.outcomes, *test.story.answers):
            if name not in flow.nodes:
                notes.add("bad-test", test.place, given=name, wanted=", ".join(flow.nodes))
        if test.end is not None and test.end not in ENDS:
            notes.add("bad-test", test.place, given=f"end: {test.end}", wanted=", ".join(ENDS))


def _values(flow: Flow, notes: Notes) -> None:
    given = {*GIVEN, *(name for node in flow.nodes.values() for name in node.gives)}
    for node in flow.nodes.values():
        for name, place in node.asks:
            if name not in given:
                notes.add("unknown-value", place, name=name)


def _calendars(flow: Flow, known: Known, notes: Notes) -> None:
    for calendar in flow.calendars.values():
        if calendar.holidays and known.holidays.until < known.today + HOLIDAYS_LEFT:
            notes.add("holidays-end", calendar.place, calendar=calendar.name, until=known.holidays.until)
        if calendar.switch and known.site is not None and calendar.switch not in known.site.switches:
            notes.add("unknown-switch", calendar.place, name=calendar.switch)


def _prompts(node: Node, known: Known, notes: Notes) -> None:
    for prompt, place in node.prompts:
        for part in prompt.parts:
            if isinstance(part, Sound) and known.prompts is not None and part.name not in known.prompts:
                notes.add("missing-prompt", place, name=part.name)
            if isinstance(part, Spoken) and node.type == "menu" and node.options.prompt is prompt:
                for key in keys_named(part.text):
                    if key not in node.exits and not any(one.begins(key) for one in node.options.ranges):
                        notes.add("prompt-names-unknown-key", place, node=node.name, key=key)


def keys_named(text: str) -> list[str]:
    """The keys that a menu's words tell the caller to press, in their order, each once."""
    plain = unicodedata.normalize("NFKC", text)
    for word, key in _WORDED.items():
        verb = "press " if word.startswith("press") else ""
        plain = re.sub(re.escape(word), verb + key, plain, flags=re.IGNORECASE)
    return list(dict.fromkeys(found[1] or found[2] or found[3] for found in _NAMED.finditer(plain)))


def _host(flow: Flow, node: Node, notes: Notes) -> None:
    if node.type != "http" or not node.options.url:
        return
    host = node.options.host
    if host not in flow.hosts:
        notes.add("http-host-not-listed", node.place, node=node.name, host=host)


def _use(flow: Flow, node: Node, use: Use, known: Known, notes: Notes) -> None:
    if use.kind == "calendar":
        if use.name not in flow.calendars:
            notes.add("unknown-calendar", use.place, name=use.name, known=", ".join(flow.calendars) or "-")
    elif use.kind == "flow":
        if use.name != flow.name and known.flows is not None and use.name not in known.flows:
            notes.add("unknown-flow", use.place, name=use.name, lowered=known.site is None)
        other = flow if use.name == flow.name else known.book.get(use.name)
        if other is not None and node.options.node and node.options.node not in other.nodes:
            notes.add(
                "unknown-target", use.place, node=node.name, outcome="node", name=node.options.node, known=", ".join(other.nodes)
            )
    else:
        _of_the_box(use, known, notes)


def _of_the_box(use: Use, known: Known, notes: Notes) -> None:
    kind = "box" if use.kind == "voicemail" else use.kind
    if known.site is None or not known.site.has(kind, use.name):
        notes.add(f"unknown-{kind}", use.place, name=use.name, lowered=known.site is None)
    elif known.site.is_empty(kind, use.name):
        notes.add(f"empty-{kind}", use.place, name=use.name)


def _routes(flow: Flow, known: Known, notes: Notes) -> None:
    seen: dict[str, str] = {}
    for number, target in known.site.routes if known.site else ():
        other = seen.setdefault(number, target)
        if other != target and f"flow:{flow.name}" in (other, target):
            notes.add("two-routes", flow.place, number=number, one=other, other=target)


def _long_prompts(flow: Flow, known: Known, notes: Notes) -> None:
    """What a caller hears from the start to each first menu, along the way without presses that takes longest."""
    lengths = {**known.lengths, **{Sound(name).key: length for name, length in (known.prompts or {}).items()}}
    longest: dict[str, float] = {}
    left = [(flow.start, 0.0, frozenset[str]())]
    told: set[tuple[str, Place]] = set()
    while left:
        name, before, behind = left.pop()
        node = flow.nodes.get(name)
        if node is None or name in behind or longest.get(name, -1.0) >= before:
            continue
        longest[name] = before
        own = sum(seconds_of(prompt.parts, lengths) for prompt in _first_said(node))
        if node.type in ("menu", "collect"):
            if before + own > LONGEST_BEFORE_KEY_S and (name, node.place) not in told:
                told.add((name, node.place))
                place = node.prompts[0][1] if node.prompts else node.place
                notes.add("long-prompt", place, node=name, seconds=round(before + own))
            continue
        skips = node.type == "play" and node.options.barge_in
        passed = 0.0 if skips else before + own
        left += [
            (exit_.target, passed, behind | {name}) for exit_ in node.exits.values() if exit_.target and exit_.way is Way.PASSES
        ]


def _first_said(node: Node) -> list[Prompt]:
    """What is said when a call comes in, not what is said about silence or wrong keys."""
    prompt = getattr(node.options, "prompt", None)
    return [prompt] if prompt is not None else []
