"""`appliance ivr answers`: what flows keep of callers (`set` with `note: true`), as a table or as JSON. Each export is in the register."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any

from appliance import shelf
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import UsageError
from appliance.ledger import Ledger
from appliance.moments import from_iso, isoformat, to_datetime
from appliance.records import AnswersKept, Exported
from ivr_flows.flow_reading import FLOW_NAME
from ivr_flows.keeping import person

Commands = Any
HEAD = ("at", "call", "flow", "revision")
_MARK = "\ufeff"
"""By which spreadsheets know UTF-8."""


def add(words: Commands, common: argparse.ArgumentParser) -> None:
    """The words."""
    parser = words.add_parser(
        "answers", parents=[common], help="what flows keep of callers, such as the answers of a survey, as CSV"
    )
    parser.add_argument("flow", nargs="?", default="", metavar="FLOW", help="the flow's name (default: all)")
    parser.add_argument("--from", dest="begin", default="", metavar="DATE", help="from this day (or moment) on")
    parser.add_argument("--to", dest="end", default="", metavar="DATE", help="up to this day, or moment")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.csv", help="write it there")
    parser.add_argument("--json", action="store_true", help="print one object a line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print or write them, the oldest first."""
    box = Box.of(arguments)
    if arguments.flow and not FLOW_NAME.match(arguments.flow):
        raise UsageError(f"{arguments.flow}: is no flow's name; `appliance ivr history` lists them")
    zone = box.config.site.zone
    begin, end = _moment(arguments.begin, zone, "--from"), _moment(arguments.end, zone, "--to", whole_day=True)
    with Ledger.open(box.folders.ledger) as ledger:
        found = [
            one
            for one in kept(ledger)
            if arguments.flow in ("", one.flow) and (begin is None or one.at >= begin) and (end is None or one.at < end)
        ]
        ledger.append(Exported(at=SystemClock().now(), recording="answers", who=person(), what="json" if arguments.json else "csv"))
    if arguments.json:
        for one in found:
            told = {"at": isoformat(one.at, zone), "call": one.call, "flow": one.flow, "revision": one.revision}
            print(json.dumps({**told, "values": dict(one.values)}, ensure_ascii=False))
        return 0
    text = table(found, zone)
    if arguments.output:
        shelf.write(arguments.output, text.encode("utf-8", "replace"))
        print(f"{len(found)} answers in {arguments.output}")
    else:
        sys.stdout.write(text.removeprefix(_MARK))
    return 0


def kept(ledger: Ledger) -> Iterator[AnswersKept]:
    """Every record of them, the oldest first."""
    row = 0
    while rows := ledger.since(row, [AnswersKept], 1000):
        yield from (found.record for found in rows if isinstance(found.record, AnswersKept))
        row = rows[-1].id


def table(found: Sequence[AnswersKept], zone: tzinfo) -> str:
    """CSV with a column for each name that a value has; no cell is a formula."""
    names = list(dict.fromkeys(name for one in found for name in one.values))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*HEAD, *names])
    for one in found:
        writer.writerow(
            _plain([isoformat(one.at, zone), one.call, one.flow, one.revision, *(one.values.get(name, "") for name in names)])
        )
    return _MARK + out.getvalue()


def _plain(cells: Iterable[str]) -> list[str]:
    """A caller may have pressed or a system answered what a spreadsheet would compute: an apostrophe says that it is text."""
    return [f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells]


def _moment(text: str, zone: tzinfo, option: str, *, whole_day: bool = False) -> int | None:
    if not text:
        return None
    try:
        moment = from_iso(text, zone)
        if whole_day and len(text) == 10:
            following = to_datetime(moment, zone) + timedelta(days=1)
            return from_iso(following.replace(tzinfo=None).isoformat(), zone)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option} {text}: is no time; write it like 2026-11-22 or 2026-11-22T09:30") from error
    return moment
