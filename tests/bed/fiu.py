"""System calls that fail as they are told to, in one process: libfiu, Debian's, unpacked and not installed."""

from __future__ import annotations

import errno
import os

from tests.bed.unpacked import unpacked

PACKAGES = ("fiu-utils", "libfiu0")


def failing(*points: str, code: int = errno.EIO, chance: float = 1.0) -> dict[str, str]:
    """The environment of a process in which these calls (`posix/io/sync/fsync`) fail with this error. Raises UnavailableError."""
    root = unpacked("fiu", *PACKAGES)
    preloads = [str(next(root.rglob(name))) for name in ("fiu_run_preload.so", "fiu_posix_preload.so")]
    library = next(root.rglob("libfiu.so.0"))
    how = "enable" if chance >= 1 else "enable_random"
    odds = "" if chance >= 1 else f",probability={chance}"
    enabled = "\n".join(f"{how} name={point},failinfo={code}{odds}" for point in points)
    return {**os.environ, "LD_PRELOAD": " ".join(preloads), "LD_LIBRARY_PATH": str(library.parent), "FIU_ENABLE": enabled}
