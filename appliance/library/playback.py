"""A sealed recording opened for listening: clear bytes at any place, never on a disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from appliance import manifest
from appliance.calls import Recording
from appliance.errors import CouldNotError
from appliance.folders import Folders
from appliance.keys import Identity
from appliance.sealed import SealedError, SealedReader, newest_header, open_sealed

MEDIA_TYPES = {"flac": "audio/flac", "opus": 'audio/ogg; codecs="opus"'}
_PIECE = 64 * 1024


class PlaybackError(CouldNotError):
    """The recording cannot be heard here and now."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A recording that can be read."""

    reader: SealedReader
    size: int
    media_type: str

    def pieces(self, begin: int, end: int) -> Iterator[bytes]:
        """Clear bytes [begin, end); the file is closed at the end. Raises PlaybackError where it was changed."""
        try:
            self.reader.seek(begin)
            left = end - begin
            while left > 0 and (piece := self.reader.read(min(left, _PIECE))):
                left -= len(piece)
                yield piece
        except SealedError as error:
            raise PlaybackError(f"the recording {error}; try the stored copy") from error
        finally:
            self.close()

    def close(self) -> None:
        """Close the sealed file."""
        self.reader.close_below()


def open_recording(folders: Folders, recording: Recording, identities: list[Identity]) -> Opened:
    """Open a recording's local copy. Raises PlaybackError."""
    if recording.erased_at is not None:
        raise PlaybackError(f"recording {recording.facts.recording}: was erased everywhere; nothing of it is left")
    path = folders.recordings / recording.facts.file
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        where = f"it is stored as {recording.key}" if recording.key else "it was not stored yet, look at the health page"
        raise PlaybackError(f"recording {recording.facts.recording}: the local copy is gone; {where}") from error
    except OSError as error:
        raise PlaybackError(f"recording {recording.facts.recording}: cannot be read ({error.strerror}); check the disk") from error
    try:
        reader = SealedReader(file, identities, newest_header(path))
    except SealedError as error:
        file.close()
        raise PlaybackError(f"recording {recording.facts.recording}: {error}; look at the health page") from error
    return Opened(reader, reader.size, MEDIA_TYPES.get(recording.facts.format, "application/octet-stream"))


def waveform(folders: Folders, recording: Recording, identities: list[Identity]) -> dict[str, Any]:
    """The outline and the marks kept in the sealed manifest; an empty one where that cannot be opened."""
    path = folders.recordings / recording.facts.manifest
    try:
        facts = manifest.decode(open_sealed(path.read_bytes(), identities)).facts
    except (OSError, SealedError, manifest.ManifestError, json.JSONDecodeError):
        return {"points": 0, "left": "", "right": "", "marks": [], "pauses": []}
    return {**cast(dict[str, Any], facts["waveform"]), "marks": facts.get("marks", []), "pauses": facts.get("pauses", [])}
