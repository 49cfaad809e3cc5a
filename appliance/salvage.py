"""What a cut or damaged age file still holds: its authenticated beginning, and whether that is all of it.

Each 64 KiB chunk is sealed alone, so whatever lies before the cut (or before the first damaged byte) opens and is genuine; nothing behind
it is given out. A file that was cut exactly between two chunks lacks the mark of the last one, so that a cut is never taken for an end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from appliance.keys import Identity
from appliance.sealed import CHUNK, TAG, SealedError, chunk_cipher, open_chunk, read_header, unwrap


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What came of it."""

    size: int
    """Clear bytes, all of them authenticated."""
    cut: bool
    """Whether something is missing behind them."""


def salvage(file: IO[bytes], identities: Iterable[Identity], out: IO[bytes]) -> Salvaged:
    """Write the authenticated beginning of the sealed file to `out`. Raises SealedError where not even its header can be used."""
    file.seek(0)
    file_key = unwrap(read_header(file), identities)
    nonce = file.read(16)
    if len(nonce) != 16:
        return Salvaged(0, True)
    cipher, size, index = chunk_cipher(file_key, nonce), 0, 0
    piece = file.read(CHUNK + TAG)
    while piece:
        following = file.read(CHUNK + TAG)
        for last in (not following, bool(following)):
            try:
                clear = open_chunk(cipher, index, piece, last=last)
            except SealedError:
                continue
            out.write(clear)
            size += len(clear)
            break
        else:
            return Salvaged(size, True)
        if last:
            return Salvaged(size, bool(following))
        piece, index = following, index + 1
    return Salvaged(size, True)
