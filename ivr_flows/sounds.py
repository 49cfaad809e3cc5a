"""`appliance ivr prompt add|list|say|remove`: the box's own sounds."""

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
    parser = words.add_parser("prompt", help="the box's own sounds: take in, list, speak, remove")
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
    gone = acts.add_parser("remove", parents=[common], help="forget a sound; flows that are published keep their copy")
    gone.add_argument("name", metavar="NAME", help="which")
    gone.add_argument("--why", default="", metavar="WORDS", help="the reason, kept in the register")
    gone.set_defaults(run=run_remove)
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
    converted = take_in(box, name, arguments.file, person(), arguments.why)
    spoken = language(arguments.lang)
    for verdict in converted.verdicts:
        print(f"{name}: {verdict.ja if spoken == 'ja' else verdict.en}")
    print(f"{name}: {converted.level.seconds:.1f} s")
    return 0


def take_in(box: Box, name: str, file: Path, who: str, why: str, *, loud: bool = False) -> converting.Converted:
    """Keep the sound in this file under this name, and write down who brought it. Raises SoundError where it may not be played."""
    converted = converting.playable(file, loud=loud)
    shelf.write(prompt_folder.own(box.folders.data) / f"{name}.wav", converted.wide)
    _write_down(box, name, f"prompt {name} ({converted.level.seconds:.1f} s)", who, why)
    return converted


def run_remove(arguments: argparse.Namespace) -> int:
    """Remove one."""
    remove(Box.of(arguments), arguments.name, person(), arguments.why)
    print(f"{arguments.name}: -")
    return 0


def remove(box: Box, name: str, who: str, why: str) -> None:
    """Forget a sound of the box's own; what was published keeps its copy. Raises UsageError for one that is not there."""
    path = prompt_folder.search(box.folders.data, None).get(name)
    if path is None:
        raise UsageError(f"{name}: there is no such prompt; `appliance ivr prompt list` lists them")
    _write_down(box, name, f"prompt {name} removed", who, why)
    shelf.remove(path)


def _write_down(box: Box, name: str, what: str, who: str, why: str) -> None:
    with Ledger.open(box.folders.ledger) as ledger:
        ledger.append(Changed(at=SystemClock().now(), thing=f"prompt:{name}", who=who, what=what, why=why))


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
