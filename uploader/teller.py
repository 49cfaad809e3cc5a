"""Tells people what the janitor has queued for them, through the configured channels, beside the sending of recordings.

A channel that is away holds up its own notices alone, and a store that is away none. What a server refuses for good is tried more
seldom, for its mend may come without a word to us; nothing is dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from types import ModuleType

from appliance import config, jobs, keys, registry
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import ApplianceError, ConfigError
from appliance.ledger import Ledger
from appliance.logs import Trouble
from appliance.moments import SECOND
from appliance.notices import JOB, Notice
from appliance.notify_settings import Channel
from appliance.records import NoticeSent
from uploader.channels import ChannelAgainError, ChannelError, ChannelRefusedError

PACKAGE = "uploader.channels"
SECRETS = "notify.secrets"
LEASE = 300 * SECOND
REFUSED_WAIT = 1800 * SECOND

log = logging.getLogger(__name__)


class Teller:
    """Tells the notices of one box."""

    def __init__(self, box: Box, ledger: Ledger, clock: Clock) -> None:
        self._box, self._ledger, self._clock = box, ledger, clock
        self._jobs = jobs.Jobs(ledger, jobs.holder("uploader"))
        self._jobs.release_dead(JOB)
        self._trouble = Trouble(log, clock.monotonic)

    def one(self) -> bool:
        """Tell the oldest notice that is due; returns whether there was one."""
        job = self._jobs.claim(JOB, self._clock.now(), LEASE)
        if job is None:
            return False
        notice = Notice.of(job.body)
        try:
            tell(self._box, notice)
        except ApplianceError as error:
            self._trouble.happened(f"channel {notice.channel}: {error}")
            wait = REFUSED_WAIT if not isinstance(error, ChannelAgainError) else None
            asked = error.wait if isinstance(error, ChannelAgainError) else None
            self._jobs.retry(job, self._clock.now(), str(error), wait=round(asked * SECOND) if asked else wait)
            return True
        sent = NoticeSent(at=self._clock.now(), channel=notice.channel, notice=notice.id, event=notice.event)
        self._jobs.finish(job, self._clock.now(), [sent])
        self._trouble.over("notices are taken again")
        return True


def tell(box: Box, notice: Notice) -> None:
    """Tell it through its channel. Raises ChannelError or ConfigError."""
    for place, channel in enumerate(box.config.notify.channels):
        if channel.name == notice.channel:
            module, options = read_options(box, place, channel)
            module.send(options, secret(box, channel.name), notice)
            return
    raise ChannelRefusedError("is no longer configured; its notices wait until it is, or until they are told to go")


def read_options(box: Box, place: int, channel: Channel) -> tuple[ModuleType, config.Options]:
    """The channel's module and its validated options. Raises ConfigError."""
    path = ("notify", "channels", place)
    try:
        module = registry.load(PACKAGE, channel.kind)
    except KeyError as error:
        raise box.source.problem((*path, "kind"), f"{error.args[0]}; choose one of them") from error
    return module, config.read_options(module.Options, channel.options, box.source, (*path, "options"))


def secret(box: Box, name: str) -> Mapping[str, str]:
    """What the box alone knows for this channel: its section of `keys/notify.secrets`, mode 0600. Raises ChannelError."""
    try:
        return keys.section(box.folders.keys / SECRETS, name)
    except ValueError as error:
        raise ChannelRefusedError(str(error)) from error


def try_all(box: Box, now: int) -> Iterable[tuple[Channel, ApplianceError | None]]:
    """A test notice through every channel, and what came of each."""
    site = box.config.site
    for channel in box.config.notify.channels:
        notice = Notice(
            id=f"{channel.name}/test/{now}", channel=channel.name, event="test", severity="notice", check="test", at=now,
            site=site.name or site.contract, serial=site.serial, subject=f"[{site.name or site.contract}] 通知テスト / test notice",
            text=f"{site.serial}: このボックスからの通知は届きます。\nNotices of this box arrive.",
        )  # fmt: skip
        try:
            tell(box, notice)
        except (ChannelError, ConfigError, keys.KeyFileError) as error:
            yield channel, error
        else:
            yield channel, None
