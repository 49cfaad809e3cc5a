"""A recording whose local copy is gone, opened from where it is stored: by whoever offers it (entry points `appliance.players`).

Rooms know no wing; what reaches the store is the uploader's, and found here by name.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

from appliance.box import Box
from appliance.calls import Recording
from appliance.errors import CouldNotError
from appliance.keys import Identity
from appliance.sealed import SealedReader

GROUP = "appliance.players"


def open_afar(box: Box, recording: Recording, identities: Iterable[Identity], *, manifest: bool = False) -> SealedReader:
    """The clear bytes of the stored recording, or of its manifest, at any place. Raises CouldNotError or SealedError."""
    if recording.key is None:
        raise CouldNotError("it was not stored yet, look at the health page")
    why = "no part of this program reaches the store"
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            found: SealedReader = entry.load()(box, recording.key, identities, manifest=manifest)
        except CouldNotError as error:
            why = str(error)
        else:
            return found
    raise CouldNotError(f"it is stored as {recording.key} ({why})")
