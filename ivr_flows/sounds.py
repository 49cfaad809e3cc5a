"""`appliance ivr prompt add|list|say`: the box's own sounds."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from appliance import shelf
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import UsageError
from appliance.ledger import Ledger
from appliance.records import Changed
from ivr_flows import prompt_folder, surroundings
from ivr_flows.keeping import person
from ivr_flows.prompts import converting
from ivr_flows.prompts.rendering import Kitchen
from ivr_flows.reading import NAME
from ivr_flows.said import Spoken
from ivr_flows.sentences import LANGUAGES
from ivr_flows.speech import language

Commands = Any


def add(words: Commands, common: argparse.ArgumentParser) -> None:
    """The words."""
    parser = words.add_parser("prompt", help="the box's own sounds: take in, list, speak")
    acts = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    take = acts.add_parser("add", parents=[common], help="take in a sound of any format; it is converted and its level checked")
    take.add_argument("file", type=Path, metavar="FILE", help="an audio file")
    take.add_argument("--name", default="", metavar="NAME", help="by which flows call it (default: the file's)")
    take.add_argument("--lang", choices=LANGUAGES, help="language of what is said")
    take.add_argument("--why", default="", metavar="WORDS", help="the reason, kept in the register")
    take.set_defaults(run=run_add)
    show = acts.add_parser("list", parents=[common], help="the box's own sounds with their seconds")
    show.add_argument("--json", action="store_true", help="print one object")
    show.set_defaults(run=run_list)
    say = acts.add_parser("say", parents=[common], help="hear how a text will be spoken")
    say.add_argument("text", metavar="TEXT", help="the words")
    say.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.wav", help="WAV, 16 kHz")
    say.add_argument("--engine", default="", metavar="NAME", help="speech engine (default: the best that is installed)")
    say.add_argument("--lang", choices=LANGUAGES, default="ja", help="language of the text (default: ja)")
    say.set_defaults(run=run_say)


def run_add(arguments: argparse.Namespace) -> int:
    """Convert, check, keep; what may not be played changes nothing."""
    box = Box.of(arguments)
    name = arguments.name or arguments.file.stem
    if not NAME.match(name):
        raise UsageError(f"--name {name}: use letters, digits, - and _, at most 40")
    converted = converting.playable(arguments.file)
    shelf.write(prompt_folder.own(box.folders.data) / f"{name}.wav", converted.wide)
    with Ledger.open(box.folders.ledger) as ledger:
        what = f"prompt {name} ({converted.level.seconds:.1f} s)"
        ledger.append(Changed(at=SystemClock().now(), thing=f"prompt:{name}", who=person(), what=what, why=arguments.why))
    spoken = language(arguments.lang)
    for verdict in converted.verdicts:
        print(f"{name}: {verdict.ja if spoken == 'ja' else verdict.en}")
    print(f"{name}: {converted.level.seconds:.1f} s")
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """List them."""
    found = prompt_folder.lengths(prompt_folder.search(Box.of(arguments).folders.data, None))
    if arguments.json:
        print(json.dumps({name: round(length, 3) for name, length in found.items()}, ensure_ascii=False))
    else:
        print("\n".join(f"{length:6.1f} s  {name}" for name, length in found.items()) or "-")
    return 0


def run_say(arguments: argparse.Namespace) -> int:
    """Speak a text."""
    box = Box.of(arguments)
    kitchen = Kitchen(prompt_folder.rendered_folder(box.folders.data), {}, surroundings.speech(box, arguments.engine))
    part = Spoken(arguments.text, arguments.lang)
    rendered = kitchen.render([part])[part.key]
    shelf.write(arguments.output, rendered.wide.read_bytes())
    print(f"{rendered.source}: {arguments.output}")
    return 0
