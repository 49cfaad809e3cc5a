"""The other side: whoever may read the store misses a box that fell silent, and sees one that went back or is two (F24, F25, F40).

Run it where the catalogue is kept, from cron or a monitor: exit code 4 says that a box is to be looked after, a sentence which one.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator

from appliance import heartbeats, papers
from appliance.box import Box
from appliance.errors import CouldNotError, UsageError
from appliance.heartbeats import Beat
from appliance.manifest import ManifestError
from appliance.moments import SECOND, isoformat, to_datetime
from uploader import objects
from uploader.store import Store, close, open_store

_SITE = re.compile(r"(?P<contract>[A-Za-z0-9_-]{1,40})/(?P<epoch>[1-9]\d*)\Z", re.ASCII)
_DAYS = 3
"""How far back heartbeats are compared with one another."""
_MOST = 64 * 1024


def beats(store: Store, contract: str, epoch: int, now: int, problems: list[str], signer: str = "") -> Iterator[Beat]:
    """The heartbeats of the last days, and the last one however old. What is none is added to `problems`. Raises StoreError."""
    prefix = f"{objects.box_prefix(contract, epoch)}{papers.HEARTBEATS}/"
    keys = [stored.key for stored in store.list(prefix) if stored.size <= _MOST]
    since = f"{prefix}{to_datetime(now - _DAYS * 24 * 3600 * SECOND):%Y%m%dT%H%M%SZ}"
    for key in [key for key in keys if key >= since] or keys[-1:]:
        try:
            yield heartbeats.read(b"".join(store.read(key)), signer)
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
            problems += heartbeats.judge(heard, now, arguments.hours)
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
        told |= {name: getattr(last, name, None) for name in ("size", "waiting", "issues", "version", "serial")}
        print(json.dumps(told, ensure_ascii=False))
        return
    if last is not None:
        print(
            f"{site}: heard at {isoformat(last.at)[:16]}Z, {last.size} recordings, {last.waiting} wait, {last.issues} checks not content"
        )
    for problem in problems:
        print(f"{site}: {problem}", file=sys.stderr)
