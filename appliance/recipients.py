"""To whom recordings are sealed: the console's own key and every recipient of the configuration. Never to nobody."""

from __future__ import annotations

import logging

from appliance.config import Config
from appliance.folders import Folders
from appliance.keys import KeyFileError, Recipient, playback_recipient

log = logging.getLogger(__name__)


def recipients(config: Config, folders: Folders, now: int) -> list[Recipient]:
    """The recipients, the console's first. Raises KeyFileError where there would be none: nothing is kept in clear instead.

    Where only the console's key is missing or damaged, the others (the customer's, escrow) still are recipients: recording goes on, the
    health page says what is wrong, and `appliance uploader keys rotate` lets the console listen again later.
    """
    named = [Recipient.parse(recipient.name, recipient.key) for recipient in config.recipients]
    try:
        own = playback_recipient(folders.keys, now)
    except KeyFileError as error:
        if not named:
            raise
        log.error("recordings are sealed to %s alone: %s", ", ".join(one.name for one in named), error)
        return named
    return [own, *(recipient for recipient in named if recipient.public != own.public)]
