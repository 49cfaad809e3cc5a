"""A change of the configuration: checked, shown as a difference, kept with what was before, applied by root, written down, undone.

    id = propose(box, new_text, who, why, now)      raises ConfigError with every problem, one a line; then nothing was asked
    answer = outcome(box, id)                       None until root's unit has done it (at once in a user's own folder)
    undo(box, version, who, why, now)               what was before that change is proposed anew

Root checks everything again: what a page says counts for nothing until then. A change that cannot be applied leaves all as it was.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Callable
from pathlib import Path

from appliance import shelf
from appliance.box import Box, read
from appliance.config import Source, parse
from appliance.errors import ApplianceError, ConfigError, UsageError
from appliance.ledger import Ledger
from appliance.records import Changed
from appliance.root_requests import Answer, Request, answer_to, answers, answers_folder, ask, settings_file
from appliance.settings import check_wings

DO = "change"
THING = "settings"
LONGEST_WHY = 200


class StaleError(UsageError):
    """Somebody else changed the configuration meanwhile."""


def current(box: Box) -> Box:
    """The box as its configuration says now, not as it said when this process began. Raises ConfigError."""
    path = settings_file(box)
    config, source = read(path if path.exists() else None)
    return Box(box.folders, config, source)


def text_of(box: Box) -> str:
    """The configuration's text now; "" where there is none. Raises ConfigError."""
    return current(box).source.text


def check(box: Box, text: str) -> Box:
    """The box as this text means it. Raises ConfigError with every problem, one a line."""
    source = Source(settings_file(box).name, text)
    meant = Box(box.folders, parse(source), source)
    check_wings(meant)
    return meant


def difference(old: str, new: str) -> str:
    """Both as a unified difference; "" where they are one."""
    return "\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), "now", "then", lineterm="", n=2))


def sections(old: str, new: str) -> list[str]:
    """The tables of the configuration that differ, by name."""
    before, after = tomllib.loads(old), tomllib.loads(new)
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def mark(text: str) -> str:
    """A short name for exactly this text, so that a page can say what it was made from."""
    return hashlib.sha256(text.encode()).hexdigest()


def propose(box: Box, text: str, who: str, why: str, now: int, base: str = "") -> str:
    """Ask for this configuration; returns the change's id.

    `base`: the mark of the text that the change was made from (default: the present one). Raises ConfigError, UsageError or StaleError.
    """
    present = text_of(box)
    if base and base != mark(present):
        raise StaleError("the settings were changed by somebody else meanwhile; look at them again")
    if text == present:
        raise UsageError("nothing differs; nothing was changed")
    check(box, text)
    return ask(box, DO, who, why[:LONGEST_WHY], now, {"text": text, "base": mark(present)})


def outcome(box: Box, change: str) -> Answer | None:
    """What came of a change; None: it waits for root's unit."""
    return answer_to(box, change)


def versions(box: Box) -> list[Answer]:
    """Every change that was made, the newest first."""
    return [answer for answer in answers(box) if answer.do == DO and answer.ok]


def before(box: Box, version: str) -> str:
    """The configuration's text before this change. Raises UsageError."""
    if answer_to(box, version) is None or not _kept(box, version).is_file():
        raise UsageError(f"{version}: there is no such version; `appliance config versions` lists them")
    return _kept(box, version).read_text("utf-8")


def undo(box: Box, version: str, who: str, why: str, now: int) -> str:
    """Ask for what was before this change. Raises ConfigError or UsageError."""
    return propose(box, before(box, version), who, why or f"undo {version}", now)


def carry_out(box: Box, request: Request, now: int, apply: Callable[[Box, Box], str]) -> Answer:
    """Do it, as root: `apply` (from, to) makes the machine follow and says what it did; where it raises, all is as it was."""
    done, said, named = False, "", ""
    try:
        said, named = _carry_out(box, request, apply)
        done = True
    except ApplianceError as error:
        said = str(error)
    if done:
        with Ledger.open(box.folders.ledger) as ledger:
            ledger.append(Changed(at=now, thing=THING, who=request.who, what=f"{named} ({request.id})", why=request.why))
    return Answer(
        id=request.id, do=DO, who=request.who, why=request.why, at=now, ok=done, said=said, values={"sections": named}
    )  # fmt: skip


def _carry_out(box: Box, request: Request, apply: Callable[[Box, Box], str]) -> tuple[str, str]:
    path, text = settings_file(box), request.values.get("text", "")
    present = current(box)
    kept = _kept(box, request.id)
    old = kept.read_text("utf-8") if kept.exists() else present.source.text  # kept: a power cut ended an earlier try
    if request.values.get("base") != mark(old) or present.source.text not in (old, text):
        raise StaleError("the settings were changed by somebody else meanwhile; look at them again")
    meant = check(box, text)
    if meant.config.site.epoch < present.config.site.epoch:
        raise meant.source.problem(("site", "epoch"), "is lower than the present one; two boxes would be mixed up")
    shelf.write(kept, old.encode(), 0o640)
    shelf.write(path, text.encode(), 0o640)
    try:
        said = apply(Box(box.folders, parse(Source(path.name, old)), Source(path.name, old)), current(box))
    except ApplianceError as error:
        shelf.write(path, old.encode(), 0o640)
        raise ConfigError(f"{error}; the settings are as they were before") from error
    return said, ", ".join(sections(old, text))


def _kept(box: Box, change: str) -> Path:
    return answers_folder(box) / f"{change}.toml"
