"""To whom recordings are sealed: the console's own key and every recipient of the configuration. Never to nobody."""

from __future__ import annotations

from appliance.config import Config
from appliance.folders import Folders
from appliance.keys import Recipient, playback_recipient


def recipients(config: Config, folders: Folders, now: int) -> list[Recipient]:
    """The recipients, the console's first. Raises KeyFileError where its key cannot be read: nothing is kept in clear instead."""
    own = playback_recipient(folders.keys, now)
    named = [Recipient.parse(recipient.name, recipient.key) for recipient in config.recipients]
    return [own, *(recipient for recipient in named if recipient.public != own.public)]
