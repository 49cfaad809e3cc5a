"""What callers record in a flow: a message for the office is sealed and kept, a prompt becomes a sound of the box's own.

Asterisk's own copy goes once ours is durable: it is taken over HTTP, the one thing that is.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from appliance import sealed, shelf
from appliance.box import Box
from appliance.clock import Clock
from appliance.errors import CouldNotError
from appliance.recipients import recipients
from ivr_flows import prompt_folder
from ivr_flows.ari import Connection, download
from ivr_flows.ari_models.recordings import StoredRecording
from ivr_flows.effects import Record

PROMPT = "prompt"

log = logging.getLogger(__name__)


class Keepsakes:
    """Where recordings by telephone go."""

    def __init__(self, box: Box, clock: Clock) -> None:
        self._box, self._clock = box, clock

    async def keep(self, connection: Connection, call: str, flow: str, name: str, what: Record) -> None:
        """Take the recording `name` from Asterisk; where that fails it stays there, and it is said."""
        try:
            sound = await download(connection.access, name)
            path = await asyncio.to_thread(self._write, sound, call, flow, what)
            await StoredRecording(connection, name).delete_stored()
        except CouldNotError as error:
            log.error("the recording %s of flow %s stays at Asterisk's: %s", name, flow, error)
        else:
            log.info("flow %s: %s is kept", flow, path.name)

    def _write(self, sound: bytes, call: str, flow: str, what: Record) -> Path:
        folders = self._box.folders
        if what.kind == PROMPT:
            path = prompt_folder.own(folders.data) / f"{what.name}.wav"
            shelf.write(path, sound)
            return path
        whom = recipients(self._box.config, folders, self._clock.now())
        path = folders.data / "messages" / flow / f"{call}-{what.name}.wav.age"
        shelf.write(path, sealed.seal(sound, whom))
        return path
