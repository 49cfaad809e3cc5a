"""Goes one way or the other by a value of the call: the caller's number, the number dialled, what was keyed or looked up. Pure.

`is` lists what it may be: a text, the beginning of a number with `*` behind it, or for the caller one of the words for calls without a
number. Numbers are compared without hyphens and in half width.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.numbers import clean
from appliance.options import WITHHELD
from ivr_flows.effects import Why
from ivr_flows.inputs import Input
from ivr_flows.model import Way
from ivr_flows.reading import VALUE, Reading
from ivr_flows.state import Call, Finish, Leave, Move

EXAMPLE = "{type: if, value: caller, is: [withheld, 090*, 03-1234-5678], then: screened, else: menu}"


@dataclass(frozen=True, slots=True)
class Options:
    """The value, and what it is compared with."""

    value: str
    patterns: tuple[str, ...]
    least: int | None = None
    most: int | None = None


def read(reading: Reading) -> Options:
    """Exits: then, else."""
    found = reading.scalar("value", required=True)
    value = found.value if found else ""
    if found and not VALUE.match(value):
        reading.notes.add("bad-name", found.place, given=value)
    elif found:
        reading.facts.asks.append((value, found.place))
    ranged = reading.has("at_least") or reading.has("at_most")
    least = reading.number("at_least", 0, 0, 999_999_999) if reading.has("at_least") else None
    most = reading.number("at_most", 0, 0, 999_999_999) if reading.has("at_most") else None
    patterns = tuple(text.value for text in reading.texts("is", required=not ranged))
    reading.exit("then", Way.PASSES)
    reading.exit("else", Way.PASSES)
    return Options(value, patterns, least, most)


def enter(call: Call, options: Options) -> Move:
    """Compare."""
    given = call.values.get(options.value, "")
    reason = call.values.get("caller_reason", "") if options.value == "caller" else ""
    for pattern in options.patterns:
        if _fits(pattern, given, reason, withheld=options.value == "caller"):
            return Leave("then", Why("compared", (options.value, given or reason, pattern)))
    if _within(given, options.least, options.most):
        return Leave("then", Why("compared", (options.value, given, f"{options.least or 0}…")))
    return Leave("else", Why("not-compared", (options.value, given or reason)))


def _fits(pattern: str, given: str, reason: str, *, withheld: bool) -> bool:
    if withheld and pattern in WITHHELD:
        return not given if pattern == WITHHELD[0] else reason == pattern
    if pattern == given:
        return True
    wanted, number = clean(pattern), clean(given)
    return number.startswith(wanted[:-1]) if wanted.endswith("*") else bool(number) and wanted == number


def _within(given: str, least: int | None, most: int | None) -> bool:
    if (least is None and most is None) or not given.isdecimal() or len(given) > 12:
        return False
    return (least is None or int(given) >= least) and (most is None or int(given) <= most)


def react(call: Call, options: Options, given: Input) -> Move:
    """Nothing happens to a call in here."""
    return Finish("fallback", Why("broken", (options.value,)))
