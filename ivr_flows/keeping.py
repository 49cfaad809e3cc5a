"""`appliance ivr publish|rollback|history|holidays`: what callers meet, since when, and by whom."""

from __future__ import annotations

import argparse
import getpass
import json
import os
from pathlib import Path
from typing import Any

from appliance import flow_shelf, shelf
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError, UsageError
from appliance.ledger import Ledger
from appliance.records import Changed
from ivr_flows import holidays, publishing, surroundings
from ivr_flows.authoring import FAULTY, lines, told
from ivr_flows.flow_reading import FLOW_NAME
from ivr_flows.holidays import HolidaysError
from ivr_flows.sentences import LANGUAGES
from ivr_flows.speech import language

Commands = Any
_POORLY = {
    "ja": "{} 個の案内を、この言語が得意でないエンジンで読み上げました。聞き取りにくいので open-jtalk を入れて公開し直してください。",
    "en": "{} prompts were spoken by an engine that is hard to understand in this language; install open-jtalk and publish again.",
}


def add(words: Commands, common: argparse.ArgumentParser) -> None:
    """The words."""
    why = argparse.ArgumentParser(add_help=False)
    why.add_argument("--why", default="", metavar="WORDS", help="the reason, kept in the register")
    publish = words.add_parser("publish", parents=[common, why], help="check, test, render, and let callers meet it")
    publish.add_argument("flow", type=Path, metavar="FILE", help="a flow file")
    publish.add_argument("--engine", default="", metavar="NAME", help="speech engine (default: the best that is installed)")
    publish.add_argument("--lang", choices=LANGUAGES, help="language of what is said")
    publish.set_defaults(run=run_publish)
    back = words.add_parser("rollback", parents=[common, why], help="let callers meet an earlier revision again")
    back.add_argument("flow", metavar="FLOW", help="the flow's name")
    back.add_argument("--to", default="", metavar="REVISION", help="which (default: the one before the live one)")
    back.set_defaults(run=run_rollback)
    history = words.add_parser("history", parents=[common], help="the revisions of a flow, or of all")
    history.add_argument("flow", nargs="?", default="", metavar="FLOW", help="the flow's name")
    history.add_argument("--json", action="store_true", help="print one list")
    history.set_defaults(run=run_history)
    table = words.add_parser("holidays", parents=[common, why], help="the national holidays: until when, or take in a newer table")
    table.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the Cabinet Office's syukujitsu.csv")
    table.set_defaults(run=run_holidays)


def person() -> str:
    """Who is at the command line, for the register."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError):
        name = str(os.getuid())
    return f"command line ({name})"


def run_publish(arguments: argparse.Namespace) -> int:
    """Publish, or say why not; exit code 1 for a flow with faults."""
    box = Box.of(arguments)
    spoken = language(arguments.lang)
    if not arguments.flow.is_file():
        raise UsageError(f"{arguments.flow}: is no file; name the flow file that shall be published")
    written = surroundings.find(box, str(arguments.flow))
    came = publishing.publish(box, written, person(), arguments.why, surroundings.speech(box, arguments.engine))
    print("\n".join(told(list(came.findings), written.name, spoken)), end="\n" if came.findings else "")
    if isinstance(came, publishing.Refusal):
        print("\n".join(line for one in came.failed for line in lines(one, spoken)), end="\n" if came.failed else "")
        print("公開しませんでした。公開中の版はそのままです。" if spoken == "ja" else "Not published; what was live stays live.")
        return FAULTY
    if came.poorly:
        print(_POORLY[spoken].format(came.poorly))
    word = {"ja": ("公開しました", "すでに公開中です"), "en": ("published", "live already")}[spoken][0 if came.fresh else 1]
    print(f"{came.published.flow} {came.published.revision}: {word}")
    return 0


def run_rollback(arguments: argparse.Namespace) -> int:
    """Move the pointer back."""
    box = Box.of(arguments)
    if not FLOW_NAME.match(arguments.flow):
        raise UsageError(f"{arguments.flow}: is no flow's name; `appliance ivr history` lists them")
    before, now = publishing.rollback(box, arguments.flow, arguments.to, person(), arguments.why)
    print(f"{arguments.flow} {before or '-'} → {now}")
    return 0


def run_history(arguments: argparse.Namespace) -> int:
    """List revisions, the newest first."""
    data = Box.of(arguments).folders.data
    if arguments.flow and not FLOW_NAME.match(arguments.flow):
        raise UsageError(f"{arguments.flow}: is no flow's name; `appliance ivr history` lists them")
    found = [one for flow in ([arguments.flow] if arguments.flow else flow_shelf.flows(data)) for one in history(data, flow)]
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    for one in found:
        mark = "*" if one["live"] else " "
        print(f"{mark} {one['flow']} {one['revision']}  {one['published_at']}  {one['who']}  {one['why']}")
    for sentence in flow_shelf.damaged(data):
        print(f"! {sentence}")
    return 0


def history(data: Path, flow: str) -> list[dict[str, Any]]:
    """The revisions of a flow, the newest first; of a damaged one only its name."""
    try:
        live = flow_shelf.live_revision(data, flow)
    except flow_shelf.FlowShelfError:
        live = None
    found = []
    for revision in reversed(flow_shelf.revisions(data, flow)):
        try:
            meta = flow_shelf.meta(data, flow, revision)
        except flow_shelf.FlowShelfError:
            meta = {}
        facts = {name: meta.get(name, "") for name in ("title", "published_at", "who", "why")}
        found.append({"flow": flow, "revision": revision, "live": revision == live, **facts})
    return found


def run_holidays(arguments: argparse.Namespace) -> int:
    """Take in a table, and say how far the holidays are known."""
    box = Box.of(arguments)
    if arguments.file is not None:
        try:
            data = arguments.file.read_bytes()
        except OSError as error:
            raise UsageError(f"{arguments.file}: cannot be read ({error.strerror or error})") from error
        take_holidays(box, data, str(arguments.file), person(), arguments.why)
    print(surroundings.table(box).until)
    return 0


def take_holidays(box: Box, data: bytes, name: str, who: str, why: str) -> None:
    """Keep this table of holidays, and write down who brought it. Raises CouldNotError."""
    try:
        newer = holidays.read_csv(data)
    except HolidaysError as error:
        raise CouldNotError(f"{name}: {error}; the table of before stays") from error
    shelf.write(surroundings.holiday_file(box), data)
    with Ledger.open(box.folders.ledger) as ledger:
        ledger.append(Changed(at=SystemClock().now(), thing="holidays", who=who, what=f"holidays until {newer.until}", why=why))
