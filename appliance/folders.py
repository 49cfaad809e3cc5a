"""Where things lie (design §3): one object that names every folder, so that no other file spells a path."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

SYSTEM_DATA = Path("/var/lib/appliance")
SYSTEM_RUN = Path("/run/appliance")
SYSTEM_CONFIG = Path("/etc/appliance/appliance.toml")


@dataclass(frozen=True, slots=True)
class Folders:
    """The tree of one box. Under `--data DIR` everything, the doorbells and keys too, lives below DIR."""

    data: Path
    run: Path
    keys: Path

    @classmethod
    def below(cls, data: Path) -> Folders:
        """All in one folder of the user's."""
        return cls(data=data, run=data / "run", keys=_credentials() or data / "keys")

    @classmethod
    def system(cls) -> Folders:
        """The folders of an installed box."""
        return cls(data=SYSTEM_DATA, run=SYSTEM_RUN, keys=_credentials() or SYSTEM_DATA / "keys")

    @property
    def ledger(self) -> Path:
        """The one database."""
        return self.data / "ledger.db"

    @property
    def spool(self) -> Path:
        """Streams being received."""
        return self.data / "spool"

    @property
    def recordings(self) -> Path:
        """Sealed recordings, by day."""
        return self.data / "recordings"

    @property
    def quarantine(self) -> Path:
        """What could not be understood, sealed."""
        return self.data / "quarantine"

    @property
    def checkpoints(self) -> Path:
        """Signed checkpoints of the chain."""
        return self.data / "checkpoints"

    @property
    def disclosures(self) -> Path:
        """Packages for persons, sealed, until they are fetched."""
        return self.data / "disclosures"

    @property
    def captures(self) -> Path:
        """Captures for diagnosis, for some days."""
        return self.data / "captures"

    @property
    def store(self) -> Path:
        """The embedded default's object store."""
        return self.data / "store"


def _credentials() -> Path | None:
    """Where systemd put this service's credentials (systemd.exec(5), LoadCredential)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None
