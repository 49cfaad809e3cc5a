"""A sealed recording opened for listening: clear bytes at any place, never on a disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from appliance import manifest
from appliance.afar import open_afar
from appliance.box import Box
from appliance.calls import Recording
from appliance.errors import CouldNotError
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
        except CouldNotError as error:
            raise PlaybackError(f"the stored copy broke off: {error}") from error
        finally:
            self.close()

    def close(self) -> None:
        """Close the sealed file."""
        self.reader.close_below()


def open_recording(box: Box, recording: Recording, identities: list[Identity]) -> Opened:
    """Open a recording's local copy, or where that has gone, the stored one. Raises PlaybackError."""
    name = f"recording {recording.facts.recording}"
    if recording.erased_at is not None:
        raise PlaybackError(f"{name}: was erased everywhere; nothing of it is left")
    path = box.folders.recordings / recording.facts.file
    try:
        reader = _local(path, identities) or open_afar(box, recording, identities)
    except OSError as error:
        raise PlaybackError(f"{name}: cannot be read ({error.strerror}); check the disk") from error
    except SealedError as error:
        raise PlaybackError(f"{name}: {error}; look at the health page") from error
    except CouldNotError as error:
        raise PlaybackError(f"{name}: the local copy is gone; {error}") from error
    return Opened(reader, reader.size, MEDIA_TYPES.get(recording.facts.format, "application/octet-stream"))


def _local(path: Path, identities: list[Identity]) -> SealedReader | None:
    """None where there is no such file. Raises OSError or SealedError."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    try:
        return SealedReader(file, identities, newest_header(path))
    except SealedError:
        file.close()
        raise


def waveform(box: Box, recording: Recording, identities: list[Identity]) -> dict[str, Any]:
    """The outline and the marks kept in the sealed manifest, here or in the store; an empty one where that cannot be opened."""
    try:
        facts = manifest.decode(_manifest(box, recording, identities)).facts
    except (OSError, SealedError, CouldNotError, manifest.ManifestError, json.JSONDecodeError):
        return {"points": 0, "left": "", "right": "", "marks": [], "pauses": []}
    return {**cast(dict[str, Any], facts["waveform"]), "marks": facts.get("marks", []), "pauses": facts.get("pauses", [])}


def _manifest(box: Box, recording: Recording, identities: list[Identity]) -> bytes:
    path = box.folders.recordings / recording.facts.manifest
    if path.exists() or recording.expired_at is None:
        return open_sealed(path.read_bytes(), identities)
    reader = open_afar(box, recording, identities, manifest=True)
    try:
        return reader.read()
    finally:
        reader.close_below()
