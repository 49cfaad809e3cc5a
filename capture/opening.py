"""One sealed recording as a WAV file: decrypted with an identity that the caller has, decoded, both channels."""

from __future__ import annotations

from pathlib import Path
from typing import IO, cast

from appliance import keys, registry, shelf
from appliance.box import Box
from appliance.errors import CouldNotError, UsageError
from appliance.keys import Identity
from appliance.ledger import Ledger
from appliance.lookup import get_recording
from appliance.sealed import SealedError, SealedReader
from capture.formats import FormatError
from capture.formats._sound import Writer


def open_recording(box: Box, name: str, output: Path, key_file: Path | None) -> float:
    """Write the recording of this id (or of this call) to `output` as 16-bit PCM WAV; returns its seconds.

    Raises UsageError where there is no such recording, CouldNotError where it cannot be opened.
    """
    with Ledger.open(box.folders.ledger, readonly=True) as ledger:
        recording = get_recording(ledger.connection, name)
    if recording is None:
        raise UsageError(f"{name}: there is no such recording; `appliance recordings` lists them")
    if output.is_dir():
        raise UsageError(f"-o {output}: is a folder; name a file")
    path = box.folders.recordings / recording.facts.file
    identities = keys.load_identities(key_file) if key_file else keys.identities_in(box.folders.keys)
    try:
        with path.open("rb") as sealed:
            return _decode(sealed, identities, recording.facts.format, output)
    except FileNotFoundError as error:
        where = f"; it is stored as {recording.key}" if recording.key else ""
        raise CouldNotError(f"recording {recording.facts.recording}: the local copy is gone{where}") from error
    except (SealedError, FormatError) as error:
        raise CouldNotError(
            f"recording {recording.facts.recording}: {error}; name a key with --identity, or try the stored copy"
        ) from error


def _decode(sealed: IO[bytes], identities: list[Identity], form: str, output: Path) -> float:
    clear = cast(IO[bytes], SealedReader(sealed, identities))
    rate, pieces = registry.load("capture.formats", form).decode(clear)
    samples = 0
    with shelf.create(output, mode=0o600) as file:
        wav = Writer(file, rate, "WAV")
        for piece in pieces:
            wav.write(piece)
            samples += len(piece)
        wav.close()
    return samples / int(rate)
