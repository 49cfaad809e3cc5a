"""The other side: whoever may read the store misses a box that fell silent, and sees one that went back or is two (F24, F25, F40).

A heartbeat names the end of the chain, so several of one contract and epoch show what no box sees of itself. Run it where the catalogue is
kept, from cron or a monitor: exit code 4 says that a box is to be looked after, a sentence which one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from appliance import manifest, papers
from appliance.box import Box
from appliance.errors import CouldNotError, UsageError
from appliance.manifest import ManifestError
from appliance.moments import SECOND, isoformat, to_datetime
from uploader import objects
from uploader.store import Store, close, open_store

_SITE = re.compile(r"(?P<contract>[A-Za-z0-9_-]{1,40})/(?P<epoch>[1-9]\d*)\Z", re.ASCII)
_HOUR = 3600 * SECOND
_DAYS = 3
"""How far back heartbeats are compared with one another."""
_MOST = 64 * 1024


class Beat(NamedTuple):
    """What a box said of itself."""

    at: int
    recordings: int
    """In its chain."""
    head: str
    """The chain value of the last one."""
    waiting: int
    """Recordings that wait for the store."""
    issues: int
    """Health checks that are not content."""
    serial: str
    public_key: str


def read(document: bytes, public_key: str = "") -> Beat:
    """The heartbeat in this document. Raises ManifestError."""
    signed = papers.read(document, manifest.HEARTBEAT, public_key)
    facts = signed.facts
    try:
        return Beat(
            int(facts["at"]), int(facts["recordings"]), str(facts.get("head", "")), int(facts["waiting"].get("upload", 0)),
            len(facts["issues"]), str(facts["serial"]), signed.public_key,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ManifestError(f"is no heartbeat ({error!r})") from error


def judge(beats: Sequence[Beat], now: int, hours: float) -> Iterator[str]:
    """What is wrong with the box that these heartbeats came from, a sentence each."""
    ordered = sorted(beats)
    if not ordered:
        yield "has never been heard of"
        return
    silent = now - ordered[-1].at
    if silent > hours * _HOUR:
        yield f"has been silent for {silent / _HOUR:.1f} hours (last heard {isoformat(ordered[-1].at)[:16]}Z)"
    if len({(beat.public_key, beat.serial) for beat in ordered}) > 1:
        yield "is two boxes: heartbeats bear two keys or serial numbers; give one of them another site.epoch"
    for before, after in itertools.pairwise(ordered):
        if after.recordings < before.recordings or (after.recordings == before.recordings and after.head != before.head):
            yield (
                f"went back from {before.recordings} recordings to {after.recordings} at {isoformat(after.at)[:16]}Z: an old image was put "
                "back, or two boxes have one identity; give it another site.epoch"
            )
            break


def beats(store: Store, contract: str, epoch: int, now: int, problems: list[str], signer: str = "") -> Iterator[Beat]:
    """The heartbeats of the last days, and the last one however old. What is none is added to `problems`. Raises StoreError."""
    keys = [stored.key for stored in store.list(objects.heartbeats(contract, epoch)) if stored.size <= _MOST]
    since = f"{objects.heartbeats(contract, epoch)}{to_datetime(now - _DAYS * 24 * _HOUR):%Y/%m/%d/%H}"
    for key in [key for key in keys if key >= since] or keys[-1:]:
        try:
            yield read(b"".join(store.read(key)), signer)
        except ManifestError as error:
            problems.append(f"{key}: {error}")


def run_watch(arguments: argparse.Namespace) -> int:
    """Look at each box. Exit code 4 where one is to be looked after."""
    box, now = Box.of(arguments), time.time_ns()
    own = f"{box.config.site.contract}/{box.config.site.epoch}"
    store, bad = open_store(box), 0
    try:
        for site in arguments.sites or [own]:
            found = _SITE.match(site)
            if found is None:
                raise UsageError(f"{site}: is no box; write CONTRACT/EPOCH, such as {own}")
            problems: list[str] = []
            heard = sorted(beats(store, found["contract"], int(found["epoch"]), now, problems, arguments.signer.strip().lower()))
            problems += judge(heard, now, arguments.hours)
            bad += bool(problems)
            _say(site, heard, problems, as_json=arguments.json)
    finally:
        close(store)
    if bad:
        raise CouldNotError(f"{bad} boxes are to be looked after; see above")
    return 0


def _say(site: str, heard: list[Beat], problems: list[str], *, as_json: bool) -> None:
    last = heard[-1] if heard else None
    if as_json:
        told = {"site": site, "problems": problems, "heard_at": isoformat(last.at) if last else None}
        told |= {name: getattr(last, name, None) for name in ("recordings", "waiting", "issues", "serial")}
        print(json.dumps(told, ensure_ascii=False))
        return
    if last is not None:
        heard_at = f"{isoformat(last.at)[:16]}Z"
        print(f"{site}: heard at {heard_at}, {last.recordings} recordings, {last.waiting} wait, {last.issues} checks not content")
    for problem in problems:
        print(f"{site}: {problem}", file=sys.stderr)
