"""`appliance config check|show|change|undo|versions`: the configuration checked as a whole, shown with what each setting means, changed.

`show` prints TOML that can be used as it is; without a configuration it is the list of all settings with their defaults.
"""

from __future__ import annotations

import argparse
import getpass
import importlib.metadata
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any, get_args

from appliance.box import Box
from appliance.clock import SystemClock
from appliance.config import Config, Options
from appliance.errors import ConfigError, CouldNotError, UsageError
from appliance.moments import isoformat
from appliance.toml_edit import value as toml_value

Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""

GROUP = "appliance.config_checks"
"""Entry points: functions of a Box that raise ConfigError where what their wing is told makes no sense."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance config check|show|change|undo|versions`."""
    parser = commands.add_parser("config", help="check, show, change the configuration, or bring an earlier one back")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser("check", parents=[common], help="say what is wrong: file, line, field and mend")
    check.set_defaults(run=run_check)
    show = actions.add_parser("show", parents=[common], help="print the settings in force as TOML, each explained")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    show.set_defaults(run=run_show)
    change = actions.add_parser("change", parents=[common], help="put this file in its place, checked; what was before is kept")
    change.add_argument("file", type=Path, metavar="FILE", help="the new configuration, whole")
    change.add_argument("--dry-run", action="store_true", help="print the difference, and change nothing")
    change.set_defaults(run=run_change)
    undo = actions.add_parser("undo", parents=[common], help="bring back what was before a change")
    undo.add_argument("version", nargs="?", default="", metavar="ID", help="which change (default: the latest)")
    undo.set_defaults(run=run_undo)
    for each in (change, undo):
        each.add_argument("--who", default=getpass.getuser(), metavar="NAME", help="who changes it (default: the user's name)")
        each.add_argument("--why", default="", metavar="WORDS", help="the reason, kept with it")
    versions = actions.add_parser("versions", parents=[common], help="print who changed what, the latest first")
    versions.set_defaults(run=run_versions)


def check_wings(box: Box) -> None:
    """Let every wing look at its part. Raises ConfigError with every problem, one a line."""
    problems = []
    for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            entry.load()(box)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))


def run_check(arguments: argparse.Namespace) -> int:
    """Check the configuration."""
    box = Box.of(arguments)
    check_wings(box)
    print(f"{box.source.name}: holds")
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """Print the configuration."""
    config = Box.of(arguments).config
    print(config.model_dump_json() if arguments.json else to_toml(config))
    return 0


def run_change(arguments: argparse.Namespace) -> int:
    """Change it."""
    from appliance import box as reading
    from appliance import config_change

    box, text = Box.of(arguments), reading.read(arguments.file)[1].text
    if arguments.dry_run:
        config_change.check(box, text)
        print(config_change.difference(box.source.text, text))
        return 0
    return _awaited(box, config_change.propose(box, text, arguments.who, arguments.why, SystemClock().now()))


def run_undo(arguments: argparse.Namespace) -> int:
    """Bring an earlier one back."""
    from appliance import config_change

    box = Box.of(arguments)
    known = config_change.versions(box)
    if not known:
        raise UsageError("nothing was changed so far")
    version = arguments.version or known[0].id
    return _awaited(box, config_change.undo(box, version, arguments.who, arguments.why, SystemClock().now()))


def run_versions(arguments: argparse.Namespace) -> int:
    """Print the changes."""
    from appliance import config_change

    box = Box.of(arguments)
    for one in config_change.versions(box):
        print(f"{one.id}  {isoformat(one.at, box.config.site.zone)[:19]}  {one.who}  {one.values.get('sections', '')}  {one.why}")
    return 0


def _awaited(box: Box, change: str, seconds: float = 60.0) -> int:
    """Wait for root's unit (in a user's own folder it is done already). Raises CouldNotError."""
    from appliance import config_change

    end = monotonic() + seconds
    while (done := config_change.outcome(box, change)) is None:
        if monotonic() > end:
            raise CouldNotError(f"{change}: nobody takes it up; systemctl status appliance-take-change.path")
        sleep(0.2)
    if not done.ok:
        raise ConfigError(done.said)
    print(change)
    print(f"changed: {done.values.get('sections', '')}; {done.said}", file=sys.stderr)
    return 0


def to_toml(config: Config) -> str:
    """The tree as TOML, each setting under a comment with its title and description."""
    return "\n".join(_table(config, "")).strip()


def _table(tree: Options, path: str) -> Iterator[str]:
    nested: list[tuple[str, str, Any]] = []
    for name, field in type(tree).model_fields.items():
        value = getattr(tree, name)
        about = f"{field.title}: {field.description}"
        if isinstance(value, Options) or _of_groups(field.annotation):
            nested.append((f"{path}{name}", about, value))
        else:
            yield from textwrap.wrap(about, 118, initial_indent="# ", subsequent_indent="#   ")
            yield f"{name} = {toml_value(value)}"
    for name, about, value in nested:
        yield ""
        yield from textwrap.wrap(about, 118, initial_indent="# ", subsequent_indent="# ")
        if isinstance(value, Options):
            yield f"[{name}]"
            yield from _table(value, f"{name}.")
        else:
            for item in value:
                yield f"[[{name}]]"
                yield from _table(item, f"{name}.")


def _of_groups(annotation: Any) -> bool:
    """Whether it is a list of groups of settings, such as the lines."""
    return any(isinstance(inner, type) and issubclass(inner, Options) for inner in get_args(annotation))
