"""From the text of a flow file to a `Flow` with everything that is wrong with its form. Pure.

A flow is read to its end whatever is wrong with it, so that a technician sees all faults at once; only text that is no YAML gives no flow.
"""

from __future__ import annotations

import re

from ivr_flows.calendar_reading import read_calendars
from ivr_flows.findings import Finding, Notes
from ivr_flows.model import RINGS, Flow, FlowTest, Limits, Node, Story, Target
from ivr_flows.node_types import ENDS, types
from ivr_flows.reading import NAME, Reading
from ivr_flows.tree import Items, Table, Text, Tree
from ivr_flows.yaml_text import FlowTextError, read

FLOW_NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}\Z")
"""It is an extension of the dialplan and the name of a folder."""
_HOST = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]{0,252})(?::\d{1,5})?\Z")
_AT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?\Z")


def read_flow(data: bytes) -> tuple[Flow | None, list[Finding]]:
    """The flow, and its faults in the order they were met; None where it is no YAML."""
    notes = Notes()
    try:
        table = read(data)
    except FlowTextError as error:
        return None, [error.finding]
    return _flow(table, notes), notes.found


def _flow(table: Table, notes: Notes) -> Flow:
    reading = Reading(table, notes, "flow", "ja")
    name_at = reading.scalar("flow", required=True)
    name = name_at.value if name_at else "flow"
    if name_at and not FLOW_NAME.match(name):
        notes.add("bad-name", name_at.place, given=name)
    title, language = reading.text("title"), reading.choice("language", ("ja", "en"), "ja")
    start = reading.scalar("start")
    fallback_place = reading.key_place("fallback")
    fallback = _fallback(reading)
    limits = _limits(reading.below("limits"))
    calendars = read_calendars(reading.entries("calendars"), notes, language)
    hosts = tuple(reading.each(reading.texts("hosts"), read_host, "bad-host", "crm.example"))
    nodes = _nodes(reading, language)
    tests = _tests(reading)
    reading.finish()
    first = next(iter(nodes), "")
    if start and start.value not in nodes and nodes:
        notes.add("unknown-start", start.place, name=start.value, known=", ".join(nodes))
    return Flow(
        name=name, title=title, language=language, start=start.value if start else first, fallback=fallback, limits=limits,
        calendars=calendars, hosts=hosts, nodes=nodes, tests=tests, place=start.place if start else table.place,
        fallback_place=fallback_place,
    )  # fmt: skip


def read_host(text: str) -> str:
    """A host's name in small letters; a port behind it says nothing. Raises ValueError."""
    if not (found := _HOST.match(text.strip())):
        raise ValueError(text)
    return found[1].lower()


def _fallback(reading: Reading) -> Target | None:
    if not reading.has("fallback"):
        reading.take("fallback")
        reading.notes.add("missing-fallback", reading.place)
        return None
    found = reading.scalar("fallback", required=True)
    kind, _, name = found.value.partition(":") if found else ("", "", "")
    if found and (kind not in RINGS or not NAME.match(name)):
        reading.notes.add("bad-fallback", found.place, given=found.value)
        return None
    return Target(kind, name) if found else None


def _limits(reading: Reading | None) -> Limits:
    if reading is None:
        return Limits()
    minutes = reading.number("max_minutes", 10, 1, 240)
    steps = reading.number("max_steps", 60, 1, 500)
    reading.finish()
    return Limits(minutes * 60 * 1_000_000_000, steps)


def _nodes(reading: Reading, language: str) -> dict[str, Node]:
    place = reading.key_place("nodes")
    nodes = {}
    for key, value in reading.entries("nodes"):
        if not NAME.match(key.value):
            reading.notes.add("bad-name", key.place, given=key.value)
        elif not isinstance(value, Table):
            reading.notes.add("wrong-form", value.place, name=key.value, wanted=f"{key.value}: {{type: …}}")
        elif (node := _node(key, value, reading.notes, language)) is not None:
            nodes[key.value] = node
    if not nodes:
        reading.notes.add("no-nodes", place)
    return nodes


def _node(key: Text, table: Table, notes: Notes, language: str) -> Node:
    reading = Reading(Table(table.entries, key.place), notes, key.value, language)
    kind = reading.scalar("type", required=True)
    name = kind.value if kind else ""
    reading.language = reading.choice("language", ("ja", "en"), language)
    known = types()
    if name not in known:
        if kind:
            notes.add("unknown-type", kind.place, node=key.value, name=name, known=", ".join(known))
        return Node(key.value, name, None, key.place, {})
    options = known[name].read(reading)
    reading.finish()
    facts = reading.facts
    return Node(
        key.value, name, options, key.place, facts.exits, tuple(facts.uses), tuple(facts.prompts), tuple(facts.gives),
        tuple(facts.asks), name in ENDS,
    )  # fmt: skip


def _tests(reading: Reading) -> tuple[FlowTest, ...]:
    tree = reading.take("tests")
    if tree is not None and not isinstance(tree, Items):
        reading.notes.add("wrong-form", tree.place, name="tests", wanted="tests: [{name: …, at: …, expect: {…}}]")
    items = tree.values if isinstance(tree, Items) else ()
    found = []
    for number, item in enumerate(items, 1):
        if isinstance(item, Table):
            found.append(_test(Reading(item, reading.notes, f"tests[{number}]", reading.language), number))
        else:
            reading.notes.add("wrong-form", item.place, name="tests", wanted="{name: …, at: …, expect: {…}}")
    return tuple(found)


def _test(reading: Reading, number: int) -> FlowTest:
    name = reading.text("name", f"{number}")
    at = reading.scalar("at", required=True)
    if at and not _AT.match(at.value):
        reading.notes.add("bad-test", at.place, given="at", wanted="2027-01-01 10:00")
        at = None
    story = Story(
        at=at.value if at else "2026-01-05 10:00",
        caller=reading.text("caller"),
        called=reading.text("called"),
        keys=keys_of(reading.take("keys")),
        outcomes=_texts(reading.entries("outcomes")),
        answers={key.value: _texts(value.entries) for key, value in reading.entries("answers") if isinstance(value, Table)},
        switches=_texts(reading.entries("switches")),
    )
    expect = reading.below("expect", required=True)
    reading.finish()
    if expect is None:
        return FlowTest(name, story, None, None, None, (), reading.place)
    path, rings = _maybe(expect, "path"), _maybe(expect, "rings")
    heard = tuple(text.value for text in expect.texts("heard"))
    end = expect.text("end") or None
    expect.finish()
    return FlowTest(name, story, path, end, rings, heard, reading.place)


def _maybe(reading: Reading, name: str) -> tuple[str, ...] | None:
    if not reading.has(name):
        reading.take(name)
        return None
    return tuple(text.value for text in reading.texts(name))


def _texts(entries: tuple[tuple[Text, Tree], ...]) -> dict[str, str]:
    return {key.value: value.value for key, value in entries if isinstance(value, Text)}


def keys_of(tree: Tree | None) -> tuple[str, ...]:
    """Separate presses: a list, or a text with commas between them."""
    if isinstance(tree, Items):
        return tuple(press for item in tree.values if isinstance(item, Text) for press in presses(item.value) or ("",))
    return presses(tree.value) if isinstance(tree, Text) else ()


def presses(text: str) -> tuple[str, ...]:
    """1,9,# as separate presses; several keys without commas are pressed one by one too, and nothing between commas is a silence."""
    if not text.strip():
        return ()
    return tuple(key for word in text.split(",") for key in (word.strip() or ("",)))
