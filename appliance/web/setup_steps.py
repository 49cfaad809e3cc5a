"""The steps of setting a box up, in order: of each what is wrong, in words, and how it is mended. A step without an error is done.

All of it is read from rows, heartbeats and files, and nothing is asked of the wire: what the mirror carries is what the tap told last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from appliance import hardware, recipients
from appliance.box import Box
from appliance.errors import CouldNotError
from appliance.ledger import Ledger
from appliance.moments import SECOND
from appliance.notices import JOB as NOTICE
from appliance.records import Commissioned, Heartbeat, NoticeSent, StoreProbed
from appliance.words import N_, Text

FRESH = 60 * SECOND
DAY = 24 * 3600 * SECOND
LATELY = 30
"""So many calls of late say how the line is."""


class Trouble(NamedTuple):
    """Something that is wrong, and its mend."""

    severity: str
    """`error`: the step is not done; `warning`: it may be meant so."""
    what: Text
    mend: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the mirror carries, as far as the tap and the calls of late tell."""

    interface: str
    heard: bool
    """Whether the recorder runs."""
    frames: int = 0
    sip: int = 0
    rtp: int = 0
    dropped: int = 0
    calls: int = 0
    last_frame_at: int | None = None
    codecs: tuple[str, ...] = ()
    two_sided: int = 0
    one_sided: int = 0
    peers: tuple[str, ...] = ()
    inbound: int = 0
    anonymous: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step with what is wrong in it."""

    id: str
    title: str
    troubles: tuple[Trouble, ...] = field(default=())

    @property
    def done(self) -> bool:
        """Whether nothing of it keeps the box from its work."""
        return not any(trouble.severity == "error" for trouble in self.troubles)


def steps(box: Box, ledger: Ledger, now: int) -> list[Step]:
    """Every step, in the order in which they depend on one another."""
    return [Step(id=name, title=title, troubles=tuple(find(box, ledger, now))) for name, (title, find) in STEPS.items()]


def interfaces() -> list[str]:
    """The machine's network interfaces, but for its own loop."""
    try:
        return sorted(path.name for path in Path("/sys/class/net").iterdir() if path.name != "lo")
    except OSError:
        return []


def picture(box: Box, ledger: Ledger, now: int) -> Picture:
    """What the mirror carries now."""
    beat = next((one for one in ledger.heartbeats() if one.service == "capture"), None)
    facts = [json.loads(row[0]) for row in ledger.connection.execute(_RECORDED, (now - DAY, LATELY))]
    callers = [row[0] for row in ledger.connection.execute(_INBOUND, (LATELY,))]
    told: dict[str, Any] = dict(beat.detail) if beat is not None else {}
    one_sided = sum(bool(one.get("one_sided")) for one in facts)
    return Picture(
        interface=box.config.capture.interface or str(told.get("interface", "")), heard=_lives(beat, now),
        **{name: int(told.get(name) or 0) for name in ("frames", "sip", "rtp", "dropped", "calls")},
        last_frame_at=told.get("last_frame_at"), codecs=tuple(sorted({name for one in facts for name in one.get("codecs", ())})),
        two_sided=len(facts) - one_sided, one_sided=one_sided, peers=tuple(told.get("peers", ())),
        inbound=len(callers), anonymous=sum(not caller for caller in callers),
    )  # fmt: skip


_RECORDED = "SELECT body FROM recording WHERE started_at > ? ORDER BY started_at DESC LIMIT ?"
_INBOUND = "SELECT caller FROM call WHERE direction = 'inbound' ORDER BY started_at DESC LIMIT ?"
_UNNAMED = (
    "SELECT called, count(*) FROM call WHERE direction = 'inbound' AND line IS NULL AND called != '' AND started_at > ? "
    "GROUP BY called ORDER BY count(*) DESC LIMIT 10"
)


def unnamed(box: Box, ledger: Ledger, now: int) -> list[str]:
    """Numbers that were called of late and are no named line."""
    rows = ledger.connection.execute(_UNNAMED, (now - 30 * DAY,))
    return [row[0] for row in rows if box.config.line(row[0]) is None]


def _lives(beat: Heartbeat | None, now: int) -> bool:
    return beat is not None and beat.state == "ok" and now - beat.at < FRESH


def _error(what: str, mend: str, **values: str | int | float) -> Trouble:
    return Trouble("error", Text(what, values), Text(mend, values))


def _warning(what: str, mend: str, **values: str | int | float) -> Trouble:
    return Trouble("warning", Text(what, values), Text(mend, values))


def _network(box: Box, ledger: Ledger, now: int) -> Iterator[Trouble]:
    seen = picture(box, ledger, now)
    if not seen.interface:
        yield _error(N_("No mirror port is chosen."), N_("Choose the interface that the switch's mirror port is plugged into."))
        return
    if not seen.heard:
        yield _error(
            N_("The recorder does not run."), N_("It begins by itself once the mirror port is saved: journalctl -u appliance-capture")
        )  # fmt: skip
        return
    if not seen.frames:
        yield _error(
            N_("Nothing at all arrives at the mirror port."),
            N_("Look at the cable, and set the switch's mirror session (SPAN) with this port as its destination."),
        )
    elif not seen.sip and not seen.rtp:
        yield _error(
            N_("Traffic arrives, but no telephone's: neither SIP nor RTP."),
            N_("Mirror the port of the telephone exchange or of the line's router, and make a call meanwhile."),
        )
    elif not seen.sip:
        yield _error(
            N_("Speech is seen, but no signalling: nobody can tell whose it is."),
            N_("Mirror the port of the telephone exchange too; encrypted signalling (TLS) cannot be read."),
        )
    if seen.one_sided > seen.two_sided:
        yield _error(
            N_("Speech is seen in one direction only."), N_("Mirror what the port receives and what it sends (rx and tx, or both).")
        )
    if seen.inbound >= 3 and seen.anonymous == seen.inbound:
        yield _warning(
            N_("All callers are anonymous."), N_("Is ナンバーディスプレイ contracted? The exchange may have to pass it on, too.")
        )  # fmt: skip
    if seen.dropped:
        yield _warning(
            N_("%(count)d frames were lost in the box."), N_("Mirror only what telephones say, or enlarge capture.ring_megabytes."),
            count=seen.dropped,
        )  # fmt: skip


def _lines(box: Box, ledger: Ledger, now: int) -> Iterator[Trouble]:
    if not box.config.lines:
        yield _error(N_("No line has a name."), N_("Write the site's numbers with the names that people use."))
    if missing := unnamed(box, ledger, now):
        yield _warning(
            N_("These numbers are called and have no name: %(numbers)s."), N_("Add them, or leave them if they are somebody else's."),
            numbers=", ".join(missing),
        )  # fmt: skip


def _recording(box: Box, ledger: Ledger, now: int) -> Iterator[Trouble]:
    if box.config.lines and not any(line.record for line in box.config.lines):
        yield _error(N_("No line is recorded."), N_("Tick those that shall be, on the page of the lines."))


def _keys(box: Box, ledger: Ledger, now: int) -> Iterator[Trouble]:
    if not box.config.recipients:
        yield _error(
            N_("Nobody but this box can open its recordings: if it is lost, they are."),
            N_("Make a key pair on a PC (appliance uploader keys new), and give its public half here."),
        )
    try:
        recipients.recipients(box.config, box.folders, now)
    except CouldNotError as error:
        yield _error(
            N_("No recording can be made: %(why)s"), N_("Correct the names under must_open, or add the key."), why=str(error)
        )


def _store(box: Box, ledger: Ledger, now: int) -> Iterator[Trouble]:
    row = ledger.latest(StoreProbed)
    last = ledger.connection.execute(
        "SELECT state, last_error FROM job WHERE kind = 'canary' ORDER BY created_at DESC LIMIT 1"
    ).fetchone()
    if last is not None and last["state"] in ("ready", "parked") and last["last_error"]:
        yield _error(
            N_("The store cannot be used: %(why)s"),
            N_("Correct its settings or its credentials, and test again."),
            why=last["last_error"],
        )
    elif row is None or (isinstance(row.record, StoreProbed) and row.record.store != box.config.store.kind):
        yield _error(N_("The store was not tried yet."), N_("Test it: a small object is written, read back and compared."))
    elif isinstance(row.record, StoreProbed):
        for problem in row.record.problems:
            yield _error(N_("The store: %(why)s"), N_("Correct its settings or its credentials, and test again."), why=problem)
    if box.config.store.kind == "folder" and "path" not in box.config.store.options:
        yield _warning(N_("Recordings stay on this box's own disk."), N_("Choose a NAS or an object store, unless that is meant."))


def _time(box: Box, ledger: Ledger, now: int) -> Iterator[Trouble]:
    facts = hardware.read(box.folders)
    if facts is None or now - facts.at > 3600 * SECOND or facts.synchronised is None:
        yield _warning(
            N_("Nobody knows whether the clock is right."),
            N_("chrony tells it once a machine of its own runs the box: chronyc tracking."),
        )
    elif not facts.synchronised:
        yield _error(
            N_("The clock follows no time server."), N_("Name servers that the office's firewall lets through (NTP, UDP 123).")
        )
    elif abs(facts.offset_s or 0.0) >= 1.0:
        yield _error(
            N_("The clock is off by %(seconds).1f s."),
            N_("Wait a few minutes; chrony brings it back."),
            seconds=facts.offset_s or 0.0,
        )


def _notices(box: Box, ledger: Ledger, now: int) -> Iterator[Trouble]:
    if not box.config.notify.channels:
        yield _warning(N_("Nobody is told of troubles."), N_("Add a mail address or a chat, unless the customer wants none."))
    for channel in box.config.notify.channels:
        waits = ledger.connection.execute(
            "SELECT last_error FROM job WHERE kind = ? AND state != 'done' AND id LIKE ? ORDER BY created_at DESC LIMIT 1",
            (NOTICE, f"{NOTICE}:{channel.name}/%"),
        ).fetchone()
        if waits is not None and waits["last_error"]:
            yield _error(
                N_("%(name)s takes nothing: %(why)s"),
                N_("Correct the channel and test again."),
                name=channel.name,
                why=waits["last_error"],
            )
        elif ledger.latest(NoticeSent, channel.name) is None:
            yield _error(N_("%(name)s was never tried."), N_("Send a test message."), name=channel.name)


def _users(box: Box, ledger: Ledger, now: int) -> Iterator[Trouble]:
    lasting = ledger.connection.execute("SELECT count(*) FROM account WHERE NOT one_time AND NOT disabled").fetchone()[0]
    if not lasting:
        yield _error(N_("Nobody has chosen a password yet."), N_("Sign in with the one-time password, and choose one."))
    elif lasting < 2:
        yield _warning(N_("Only one person can sign in."), N_("Make an account for each person; nobody shares one."))


def _opening(box: Box, ledger: Ledger, now: int) -> Iterator[Trouble]:
    row = ledger.latest(Commissioned)
    if row is None:
        yield _error(N_("The opening test was not made yet."), N_("Make it last: the service starts on the day that it passes."))
    elif isinstance(row.record, Commissioned) and not row.record.passed:
        yield _error(N_("The opening test did not pass."), N_("Its report says what is missing; mend it and test again."))


Find = Callable[[Box, Ledger, int], Iterator[Trouble]]
STEPS: dict[str, tuple[str, Find]] = {
    "network": (N_("Network and mirror port"), _network),
    "lines": (N_("Lines and their names"), _lines),
    "recording": (N_("What is recorded"), _recording),
    "keys": (N_("Keys: who can open"), _keys),
    "store": (N_("Object store"), _store),
    "time": (N_("Time"), _time),
    "notices": (N_("Notices"), _notices),
    "people": (N_("Users"), _users),
    "opening": (N_("Opening test"), _opening),
}
