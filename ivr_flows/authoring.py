"""`appliance ivr lint|simulate|test|diagram`: what a flow is worth, before a caller meets it. Nothing is written but a picture."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from appliance import shelf
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError, UsageError
from appliance.moments import to_datetime
from ivr_flows import diagram, drawing, surroundings
from ivr_flows.checks import lint
from ivr_flows.findings import ERROR, Finding, blocks
from ivr_flows.flow_reading import presses
from ivr_flows.flow_tests import Result, run_tests
from ivr_flows.journal import replay
from ivr_flows.model import Flow, Story
from ivr_flows.sentences import LANGUAGES
from ivr_flows.simulator import Walk, simulate
from ivr_flows.speech import language
from ivr_flows.state import Around

Commands = Any
FAULTY = 1
"""Exit code of lint and test where something is wrong with the flow."""
_FLOW = "a flow file, or the name of a published flow"


def add(words: Commands, common: argparse.ArgumentParser) -> None:
    """The four words."""
    spoken = argparse.ArgumentParser(add_help=False)
    spoken.add_argument("--lang", choices=LANGUAGES, help="language of what is said (default: the locale's, else Japanese)")
    check = words.add_parser(
        "lint", parents=[common, spoken], help="everything that is wrong with a flow; exit code 1 for an error"
    )
    check.add_argument("flow", metavar="FLOW", help=_FLOW)
    check.add_argument("--json", action="store_true", help="print one list of findings")
    check.set_defaults(run=run_lint)
    walk = words.add_parser("simulate", parents=[common, spoken], help="what a caller would hear, what would ring, and why")
    walk.add_argument("flow", metavar="FLOW", help=_FLOW)
    walk.add_argument("--at", default="", metavar="T", help='moment of the call, such as "2027-01-01 10:00" (default: now)')
    walk.add_argument("--caller", default="", metavar="N", help="the caller's number, or withheld, payphone, … (default: withheld)")
    walk.add_argument("--called", default="", metavar="N", help="the number dialled")
    walk.add_argument("--keys", default="", metavar="1,9,…", help="separate presses; nothing between commas: wait in silence once")
    walk.add_argument("--outcome", action="append", default=[], metavar="NODE=OUTCOME", help="what becomes of ringing at a node")
    walk.add_argument("--answer", action="append", default=[], metavar="NODE=JSON", help="values that a look-up at a node brings")
    walk.add_argument("--switch", action="append", default=[], metavar="NAME=open|closed", help="position of a day/night switch")
    walk.add_argument("--replay", type=Path, metavar="FILE", help="the journal of a real call, instead of all of these")
    walk.add_argument("--json", action="store_true", help="print one object")
    walk.set_defaults(run=run_simulate)
    test = words.add_parser("test", parents=[common, spoken], help="run the flow's own tests; exit code 1 where one fails")
    test.add_argument("flow", metavar="FLOW", help=_FLOW)
    test.add_argument("--json", action="store_true", help="print one object a test")
    test.set_defaults(run=run_test)
    picture = words.add_parser("diagram", parents=[common], help="draw the flow (Graphviz)")
    picture.add_argument("flow", metavar="FLOW", help=_FLOW)
    picture.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="X.svg, X.png, X.pdf or X.dot (default: DOT text, printed)"
    )
    picture.set_defaults(run=run_diagram)


def told(found: list[Finding], name: str, spoken: str) -> list[str]:
    """Findings as lines for people."""
    return [
        f"{name}:{one.place.line}:{one.place.column}: {one.severity} {one.code}: {one.message(spoken)} {one.mend(spoken)}"
        for one in found
    ]


def readable(box: Box, written: surroundings.Written) -> Flow:
    """The flow, which may have faults but can be walked; they are said on the side. Raises CouldNotError."""
    flow, found = lint(written.data, surroundings.known(box, written))
    errors = [one for one in found if one.severity == ERROR]
    if flow is None:
        raise CouldNotError("\n".join(told(found, written.name, language(None))))
    if errors:
        print("\n".join(told(errors, written.name, language(None))), file=sys.stderr)
    return flow


def run_lint(arguments: argparse.Namespace) -> int:
    """Say what is wrong."""
    box = Box.of(arguments)
    written = surroundings.find(box, arguments.flow)
    flow, found = lint(written.data, surroundings.known(box, written))
    spoken = language(arguments.lang)
    if arguments.json:
        print(json.dumps([one.as_json(spoken) for one in found], ensure_ascii=False, indent=1))
    else:
        print("\n".join(told(found, written.name, spoken) or [_content(flow, spoken)]))
    return FAULTY if blocks(found) else 0


def _content(flow: Flow | None, spoken: str) -> str:
    count = len(flow.nodes) if flow else 0
    return f"問題はありません（ノード {count} 個）。" if spoken == "ja" else f"Nothing is wrong ({count} nodes)."


def _pairs(texts: list[str], option: str) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"{option} {text}: write it as NAME=VALUE")
        found[name] = value
    return found


def _answers(texts: list[str]) -> dict[str, dict[str, str]]:
    found = {}
    for name, value in _pairs(texts, "--answer").items():
        try:
            values = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise UsageError(f'--answer {name}: is no JSON; write {name}={{"NAME": "VALUE"}}') from error
        if not isinstance(values, dict):
            raise UsageError(f'--answer {name}: is no object; write {name}={{"NAME": "VALUE"}}')
        found[name] = {str(key): str(one) for key, one in values.items()}
    return found


def _again(around: Around, flow: Flow, path: Path) -> Walk:
    try:
        return replay(around, flow.name, path.read_text("utf-8").splitlines())
    except OSError as error:
        raise UsageError(f"--replay {path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise UsageError(f"--replay {path}: is no journal ({error})") from error


def _simulated(arguments: argparse.Namespace, box: Box, written: surroundings.Written, flow: Flow, around: Around) -> Walk:
    at = arguments.at or to_datetime(SystemClock().now(), box.config.site.zone).strftime("%Y-%m-%d %H:%M:%S")
    story = Story(
        at, arguments.caller, arguments.called, presses(arguments.keys), _pairs(arguments.outcome, "--outcome"),
        _answers(arguments.answer), _pairs(arguments.switch, "--switch"),
    )  # fmt: skip
    try:
        return simulate(around, flow.name, story, surroundings.known(box, written).lengths)
    except (ValueError, OverflowError) as error:
        raise UsageError(f'--at {at}: is no moment; write it like "2027-01-01 10:00"') from error


def run_simulate(arguments: argparse.Namespace) -> int:
    """Walk it, and say what came of it."""
    box = Box.of(arguments)
    written = surroundings.find(box, arguments.flow)
    flow = readable(box, written)
    around = surroundings.around(box, flow)
    walk = _again(around, flow, arguments.replay) if arguments.replay else _simulated(arguments, box, written, flow, around)
    spoken = language(arguments.lang)
    if arguments.json:
        print(json.dumps(walk.as_json(spoken, around), ensure_ascii=False, indent=1))
        return 0
    for step, why in zip(walk.steps, walk.whys(spoken), strict=True):
        print(f"{to_datetime(step.at, around.zone):%m-%d %H:%M:%S}  {step.node}: {why}")
    for words in walk.heard:
        print(f"  ♪ {words}")
    for target in walk.rings:
        print(f"  ☎ {target}")
    print(f"= {walk.end}")
    return 0


def run_test(arguments: argparse.Namespace) -> int:
    """Run the flow's own tests."""
    box = Box.of(arguments)
    written = surroundings.find(box, arguments.flow)
    flow = readable(box, written)
    results = run_tests(flow, surroundings.around(box, flow), surroundings.known(box, written).lengths)
    if arguments.json:
        print(json.dumps([as_json(one) for one in results], ensure_ascii=False, indent=1))
    else:
        print("\n".join(line for one in results for line in lines(one, language(arguments.lang))) or "-")
        print(f"{sum(one.passed for one in results)}/{len(results)}")
    return 0 if all(one.passed for one in results) else FAULTY


def as_json(result: Result) -> dict[str, Any]:
    """One test as `--json` prints it."""
    return {
        "name": result.test.name,
        "passed": result.passed,
        "path": result.walk.path,
        "end": result.walk.end,
        "differences": [{"what": one.what, "expected": one.expected, "found": one.found} for one in result.differences],
    }


def lines(result: Result, spoken: str) -> list[str]:
    """One test for people: what was expected over what happened, and why it happened."""
    if result.passed:
        return [f"ok    {result.test.name}"]
    found = [f"FAIL  {result.test.name}"]
    for one in result.differences:
        found += [f"  - {one.what}: {one.expected}", f"  + {one.what}: {one.found}"]
    return found + [f"      {step.node}: {why}" for step, why in zip(result.walk.steps, result.walk.whys(spoken), strict=True)]


def run_diagram(arguments: argparse.Namespace) -> int:
    """Draw it."""
    box = Box.of(arguments)
    text = diagram.dot(readable(box, surroundings.find(box, arguments.flow)))
    if arguments.output is None:
        print(text, end="")
        return 0
    form = arguments.output.suffix.removeprefix(".").lower()
    if form in ("dot", "gv"):
        shelf.write(arguments.output, text.encode())
    elif form in drawing.FORMATS:
        shelf.write(arguments.output, drawing.draw(text, form))
    else:
        raise UsageError(f"-o {arguments.output}: end it with .svg, .png, .pdf or .dot")
    return 0
