"""To whom recordings are sealed: the console's own key and every recipient of the configuration. Never to nobody.

Nor without those whom `must_open` names: a line that was lost from the configuration would shut out escrow for months before anybody
noticed. Calls wait on the spool until it is mended.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from appliance.config import Config
from appliance.folders import Folders
from appliance.keys import KeyFileError, Recipient, playback_recipient

log = logging.getLogger(__name__)


def recipients(config: Config, folders: Folders, now: int) -> list[Recipient]:
    """The recipients, the console's first. Raises KeyFileError where there would be none, or one is missing who must be among them.

    Where only the console's key is missing or damaged, the others (the customer's, escrow) still are recipients: recording goes on, the
    health page says what is wrong, and `appliance uploader keys rotate` lets the console listen again later.
    """
    named = [Recipient.parse(recipient.name, recipient.key) for recipient in config.recipients]
    try:
        own = playback_recipient(folders.keys, now)
    except KeyFileError as error:
        if not named:
            raise
        _refuse_without(config, named, f" ({error})")
        log.error("recordings are sealed to %s alone: %s", ", ".join(one.name for one in named), error)
        return named
    _refuse_without(config, [own, *named])
    return [own, *(recipient for recipient in named if recipient.public != own.public)]


def missing(config: Config, found: Iterable[Recipient]) -> list[str]:
    """Who must be able to open every recording and is not among these."""
    names = {one.name for one in found}
    return [name for name in config.must_open if name not in names]


def _refuse_without(config: Config, found: Iterable[Recipient], why: str = "") -> None:
    if absent := missing(config, found):
        raise KeyFileError(
            f"{', '.join(absent)} must be able to open every recording and has no key here{why}; add [[recipients]], or take the name from "
            "must_open. No recording is made until then, calls wait on the spool"
        )
