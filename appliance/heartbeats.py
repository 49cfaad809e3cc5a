"""Signs of life in the store: the box says every hour what it has, and the other side misses it when it falls silent (fault F40).

A heartbeat names the end of the chain, so that whoever reads several of one contract and epoch also sees what no box sees of itself: that
two boxes write under one name, or that one was put back to an old image.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from appliance import __version__, manifest, papers
from appliance.box import Box
from appliance.keys import SigningKey
from appliance.ledger import Ledger
from appliance.moments import SECOND, isoformat

KIND = "heartbeat"
SUBJECT = "heartbeat"
_HOUR = 3600 * SECOND


class Beat(NamedTuple):
    """What a box said of itself."""

    at: int
    size: int
    """Recordings in its chain."""
    head: str
    """The chain value of the last one."""
    waiting: int
    """Recordings that wait for the store."""
    issues: int
    """Health checks that are not content."""
    version: str
    serial: str
    public_key: str


def sign(box: Box, ledger: Ledger, key: SigningKey, now: int) -> bytes:
    """What this box has to say now."""
    site = box.config.site
    last = ledger.connection.execute(
        "SELECT sequence, json_extract(body, '$.chain') FROM recording ORDER BY sequence DESC LIMIT 1"
    ).fetchone()
    waiting = ledger.connection.execute("SELECT count(*) FROM job WHERE kind = 'upload' AND state != 'done'").fetchone()[0]
    opened = ledger.connection.execute(
        "SELECT count(*) FROM record WHERE kind = 'IssueOpened' AND id IN (SELECT max(id) FROM record WHERE kind IN "
        "('IssueOpened', 'IssueClosed') GROUP BY subject)"
    ).fetchone()[0]
    facts = {
        "contract": site.contract, "serial": site.serial, "epoch": site.epoch, "signed_at": now, "size": last[0] if last else 0,
        "head": last[1] if last else manifest.FIRST, "waiting": waiting, "issues": opened, "program": __version__,
    }  # fmt: skip
    return manifest.sign(facts, key, KIND).encode()


def queue(box: Box, ledger: Ledger, key: SigningKey, now: int) -> None:
    """Sign one and have it brought out."""
    document = sign(box, ledger, key, now)
    with ledger.transaction() as connection:
        papers.queue(connection, SUBJECT, papers.name(papers.HEARTBEATS, now, document), document, now)


def read(document: bytes, public_key: str = "") -> Beat:
    """The heartbeat in this document. Raises ManifestError."""
    signed = papers.read(document, KIND, public_key)
    facts = signed.facts
    try:
        return Beat(
            int(facts["signed_at"]), int(facts["size"]), str(facts["head"]), int(facts["waiting"]), int(facts["issues"]),
            str(facts["program"]), str(facts["serial"]), signed.public_key,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise manifest.ManifestError(f"is no heartbeat ({error!r})") from error


def judge(beats: Sequence[Beat], now: int, hours: float) -> Iterator[str]:
    """What is wrong with the box that these heartbeats came from, a sentence each."""
    ordered = sorted(beats)
    if not ordered:
        yield "has never been heard of"
        return
    silent = now - ordered[-1].at
    if silent > hours * _HOUR:
        yield f"has been silent for {silent / _HOUR:.1f} hours (last heard {isoformat(ordered[-1].at)[:16]}Z)"
    if len({beat.public_key for beat in ordered}) > 1 or len({beat.serial for beat in ordered}) > 1:
        yield "is two boxes: heartbeats bear two keys or serial numbers; give one of them another site.epoch"
    for before, after in itertools.pairwise(ordered):
        if after.size < before.size or (after.size == before.size and after.head != before.head):
            yield (
                f"went back from {before.size} recordings to {after.size} at {isoformat(after.at)[:16]}Z: an old image was put back, or "
                "two boxes have one identity; give it another site.epoch"
            )
            break
