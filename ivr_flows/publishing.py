"""Publishes a flow: check, run its tests, render its prompts, write an immutable revision, move one pointer. And moves it back.

Whatever is refused or fails leaves the pointer where it was: callers go on meeting the revision that they met before. A revision's folder
appears under its name whole, in one rename; the pointer moves in another. Calls in progress keep the revision with which they began.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance import flow_shelf, shelf
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import CouldNotError
from appliance.flow_shelf import Published
from appliance.ids import hash_id
from appliance.ledger import Ledger, append
from appliance.moments import isoformat
from appliance.records import Changed
from ivr_flows import prompt_folder, surroundings
from ivr_flows.checks import lint
from ivr_flows.findings import Finding, blocks
from ivr_flows.flow_tests import Result, run_tests
from ivr_flows.model import Flow
from ivr_flows.prompts.engine import Told
from ivr_flows.prompts.rendering import Kitchen, Rendered, speaks_well
from ivr_flows.prompts.wave_file import seconds
from ivr_flows.said import Heard, ReadOut, Spoken, every_digit
from ivr_flows.surroundings import Written

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a flow was not published."""

    findings: tuple[Finding, ...] = ()
    failed: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What became live; `fresh` is false where it was already."""

    published: Published
    before: str | None
    fresh: bool
    findings: tuple[Finding, ...]
    poorly: int = 0
    """Prompts that an engine spoke which speaks another language better."""


def publish(box: Box, written: Written, who: str, why: str, told: Told | None = None) -> Done | Refusal:
    """Publish it, or say why not. Raises CouldNotError where a prompt cannot be rendered or the disk refuses."""
    flow, found = lint(written.data, surroundings.known(box, written))
    if flow is None or blocks(found):
        return Refusal(findings=tuple(found))
    failed = [one for one in run_tests(flow, surroundings.around(box, flow)) if not one.passed]
    if failed:
        return Refusal(failed=tuple(failed))
    sounds = prompt_folder.search(box.folders.data, written.folder)
    rendered = Kitchen(prompt_folder.rendered_folder(box.folders.data), sounds, told or surroundings.speech(box)).render(
        spoken_by(flow)
    )
    with _alone(box.folders.data, flow.name):
        return _make_live(box, flow, written.data, rendered, who, why, tuple(found))


def spoken_by(flow: Flow) -> list[Heard]:
    """Everything that a flow may say, once each."""
    found: dict[Heard, None] = {}
    for node in flow.nodes.values():
        for prompt, _ in node.prompts:
            for part in prompt.parts:
                found.update(dict.fromkeys(every_digit(part.language) if isinstance(part, ReadOut) else (part,)))
    return list(found)


def _make_live(
    box: Box, flow: Flow, data: bytes, rendered: dict[str, Rendered], who: str, why: str, found: tuple[Finding, ...]
) -> Done:
    folder = box.folders.data
    contents = hash_id(data.decode("utf-8-sig"), *(f"{key} {one.wide.name}" for key, one in sorted(rendered.items())))[:8]
    before = _live_or_none(folder, flow.name)
    if before is not None and before.partition("-")[2] == contents:
        return Done(flow_shelf.read(folder, flow.name, before), before, False, found)
    numbers = [int(name.partition("-")[0]) for name in flow_shelf.revisions(folder, flow.name)]
    revision = f"{max(numbers, default=0) + 1:04}-{contents}"
    now = SystemClock().now()
    meta = {
        "format": FORMAT, "flow": flow.name, "revision": revision, "title": flow.title, "fallback": str(flow.fallback),
        "max_minutes": flow.limits.time // 60_000_000_000, "published_at": isoformat(now, box.config.site.zone), "who": who, "why": why,
        "prompts": {key: {"words": one.words, "source": one.source, "seconds": round(seconds(one.wide), 3)}
                    for key, one in sorted(rendered.items())},
    }  # fmt: skip
    _write_revision(folder, flow.name, revision, data, meta, rendered)
    move(box, flow.name, revision, f"published {revision}, before it {before or 'nothing'}", who, why, now)
    return Done(flow_shelf.read(folder, flow.name, revision), before, True, found, _poorly(flow, rendered))


def _poorly(flow: Flow, rendered: dict[str, Rendered]) -> int:
    return sum(isinstance(part, Spoken) and not speaks_well(rendered[part.key].source, part.language) for part in spoken_by(flow))


def _live_or_none(data: Path, flow: str) -> str | None:
    """The live revision; a damaged pointer is as good as none, for it is about to be replaced."""
    try:
        name = flow_shelf.live_revision(data, flow)
        return name if name is None else flow_shelf.read(data, flow, name).revision
    except flow_shelf.FlowShelfError:
        return None


def _write_revision(
    data: Path, flow: str, revision: str, text: bytes, meta: dict[str, object], rendered: dict[str, Rendered]
) -> None:
    final = flow_shelf.revision_folder(data, flow, revision)
    part = final.with_name(f".{revision}.{os.getpid()}{shelf.PART}")
    try:
        shelf.make_folder(part / "prompts")
        for key, one in rendered.items():
            for source, ending in ((one.narrow, "wav"), (one.wide, "wav16")):
                with shelf.create(part / "prompts" / f"{key}.{ending}", 0o440) as file, source.open("rb") as given:
                    shutil.copyfileobj(given, file)
        shelf.write(part / "flow.yaml", text, 0o440)
        shelf.write(part / "meta.json", json.dumps(meta, ensure_ascii=False, indent=1).encode(), 0o440)
        part.rename(final)
        shelf.sync_folder(final.parent)
    except OSError as error:
        raise CouldNotError(f"{final}: cannot be written ({error.strerror or error}); what was live stays live") from error
    finally:
        if part.exists():
            shelf.remove_tree(part, data)


def move(box: Box, flow: str, revision: str, what: str, who: str, why: str, now: int) -> None:
    """Let callers meet this revision; the row and the pointer go together: the pointer moves back where the row cannot be written."""
    data = box.folders.data
    before = _live_or_none(data, flow)
    moved = False
    try:
        with Ledger.open(box.folders.ledger) as ledger, ledger.transaction() as connection:
            append(connection, [Changed(at=now, thing=f"flow:{flow}", who=who, what=what, why=why)])
            flow_shelf.point(data, flow, revision)
            moved = True
    except CouldNotError:
        if moved and before is not None:
            flow_shelf.point(data, flow, before)
        raise


def rollback(box: Box, flow: str, to: str, who: str, why: str) -> tuple[str, str]:
    """Back to a revision, or to the one before the live one; returns (before, now live). Raises CouldNotError."""
    data = box.folders.data
    known = flow_shelf.revisions(data, flow)
    if not known:
        raise CouldNotError(f"flow {flow}: was never published; `appliance ivr history` lists what was")
    with _alone(data, flow):
        live = _live_or_none(data, flow)
        earlier = known[: known.index(live)] if live in known else known
        target = to or (earlier[-1] if earlier else "")
        if not target:
            raise CouldNotError(f"flow {flow}: there is nothing before {live}; name a revision with --to")
        if target not in known:
            raise CouldNotError(f"flow {flow}: has no revision {target}; there are {', '.join(known[-10:])}")
        if target != live:
            move(box, flow, target, f"rolled back to {target}, before it {live or 'nothing'}", who, why, SystemClock().now())
    return live or "", target


@contextlib.contextmanager
def _alone(data: Path, flow: str) -> Iterator[None]:
    """One publisher of a flow at a time."""
    folder = flow_shelf.folder(data, flow)
    shelf.make_folder(folder / "revisions")
    for one in (folder.parent, folder, folder / "revisions"):
        with contextlib.suppress(
            PermissionError
        ):  # whose it is has shared it already: the console publishes what root began, and back
            one.chmod(one.stat().st_mode | 0o070)
    handle = os.open(folder / ".lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
