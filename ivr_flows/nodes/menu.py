"""Offers keys. A key barges in; silence and wrong keys are counted apart; extensions may be dialled directly; repeat and back. Pure.

A caller who presses the first digit of an extension has `between` for each further one. `go: repeat` says the menu again, `go: back`
returns to the menu from which the caller came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from appliance.moments import SECOND
from appliance.numbers import EMERGENCY
from ivr_flows import asking, ringing
from ivr_flows.asking import PLAYING, Trouble
from ivr_flows.effects import Connect, StopPlay, Why
from ivr_flows.inputs import CameBack, Digit, Input, Timer
from ivr_flows.model import REPEAT, Exit, Way
from ivr_flows.reading import KEYS, Reading
from ivr_flows.said import Prompt
from ivr_flows.state import Call, Leave, Local, Move, Stay
from ivr_flows.tree import Table, Text, Tree

EXAMPLE = """
type: menu
say: "営業は1を、サポートは2を、もう一度お聞きになるには9を押してください。内線番号を直接押すこともできます。"
keys: {"1": {go: sales, label: 営業}, "2": {go: support, label: サポート}, "9": {go: repeat}}
direct_dial: {extensions: 300-349, ring: 20s, no_answer: operator, busy: operator}
no_input: {tries: 2, then: operator}
wrong_key: {tries: 3, then: operator, say: "恐れ入ります。そのキーは使えません。"}
timeout: 5s
"""


@dataclass(frozen=True, slots=True)
class Range:
    """Extensions that may be dialled: two numbers with the same count of digits."""

    first: str
    last: str

    def has(self, digits: str) -> bool:
        """Whether this is one of them."""
        return len(digits) == len(self.first) and self.first <= digits <= self.last

    def begins(self, digits: str) -> bool:
        """Whether one of them begins so."""
        return self.first[: len(digits)] <= digits <= self.last[: len(digits)] and len(digits) < len(self.first)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Options:
    """A menu."""

    prompt: Prompt | None
    keys: Mapping[str, str] = field(default_factory=dict)
    """Labels of the keys."""
    no_input: Trouble = asking.ONCE_MORE
    wrong_key: Trouble = asking.ONCE_MORE
    timeout: int = 5 * SECOND
    barge_in: bool = True
    ranges: tuple[Range, ...] = ()
    between: int = 3 * SECOND
    ring: int = ringing.RING


def read(reading: Reading) -> Options:
    """Exits: each key, no_input, wrong_key; no_answer and busy of direct dialling."""
    prompt = reading.prompt()
    labels = {}
    for key, value in reading.entries("keys", required=not reading.has("direct_dial")):
        labels[key.value] = _key(reading, key, value)
    shorthand = not reading.is_table("direct_dial")
    ranges, between, length = _direct_dial(reading)
    for one in ranges:
        for name, found in reading.facts.exits.items():
            if len(name) == 1 and one.begins(name):
                reading.notes.add("key-shadows-dial", found.place, node=reading.where, key=name, range=one)
    no_input = asking.read_trouble(reading, "no_input", Way.SILENCE)
    wrong_key = asking.read_trouble(reading, "wrong_key", Way.PRESSED)
    if ranges and shorthand:
        _as_silence(reading)
    timeout, barge_in = reading.duration("timeout", 5 * SECOND, 1, 60), reading.flag("barge_in", True)
    return Options(prompt, labels, no_input, wrong_key, timeout, barge_in, ranges, between, length)


def _key(reading: Reading, key: Text, value: Tree) -> str:
    if len(key.value) != 1 or key.value not in KEYS:
        reading.notes.add("bad-key", key.place, given=key.value)
    elif not key.quoted:
        reading.notes.add("unquoted-key", key.place, given=key.value)
    if isinstance(value, Text) and value.value:
        reading.facts.exits[key.value] = Exit(key.value, value.value, value.place, Way.PRESSED)
        return ""
    if not isinstance(value, Table):
        reading.notes.add("outcome-without-next", value.place, node=reading.where, outcome=key.value)
        reading.facts.exits[key.value] = Exit(key.value, None, value.place, Way.PRESSED)
        return ""
    below = Reading(value, reading.notes, reading.where, reading.language, reading.facts)
    label = below.text("label")
    below.exit("go", Way.PRESSED, outcome=key.value, label=label)
    below.finish()
    return label


def _direct_dial(reading: Reading) -> tuple[tuple[Range, ...], int, int]:
    """A mapping, or just the extensions: then whoever cannot be reached goes where silence goes."""
    if not reading.has("direct_dial"):
        reading.take("direct_dial")
        return (), 3 * SECOND, ringing.RING
    below = reading.below("direct_dial") if reading.is_table("direct_dial") else None
    texts = reading.texts("direct_dial") if below is None else below.texts("extensions", required=True)
    ranges = _ranges(reading, texts)
    if below is None:
        return ranges, 3 * SECOND, ringing.RING
    between, length = below.duration("between", 3 * SECOND, 1, 10), below.duration("ring", ringing.RING, 1, 600)
    below.exit("no_answer", Way.PEOPLE)
    below.exit("busy", Way.PEOPLE)
    below.finish()
    return ranges, between, length


def _as_silence(reading: Reading) -> None:
    """Who cannot be reached goes where silence goes."""
    silent = reading.facts.exits.get("no_input")
    for outcome in ("no_answer", "busy"):
        if silent is not None:
            reading.facts.exits[outcome] = replace(silent, outcome=outcome, way=Way.PEOPLE)


def _ranges(below: Reading, texts: tuple[Text, ...]) -> tuple[Range, ...]:
    ranges = tuple(below.each(texts, read_range, "bad-dial-range", "200-299"))
    for number in sorted(EMERGENCY):
        if any(one.has(number) for one in ranges):
            below.notes.add("emergency-number", texts[0].place, node=below.where, number=number)
    for place, one in enumerate(ranges):
        for other in ranges[:place]:
            if _mix(one, other):
                below.notes.add("overlapping-ranges", texts[0].place, one=other, other=one)
    return ranges


def _mix(one: Range, other: Range) -> bool:
    length = min(len(one.first), len(other.first))
    return one.first[:length] <= other.last[:length] and other.first[:length] <= one.last[:length]


def read_range(text: str) -> Range:
    """200-299, or one number. Raises ValueError."""
    first, dash, last = (word.strip() for word in text.partition("-"))
    last = last if dash else first
    if not (first.isdecimal() and last.isdecimal() and first.isascii() and last.isascii()):
        raise ValueError(text)
    if len(first) != len(last) or not 2 <= len(first) <= 8 or first > last:
        raise ValueError(text)
    return Range(first, last)


def enter(call: Call, options: Options) -> Move:
    """Say it."""
    return asking.ask(call, options.prompt, call.local, again=False)


def react(call: Call, options: Options, given: Input) -> Move:
    """Keys, silence, and what became of an extension that was dialled."""
    if isinstance(given, Digit) and (call.local.phase != PLAYING or options.barge_in):
        return _pressed(call, options, given.digit)
    if asking.is_said(call, given):
        return asking.wait(call, options.timeout)
    if isinstance(given, Timer):
        if call.local.digits:
            return asking.wrong(call, options.wrong_key, options.prompt, call.local.digits)
        return asking.silence(call, options.no_input, options.prompt)
    if isinstance(given, CameBack):
        return ringing.came_back(call, given, f"extension:{call.local.digits}")
    return call.same()


def _pressed(call: Call, options: Options, key: str) -> Move:
    local, playing = call.local, call.local.phase == PLAYING
    digits = local.digits + key
    if not local.digits and key in call.node.exits:
        stop = (StopPlay(local.token),) if playing else ()
        if call.node.next(key) == REPEAT and REPEAT not in call.flow.nodes:
            return asking.ask(call, options.prompt, local, stop=playing)
        return Leave(key, Why("pressed", (key, options.keys.get(key, ""))), stop, {"key": key})
    if any(one.has(digits) for one in options.ranges):
        return _dial(call, options, digits)
    if any(one.begins(digits) for one in options.ranges):
        return asking.wait(call, options.between, digits, stop=playing)
    return asking.wrong(call, options.wrong_key, options.prompt, digits)


def _dial(call: Call, options: Options, digits: str) -> Stay:
    stop = (StopPlay(call.local.token),) if call.local.phase == PLAYING else ()
    connect = Connect("extension", digits, options.ring, back=True, values=call.values)
    return Stay((*stop, connect), Local("dialled", 0, digits, call.local.silent, call.local.wrong))
